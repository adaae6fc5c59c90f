"""Reactions: one of each emoji per person and message. Giving it twice is giving it once."""

from pathlib import Path
from uuid import UUID

from core.errors import NotFound, require
from core.ids import uuid7
from core.jobs import outbox
from core.jobs.outbox import outbox_row
from core.json import dumps
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_row
from messaging.emojis import emoji_of
from messaging.errors import MessageDeleted, ThreadClosed, TooManyEmoji
from messaging.events import ReactionAdded, ReactionRemoved
from messaging.models import MessageReaction
from messaging.services.access import open_message_lock

SQL = Path(__file__).parent / "sql"
LOCK_SQL = (SQL / "reaction_lock.sql").read_text(encoding="utf-8")
ADD_SQL = (SQL / "reaction_add.sql").read_text(encoding="utf-8")

#: Different emoji on one message.
EMOJI_MAX = 20


@command
def reaction_add(ctx: Context, *, message_id: UUID, emoji: str) -> None:
    """React. Two statements: the message is locked before its different emoji are counted."""
    emoji = emoji_of(emoji)
    me = {"tenant": ctx.tenant_id, "message": message_id, "user": ctx.acting_user}
    found = tenant_row(LOCK_SQL, me)
    if found is None:
        raise NotFound
    thread_id, is_deleted = found
    require(not is_deleted, MessageDeleted())
    event = outbox_row(ctx, ReactionAdded(thread_id, message_id, ctx.acting_user, emoji))
    values = {
        "thread": thread_id, "reaction": uuid7(), "emoji": emoji, "now": ctx.now,
        "most": EMOJI_MAX, "event": event.id, "event_name": event.name,
        "payload": dumps(event.payload).decode(), "request_id": ctx.request_id,
    }  # fmt: skip
    is_closed, has_room = tenant_row(ADD_SQL, me | values)
    require(not is_closed, ThreadClosed())
    require(has_room, TooManyEmoji())


@command
def reaction_remove(ctx: Context, *, message_id: UUID, emoji: str) -> None:
    """Take one's reaction back."""
    emoji = emoji_of(emoji)
    message = open_message_lock(ctx, message_id)
    mine = MessageReaction.objects.filter(message=message.id, user=ctx.acting_user, emoji=emoji)
    removed, _ = mine.delete()
    if removed:
        event = ReactionRemoved(message.thread_id, message.id, ctx.acting_user, emoji)
        outbox.announce(ctx, event)
