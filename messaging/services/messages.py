"""Messages: sent, edited with their history, deleted softly."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Value
from django.db.models.functions import Greatest

from core.errors import FieldError, Invalid, NotFound, require
from core.ids import uuid7
from core.jobs import outbox
from core.jobs.outbox import outbox_row
from core.json import dumps
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_cursor, tenant_row
from messaging.errors import MessageDeleted, NotAuthor, ThreadClosed
from messaging.events import MessageDeleted as MessageDeletedEvent
from messaging.events import MessageEdited, MessageSent
from messaging.models import Mention, Message, MessageRevision, Participant, ParticipantRole, Thread
from messaging.models.messages import BODY_LENGTH_MAX
from messaging.models.threads import is_stale
from messaging.services.access import message_lock, open_message_lock

SQL = Path(__file__).parent / "sql"
LOCK_SQL = (SQL / "message_lock.sql").read_text(encoding="utf-8")
INSERT_SQL = (SQL / "message_insert.sql").read_text(encoding="utf-8")
TELL_SQL = (SQL / "inboxes_tell.sql").read_text(encoding="utf-8")

#: People of a thread whose inboxes are told that something is said; larger threads are asked.
TOLD_MAX = 50
ATTACHMENTS_MAX = 20
MENTIONS_MAX = 50
ATTACHMENT_FIELDS = {"name", "content_type", "size", "key"}

Attachment = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MessageInput:
    """What somebody wants to say. `attachments` are {name, content_type, size, key}."""

    body: str
    reply_to_id: UUID | None = None
    attachments: Sequence[Attachment] = ()
    mentions: Sequence[UUID] = field(default_factory=tuple)


class Place(NamedTuple):
    """A thread locked for one more message, and what was asked about it."""

    is_closed: bool
    last_message_id: UUID | None
    sent: int
    answers_known: bool
    mentionable: list[UUID] | None
    #: How the inboxes of the thread stand, and whether they have to learn of it for the first time.
    activity_id: UUID | None
    are_untold: bool


@command
def message_send(ctx: Context, *, thread_id: UUID, message: MessageInput) -> UUID:
    """Say something in a thread; returns the message's id.

    The thread is locked from the choice of the id to the commit, so within a thread
    ids are in the order in which messages appear. Two statements, however long it is; a
    third once in a minute, for the inboxes.
    """
    mentions = list(dict.fromkeys(message.mentions))
    place = _place(ctx, thread_id, message, mentions)
    _require_sayable(message)
    require(not place.is_closed, ThreadClosed())
    known = Invalid.field("reply_to_id", "There is no such message in this thread.")
    require(place.answers_known, known)
    _require_mentionable(mentions, place.mentionable)
    message_id = _id_after(place.last_message_id)
    event = outbox_row(ctx, MessageSent(thread_id, message_id))
    with tenant_cursor() as cursor:
        cursor.execute(
            INSERT_SQL,
            {
                "tenant": ctx.tenant_id,
                "thread": thread_id,
                "sender": ctx.acting_user,
                "message": message_id,
                "body": message.body,
                "reply_to": message.reply_to_id,
                "attachments": dumps(list(message.attachments)).decode(),
                "sent": place.sent + 1,
                "now": ctx.now,
                "request_id": ctx.request_id,
                "event": event.id,
                "event_name": event.name,
                "payload": dumps(event.payload).decode(),
            },
        )
    if place.are_untold or is_stale(place.activity_id, message_id):
        _tell(ctx, thread_id, message_id)
    if mentions:
        Mention.objects.bulk_create(Mention(message_id=message_id, user_id=u) for u in mentions)
    return message_id


@command
def message_edit(ctx: Context, *, message_id: UUID, values: dict[str, Any]) -> None:
    """Change one's own message: `body`, `attachments`, `mentions`; what it said is kept."""
    message = open_message_lock(ctx, message_id)
    require(message.sender_id == ctx.acting_user, NotAuthor())
    mentions = values.get("mentions")
    said = MessageInput(
        values.get("body", message.body),
        attachments=values.get("attachments", message.attachments),
        mentions=mentions or (),
    )
    _require_sayable(said)
    if (said.body, list(said.attachments)) != (message.body, message.attachments):
        _keep(ctx, message)
        message.body, message.attachments = said.body, list(said.attachments)
        message.edited_at = ctx.now
        message.save(update_fields=["body", "attachments", "edited_at"])
    if mentions is not None:
        _mention_instead(message, list(dict.fromkeys(mentions)))
    outbox.announce(ctx, MessageEdited(message.thread_id, message.id))


