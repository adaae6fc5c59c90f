"""Messages, what they said before, and whom they mention. Monthly partitions, by their id."""

from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.expressions import RawSQL

from core.audit.declared import Audited
from core.partitions.monthly import Monthly, MonthlyManager
from core.tenancy.models import TenantForeignKey, TenantModel
from messaging.models.partitioning import ByMessage
from messaging.models.threads import Thread
from permissions.models import User

BODY_LENGTH_MAX = 20_000
#: Messages with files. Written out, because a parameter in its place would not be known to be the
#: condition of the index.
FILED: Any = RawSQL("attachments <> '[]'::jsonb", [], output_field=models.BooleanField())


class Message(Monthly, TenantModel):
    """What somebody said. Its id is later than that of every message before it in the thread.

    Deleted softly: the row stays, its text is gone. `reply_to_id` has no foreign key,
    because a partition of messages that were replied to must be droppable.
    """

    thread = TenantForeignKey(Thread, models.CASCADE, related_name="messages")
    sender = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    body = models.TextField(max_length=BODY_LENGTH_MAX, blank=True)
    reply_to_id = models.UUIDField(null=True)
    #: A list of {name, content_type, size, key}; the files are kept elsewhere.
    attachments = models.JSONField(default=list)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    search = models.GeneratedField(
        expression=SearchVector("body", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    audited = Audited(masked=("body", "attachments"), ignored=("search",), inserts=False)
    objects: ClassVar[MonthlyManager] = MonthlyManager()

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "thread", "-id"], name="messaging_message_thread"),
            models.Index(
                fields=["tenant", "thread", "-id"],
                name="messaging_message_live",
                condition=models.Q(deleted_at=None),
            ),
            models.Index(fields=["tenant", "sender", "-id"], name="messaging_message_sender"),
            GinIndex(fields=["tenant", "search"], name="messaging_message_search"),
            models.Index(
                fields=["tenant", "thread", "-id"],
                name="messaging_message_filed",
                condition=models.Q(FILED),
            ),
            GinIndex(fields=["tenant", "attachments"], name="messaging_message_files"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class MessageRevision(ByMessage, TenantModel):
    """What a message said before it was edited or deleted."""

    message = TenantForeignKey(Message, models.PROTECT, related_name="revisions")
    body = models.TextField()
    attachments = models.JSONField(default=list)
    replaced_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False
    )
    replaced_at = models.DateTimeField()

    audited = Audited(masked=("body", "attachments"), inserts=False)
    objects: ClassVar[MonthlyManager] = MonthlyManager()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "message"], name="messaging_revision_message")]

    def __str__(self) -> str:
        return f"of {self.message_id}"


class Mention(ByMessage, TenantModel):
    """Somebody was named in a message: `@` in its text, resolved when it was sent."""

    message = TenantForeignKey(Message, models.PROTECT, related_name="mentions")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)

    audited = Audited(inserts=False)
    objects: ClassVar[MonthlyManager] = MonthlyManager()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "message", "user"], name="messaging_mention_once"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "user", "-message"], name="messaging_mention_user")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.message_id}"
