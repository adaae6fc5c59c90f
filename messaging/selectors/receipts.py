"""Who has read a message, who reacted, and what somebody has read."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import F

from core.listing import Cursor, Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_rows
from messaging.models import MessageReaction, MessageRead
from messaging.months import after_all, window
from messaging.selectors.access import readable_message

Row = dict[str, Any]

MINE_SQL = (Path(__file__).parent / "sql" / "my_reads.sql").read_text(encoding="utf-8")
READ = ("id", "message_id", "read_at")
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
    found = _plain_reads(ctx, page)
    if found is not None:
        return found
    rows = MessageRead.objects.filter(user=ctx.acting_user)
    return page_of(ctx, page.narrow(rows.values(*READ)), READS, page)


def _plain_reads(ctx: Context, page: PageRequest) -> Page | None:
    """What clients ask for most: the newest ones, onwards. Mostly two months fill a page."""
    cursor = Cursor(ctx, READS)
    place = cursor.place(page) if page.is_plain else None
    if place is None or place.backwards:
        return None
    before = UUID(place.values[0]) if place.values else after_all()
    rows = _reads(ctx, page, before, window(before, before, months_before=1))
    if len(rows) <= page.limit:
        rows = _reads(ctx, page, before, window(None, before))
    return cursor.page(rows, page, place)


def _reads(ctx: Context, page: PageRequest, before: UUID, months: dict[str, str]) -> list[Row]:
    asked = {"tenant": ctx.tenant_id, "reader": ctx.acting_user, "before": before}
    rows = tenant_rows(MINE_SQL.format(rows=page.limit + 1, **months), asked)
    return [dict(zip(READ, row, strict=True)) for row in rows]
