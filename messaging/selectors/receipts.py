"""Who has read a message, who reacted, and what somebody has read."""

from uuid import UUID

from django.db.models import F

from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query
from messaging.models import MessageReaction, MessageRead
from messaging.selectors.access import readable_message

READS = Order("reads.mine", ("message_id", "id"))


@query
def message_reads(ctx: Context, *, message_id: UUID, page: PageRequest) -> Page:
    """Who has read a message, and when: {user_id, name, read_at}; its sender is not among them."""
    readable_message(ctx, message_id)
    rows = MessageRead.objects.filter(message=message_id).annotate(name=F("user__name"))
    order = Order(f"reads.{message_id}", ("id",), descending=False)
    return page_of(ctx, page.narrow(rows.values("id", "user_id", "name", "read_at")), order, page)


@query
def message_reactions(ctx: Context, *, message_id: UUID, page: PageRequest) -> Page:
    """Who reacted to a message: {user_id, name, emoji, reacted_at}, in the order of time."""
    readable_message(ctx, message_id)
    rows = MessageReaction.objects.filter(message=message_id).annotate(name=F("user__name"))
    order = Order(f"reactions.{message_id}", ("reacted_at", "id"), descending=False)
    columns = rows.values("id", "user_id", "name", "emoji", "reacted_at")
    return page_of(ctx, page.narrow(columns), order, page)


@query
def my_reads(ctx: Context, *, page: PageRequest) -> Page:
    """What the actor has read, the newest message first: {message_id, read_at}."""
    rows = MessageRead.objects.filter(user=ctx.acting_user)
    return page_of(ctx, page.narrow(rows.values("id", "message_id", "read_at")), READS, page)
