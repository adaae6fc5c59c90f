"""Threads, and who takes part in them."""

from uuid import UUID

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models

from core.audit.declared import Audited
from core.tenancy.models import TenantForeignKey, TenantModel
from permissions.models import User

SUBJECT_LENGTH_MAX = 200
#: How much older a place in the inbox may be than the thread's last message: in a lively talk most
#: messages write no row but the sender's.
SLACK_SECONDS = 60


def is_stale(activity_id: UUID | None, message_id: UUID) -> bool:
    """Whether a place in the inbox is too old, once this message is the thread's last."""
    if activity_id is None:
        return False
    return (message_id.int >> 80) - (activity_id.int >> 80) >= SLACK_SECONDS * 1000


class ThreadKind(models.TextChoices):
    DIRECT = "direct", "Direct"
    GROUP = "group", "Group"
    RECORD = "record", "About a record"


class Visibility(models.TextChoices):
    """Decided when a thread begins, and never changed: the two do not mix."""

    INTERNAL = "internal", "Internal"
    EXTERNAL = "external", "External"


class Thread(TenantModel):
    """A conversation. Its last message is written with each message, under the thread's lock."""

    kind = models.CharField(max_length=10, choices=ThreadKind.choices)
    visibility = models.CharField(max_length=10, choices=Visibility.choices)
    subject = models.CharField(max_length=SUBJECT_LENGTH_MAX, blank=True)
    #: `app.model` and id of the record that it is about.
    record_type = models.CharField(max_length=60, blank=True)
    record_id = models.UUIDField(null=True)
    #: Of a direct thread: its two people's ids in order, so that they have one thread.
    pair = models.CharField(max_length=73, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    #: No foreign key: the message's partition may be archived and dropped.
    last_message_id = models.UUIDField(null=True)
    last_message_at = models.DateTimeField(null=True)
    #: How many messages were sent in it, ever; imported ones do not count.
    sent = models.BigIntegerField(default=0, db_default=0)
    #: From a cursor before this message what is unread must be counted, because something after it
    #: was deleted or imported; from any later one it is the difference of two `sent`.
    counted_from_id = models.UUIDField(null=True)
    is_closed = models.BooleanField(default=False)
    version = models.BigIntegerField(default=1)

    audited = Audited(
        ignored=("last_message_id", "last_message_at", "sent", "counted_from_id", "version")
    )

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="record", record_id__isnull=False)
                | (~models.Q(kind="record") & models.Q(record_id__isnull=True)),
                name="messaging_thread_record",
            ),
            models.UniqueConstraint(
                fields=["tenant", "pair", "visibility"],
                condition=models.Q(kind="direct"),
                name="messaging_thread_one_direct",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "record_id"], name="messaging_thread_record_idx"),
            GinIndex(
                models.F("tenant"),
                OpClass("subject", name="gin_trgm_ops"),
                name="messaging_thread_subject",
            ),
        ]

    def __str__(self) -> str:
        return self.subject or str(self.id)


class ParticipantRole(models.TextChoices):
    OWNER = "owner", "Owner"
    MEMBER = "member", "Member"
    #: Somebody from outside of the company: in external threads only.
    GUEST = "guest", "Guest"


class Participant(TenantModel):
    """Somebody in a thread, and how far he has read: one row, whatever the number of messages."""

    thread = TenantForeignKey(Thread, models.CASCADE, related_name="participants")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=10, choices=ParticipantRole.choices)
    #: Everything up to and with this message; empty before the first.
    last_read_id = models.UUIDField(null=True)
    last_read_at = models.DateTimeField(null=True)
    #: The thread's `sent` when the cursor was put there; empty where nobody knows.
    sent_read = models.BigIntegerField(null=True)
    #: He sees only what comes after this message; empty shows him everything. An id rather
    #: than a moment, because clocks differ and ids are in the order of the messages.
    sees_after_id = models.UUIDField(null=True)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    is_muted = models.BooleanField(default=False)
    #: A message not a minute older than the thread's last, so that an inbox is an index. Empty
    #: where the thread must be asked: until its next message, and where too many take part.
    activity_id = models.UUIDField(null=True)

    audited = Audited(ignored=("last_read_id", "last_read_at", "sent_read", "activity_id"))

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "thread", "user"], name="messaging_participant_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "user", "-activity_id"],
                name="messaging_participant_inbox",
                condition=models.Q(left_at=None),
            ),
            models.Index(
                fields=["tenant", "user"],
                name="messaging_participant_outside",
                condition=models.Q(role="guest", left_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.thread_id}"
