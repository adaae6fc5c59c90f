"""Reads of messages: a page of a thread, around one, one with its history."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import F
from orjson import loads

from core.errors import NotFound
from core.ids import uuid7_time, uuid_array
from core.listing import Cursor, Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_row, tenant_rows
from messaging.models import Message, MessageRevision
from messaging.months import after_all, newest_months, window
from messaging.selectors.access import participation_of

Row = dict[str, Any]

SQL = Path(__file__).parent / "sql"
PAGE_SQL = (SQL / "message_page.sql").read_text(encoding="utf-8")
MONTH_SQL = (SQL / "message_month.sql").read_text(encoding="utf-8")
ONE_SQL = (SQL / "message_one.sql").read_text(encoding="utf-8")
EXTRAS_SQL = (SQL / "message_extras.sql").read_text(encoding="utf-8")

#: The columns of `message_page.sql`.
MESSAGE = (
    "id", "thread_id", "sender_id", "sender_name", "body", "reply_to_id", "attachments",
    "edited_at", "deleted_at",
)  # fmt: skip
REVISION = ("id", "body", "attachments", "replaced_by_id", "replaced_at")
REVISIONS_MAX = 100


@query
def message_list(ctx: Context, *, thread_id: UUID, page: PageRequest) -> Page:
    """Messages of a thread with reactions and mentions, newest first; NotFound for strangers.

    The deleted ones are there without their text. `ordering=id` is oldest first.
    """
    if page.filters.get("around"):
        found = _around(ctx, thread_id, page.filters["around"], page)
    else:
        found = _plain_page(ctx, thread_id, page) or _any_page(ctx, thread_id, page)
    return found.shaped(whole_shape(ctx, found.rows))


@query
def message_get(ctx: Context, *, message_id: UUID) -> Row:
    """One message with `revisions`, oldest first.

    What a deleted message said is shown to the owners of its thread only.
    """
    if message_id > after_all():
        raise NotFound  # of no month
    found = tenant_row(
        ONE_SQL.format(**window(message_id, message_id)),
        {"tenant": ctx.tenant_id, "reader": ctx.acting_user, "message": message_id},
    )
    if found is None:
        raise NotFound
    *values, has_history = found
    row = dict(zip(MESSAGE, values, strict=True))
    row["attachments"] = loads(row["attachments"])  # Django has its own way with jsonb
    whole: Row = whole_shape(ctx, [row])(row)
    kept = MessageRevision.objects.filter(message=message_id) if has_history else None
    return whole | {"revisions": _revisions(kept) if kept is not None else []}


def _revisions(found: Any) -> list[Row]:
    return list(found.order_by("replaced_at", "id").values(*REVISION)[:REVISIONS_MAX])


def order_of(thread_id: UUID, ordering: str | None = None) -> Order:
    return Order(f"messages.{thread_id}", ("id",), descending=ordering != "id")


def whole_shape(ctx: Context, rows: Iterable[Row]) -> Any:
    """A function that completes any of these rows: `sent_at`, `reactions`, `mentions`."""
    reactions, mentions = _extras(ctx, [row["id"] for row in rows])

    def shape(row: Row) -> Row:
        return {
            **row,
            "sent_at": uuid7_time(row["id"]),
            "reactions": reactions.get(row["id"], []),
            "mentions": mentions.get(row["id"], []),
        }

    return shape


def _plain_page(ctx: Context, thread_id: UUID, page: PageRequest) -> Page | None:
    """What clients ask for most: newest first, onwards. Access is part of the statement."""
    cursor = Cursor(ctx, order_of(thread_id))
    place = cursor.place(page) if page.is_plain else None
    if place is None or place.backwards:
        return None
    before = UUID(place.values[0]) if place.values else after_all()
    # Mostly a page is of this month and the one before; where it is not full, the others are asked.
    found = _page_rows(ctx, thread_id, page, before, newest_months(before))
    if 0 < len(found) <= page.limit and not found[0]["is_whole"]:
        found = _page_rows(ctx, thread_id, page, before, [window(None, before)])
    if not found:
        raise NotFound
    rows = found if found[0]["id"] is not None else []
    for row in rows:
        del row["is_whole"]
        row["attachments"] = loads(row["attachments"])  # Django has its own way with jsonb
    return cursor.page(rows, page, place)


def _page_rows(
    ctx: Context, thread_id: UUID, page: PageRequest, before: UUID, months: list[dict[str, str]]
) -> list[Row]:
    limit = page.limit + 1
    messages = "UNION ALL ".join(MONTH_SQL.format(rows=limit, **one) for one in months)
    rows = tenant_rows(
        PAGE_SQL.format(rows=limit, messages=messages, since=months[-1]["since"]),
        {
            "tenant": ctx.tenant_id,
            "thread": thread_id,
            "reader": ctx.acting_user,
            "before": before,
        },
    )
    return [dict(zip((*MESSAGE, "is_whole"), row, strict=True)) for row in rows]


def _any_page(ctx: Context, thread_id: UUID, page: PageRequest) -> Page:
    """The slow and obvious way, for every other question."""
    rows = page.narrow(_messages(ctx, thread_id))
    return page_of(ctx, _columns(rows), order_of(thread_id, page.ordering), page)


def _around(ctx: Context, thread_id: UUID, message_id: UUID, page: PageRequest) -> Page:
    """Half a page up to and with the message, half a page after it; newest first."""
    rows, half = _messages(ctx, thread_id), max(page.limit // 2, 1)
    until = list(_columns(rows.filter(id__lte=message_id)).order_by("-id")[: half + 1])
    after = list(_columns(rows.filter(id__gt=message_id)).order_by("id")[: half + 1])
    if not until or until[0]["id"] != message_id:
        raise NotFound
    shown = [*reversed(after[:half]), *until[:half]]
    cursor = Cursor(ctx, order_of(thread_id))
    older = cursor.write(shown[-1], backwards=False) if len(until) > half else None
    newer = cursor.write(shown[0], backwards=True) if len(after) > half else None
    return Page(shown, page.limit, next=older, previous=newer)


def _messages(ctx: Context, thread_id: UUID) -> Any:
    me = participation_of(ctx, thread_id)
    rows = Message.objects.filter(thread=thread_id)
    return rows.filter(id__gt=me.sees_after_id) if me.sees_after_id else rows


def _columns(rows: Any) -> Any:
    return rows.annotate(sender_name=F("sender__name")).values(*MESSAGE)


def _extras(
    ctx: Context, message_ids: list[UUID]
) -> tuple[dict[UUID, list[Row]], dict[UUID, list[UUID]]]:
    """Reactions (in the order in which they came) and mentions, by message; one statement."""
    reactions: dict[UUID, list[Row]] = {}
    mentions: dict[UUID, list[UUID]] = {}
    if not message_ids:
        return reactions, mentions
    months = window(min(message_ids), max(message_ids))
    found = tenant_rows(
        EXTRAS_SQL.format(**months),
        {"tenant": ctx.tenant_id, "reader": ctx.acting_user, "messages": uuid_array(message_ids)},
    )
    for message_id, emoji, count, mine, user_id, *_ in found:
        if user_id is not None:
            mentions.setdefault(message_id, []).append(user_id)
        else:
            reactions.setdefault(message_id, []).append(
                {"emoji": emoji, "count": count, "mine": mine}
            )
    return reactions, mentions
