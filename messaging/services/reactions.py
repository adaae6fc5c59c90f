"""Reactions: one of each emoji per person and message. Giving it twice is giving it once."""

from uuid import UUID

from core.errors import require
from core.jobs import outbox
from core.tenancy.context import Context
from core.tenancy.transactions import command
from messaging.emojis import emoji_of
from messaging.errors import TooManyEmoji
from messaging.events import ReactionAdded, ReactionRemoved
from messaging.models import MessageReaction
from messaging.services.access import open_message_lock

#: Different emoji on one message.
EMOJI_MAX = 20


@command
def reaction_add(ctx: Context, *, message_id: UUID, emoji: str) -> None:
    """React; the message is locked, so that its different emoji can be counted."""
    emoji = emoji_of(emoji)
    message = open_message_lock(ctx, message_id)
    given = MessageReaction.objects.filter(message=message.id)
    known = set(given.values_list("emoji", flat=True).distinct())
    require(emoji in known or len(known) < EMOJI_MAX, TooManyEmoji())
    if given.filter(user=ctx.acting_user, emoji=emoji).exists():
        return
    MessageReaction.objects.create(
        message_id=message.id, user_id=ctx.acting_user, emoji=emoji, reacted_at=ctx.now
    )
    event = ReactionAdded(message.thread_id, message.id, ctx.acting_user, emoji)
    outbox.announce(ctx, event)


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
