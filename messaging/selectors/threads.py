"""Reads of threads: the inbox, one, and who takes part."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from core.errors import NotFound
from core.ids import uuid7_time, uuid_array
from core.listing import Cursor, Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_rows
from messaging.models import Participant, Thread
from messaging.models.threads import SLACK_SECONDS
from messaging.months import after_all, window
from messaging.selectors.access import participation_of
from messaging.selectors.unread import UNREAD, kept_since, unread_counts

Row = dict[str, Any]

SQL = Path(__file__).parent / "sql"
INBOX_SQL = (SQL / "inbox_page.sql").read_text(encoding="utf-8")
FACTS_SQL = (SQL / "thread_facts.sql").read_text(encoding="utf-8")
LAST_SQL = (SQL / "last_messages.sql").read_text(encoding="utf-8")

THREAD = (
    "id", "kind", "visibility", "subject", "record_type", "record_id", "created_by_id",
    "created_at", "last_message_at", "is_closed", "version",
)  # fmt: skip
PARTICIPANT = (
    "id", "user_id", "name", "role", "joined_at", "last_read_id", "last_read_at", "is_muted",
)  # fmt: skip
INBOX = Order("inbox", ("activity", "id"))
THREADS = Order("threads", ("id",))
#: Of thread `t` for participant `p`; the last two are the newest message that he may see, and from
#: where on unread ones are counted where they must be.
FACTS = ("role", "is_muted", "last_read_id", "unread", "shown_id", "after_id")
FACTS_COLUMNS = f"""p.role, p.is_muted, p.last_read_id, {UNREAD},
    CASE WHEN t.last_message_id > greatest(p.sees_after_id, '00000000-0000-0000-0000-000000000000')
         THEN t.last_message_id END,
    greatest(p.last_read_id, p.sees_after_id)"""
#: What is asked for to complete a row, and not shown.
PRIVATE = ("activity", "shown_id", "after_id")
PREVIEW_LENGTH = 200


@query
def inbox(ctx: Context, *, page: PageRequest) -> Page:
    """The actor's threads by their last message, with what is unread in each."""
    found = _plain_inbox(ctx, page)
    if found is not None:
        return replace(found, rows=_completed(ctx, found.rows))
    rows = page.narrow(_mine(ctx)).annotate(activity=Coalesce("last_message_id", "id"))
    return _with_facts(ctx, page_of(ctx, rows.values(*THREAD, "activity"), INBOX, page))


@query
def thread_list(ctx: Context, *, page: PageRequest) -> Page:
    """The actor's threads, the newest first."""
    found = page.narrow(_mine(ctx)).values(*THREAD)
    return _with_facts(ctx, page_of(ctx, found, THREADS, page))


@query
def thread_get(ctx: Context, *, thread_id: UUID) -> Row:
    """One thread as the actor sees it; NotFound where he does not take part."""
    rows = list(_mine(ctx).filter(pk=thread_id).values(*THREAD))
    if not rows:
        raise NotFound
    [row] = _with_facts(ctx, Page(rows, 1)).rows
    return row


@query
def participant_list(ctx: Context, *, thread_id: UUID, page: PageRequest) -> Page:
    """Who takes part, and how far each has read, in the order of joining."""
    participation_of(ctx, thread_id)
    rows = Participant.objects.filter(thread=thread_id, left_at=None)
    order = Order(f"participants.{thread_id}", ("id",), descending=False)
    columns = rows.annotate(name=F("user__name")).values(*PARTICIPANT)
    return page_of(ctx, page.narrow(columns), order, page)


@query
def participant_get(ctx: Context, *, thread_id: UUID, user_id: UUID) -> Row:
    """One of them, for the answer to a change."""
    rows = Participant.objects.filter(thread=thread_id, user=user_id)
    row: Row = rows.annotate(name=F("user__name")).values(*PARTICIPANT).get()
    return row


def _mine(ctx: Context) -> QuerySet[Thread]:
    found: QuerySet[Thread] = Thread.objects.filter(
        participants__user=ctx.acting_user, participants__left_at=None
    )
    return found


def _plain_inbox(ctx: Context, page: PageRequest) -> Page | None:
    """What clients ask for most, in one statement: the newest threads, onwards."""
    cursor = Cursor(ctx, INBOX)
    place = cursor.place(page) if page.is_plain else None
    if place is None or place.backwards:
        return None
    before = UUID(place.values[0]) if place.values else after_all()
    asked = {"before": before, "surely_before": UUID(int=before.int - (SLACK_SECONDS * 1000 << 80))}
    parts = {
        "thread": ", ".join(f"t.{name}" for name in THREAD),
        "facts": FACTS_COLUMNS,
        "rows": page.limit + 1,
        "slack": f"{SLACK_SECONDS} seconds",
    }
    names = (*THREAD, "activity", *FACTS)
    found = tenant_rows(INBOX_SQL.format(**parts), _asked(ctx) | asked)
    rows = [dict(zip(names, row, strict=True)) for row in found]
    return cursor.page(rows, page, place)


def _with_facts(ctx: Context, page: Page) -> Page:
    """The same threads as the actor sees each."""
    threads = [row["id"] for row in page.rows]
    if not threads:
        return page
    found = tenant_rows(FACTS_SQL.format(facts=FACTS_COLUMNS), _asked(ctx) | {"threads": threads})
    facts = {row[0]: dict(zip(FACTS, row[1:], strict=True)) for row in found}
    rows = [row | facts[row["id"]] for row in page.rows]
    return replace(page, rows=_completed(ctx, rows))


def _asked(ctx: Context) -> Row:
    return {"tenant": ctx.tenant_id, "reader": ctx.acting_user, "kept": kept_since(ctx.now)}


def _completed(ctx: Context, rows: list[Row]) -> list[Row]:
    """The same rows with the last message of each, and what must be counted counted."""
    last = _last_messages(ctx, [row["shown_id"] for row in rows if row["shown_id"]])
    behind = {row["id"]: row["after_id"] for row in rows if row["unread"] is None}
    counts = unread_counts(ctx, behind)
    for row in rows:
        if row["unread"] is None:
            row["unread"] = counts[row["id"]]
        row["last_message"] = last.get(row["shown_id"])
        for name in PRIVATE:
            row.pop(name, None)
    return rows


def _last_messages(ctx: Context, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """By id; those whose month is archived are missing."""
    if not ids:
        return {}
    found = tenant_rows(
        LAST_SQL.format(preview=PREVIEW_LENGTH, **window(min(ids), max(ids))),
        {"tenant": ctx.tenant_id, "messages": uuid_array(ids)},
    )
    return {
        message_id: {
            "id": message_id,
            "sender_id": sender_id,
            "sent_at": uuid7_time(message_id),
            "preview": preview,
            "is_deleted": deleted_at is not None,
        }
        for message_id, sender_id, preview, deleted_at in found
    }