@command
def message_delete(ctx: Context, *, message_id: UUID) -> None:
    """Take back one's own message, or as an owner of the thread anybody's.

    Its text is gone from the message and from the search; the history keeps it.
    """
    try:
        message, me = message_lock(ctx, message_id)
    except MessageDeleted:
        return  # deleting again is no error
    is_mine = message.sender_id == ctx.acting_user
    require(is_mine or me.role == ParticipantRole.OWNER, NotAuthor())
    _keep(ctx, message)
    message.body, message.attachments, message.deleted_at = "", [], ctx.now
    message.save(update_fields=["body", "attachments", "deleted_at"])
    Thread.objects.filter(pk=message.thread_id).update(
        counted_from_id=Greatest("counted_from_id", Value(message.id))
    )
    outbox.announce(ctx, MessageDeletedEvent(message.thread_id, message.id))


def _place(ctx: Context, thread_id: UUID, message: MessageInput, mentions: Sequence[UUID]) -> Place:
    """Lock the thread and the sender in it; NotFound where he does not take part."""
    row = tenant_row(
        LOCK_SQL.format(told=TOLD_MAX),
        {
            "tenant": ctx.tenant_id,
            "thread": thread_id,
            "sender": ctx.acting_user,
            "reply_to": message.reply_to_id,
            "mentions": list(mentions),
        },
    )
    if row is None:
        raise NotFound
    return Place(*row)


def _tell(ctx: Context, thread_id: UUID, message_id: UUID) -> None:
    """The thread comes up in the inboxes of those who take part, unless they are too many."""
    with tenant_cursor() as cursor:
        cursor.execute(
            TELL_SQL.format(told=TOLD_MAX),
            {"tenant": ctx.tenant_id, "thread": thread_id, "message": message_id},
        )


def _id_after(last: UUID | None) -> UUID:
    """An id of now, or right after `last` where the clock of another machine was ahead."""
    fresh = uuid7()
    return fresh if last is None or fresh > last else UUID(int=last.int + 1)


def _require_sayable(message: MessageInput) -> None:
    """Something is said or attached, and not too much of it."""
    if not message.body.strip() and not message.attachments:
        raise Invalid.field("body", "Say something, or attach a file.")
    if len(message.body) > BODY_LENGTH_MAX:
        raise Invalid.field("body", f"At most {BODY_LENGTH_MAX} characters.")
    if len(message.attachments) > ATTACHMENTS_MAX:
        raise Invalid.field("attachments", f"At most {ATTACHMENTS_MAX}.")
    if len(message.mentions) > MENTIONS_MAX:
        raise Invalid.field("mentions", f"At most {MENTIONS_MAX}.")
    for position, attachment in enumerate(message.attachments):
        if set(attachment) != ATTACHMENT_FIELDS:
            name = f"attachments.{position}"
            raise Invalid(
                "name, content_type, size and key.",
                fields=[FieldError(name, "name, content_type, size and key.")],
            )


def _require_mentionable(mentions: Sequence[UUID], among: Sequence[UUID] | None) -> None:
    known = set(mentions) <= set(among or ())
    require(known, Invalid.field("mentions", "Only those who take part are mentioned."))


def _mention_instead(message: Message, mentions: list[UUID]) -> None:
    """Exactly these are mentioned in `message` from now on."""
    active = Participant.objects.filter(
        thread=message.thread_id, user__in=mentions, left_at=None
    ).values_list("user_id", flat=True)
    _require_mentionable(mentions, list(active))
    named = Mention.objects.filter(message=message.id)
    named.exclude(user__in=mentions).delete()
    known = set(named.values_list("user_id", flat=True))
    added = [user_id for user_id in mentions if user_id not in known]
    Mention.objects.bulk_create(Mention(message_id=message.id, user_id=u) for u in added)


def _keep(ctx: Context, message: Message) -> None:
    MessageRevision.objects.create(
        message_id=message.id,
        body=message.body,
        attachments=message.attachments,
        replaced_by_id=ctx.actor_id,
        replaced_at=ctx.now,
    )
