"""Reads of threads: the inbox, one, who takes part, and what is unread."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_cursor
from messaging.models import Participant, Thread
from messaging.selectors.access import participation_of
from messaging.selectors.messages import after_all, sent_at

Row = dict[str, Any]

SQL = Path(__file__).parent / "sql"
FACTS_SQL = (SQL / "inbox_facts.sql").read_text(encoding="utf-8")
UNREAD_SQL = (SQL / "unread_total.sql").read_text(encoding="utf-8")

THREAD = (
    "id", "kind", "visibility", "subject", "record_type", "record_id", "created_by_id",
    "created_at", "last_message_at", "is_closed", "version",
)  # fmt: skip
PARTICIPANT = (
    "id", "user_id", "name", "role", "joined_at", "last_read_id", "last_read_at", "is_muted",
)  # fmt: skip
INBOX = Order("inbox", ("activity", "id"))
THREADS = Order("threads", ("id",))
#: Unread messages of one thread are counted up to here: "99+".
UNREAD_MAX = 100
#: Threads that the total looks at, newest first.
THREADS_MAX = 1_000
PREVIEW_LENGTH = 200


@query
def inbox(ctx: Context, *, page: PageRequest) -> Page:
    """The actor's threads by their last message, with what is unread in each."""
    found = page.narrow(_mine(ctx)).annotate(activity=Coalesce("last_message_id", "id"))
    return _completed(ctx, page_of(ctx, found.values(*THREAD, "activity"), INBOX, page))


@query
def thread_list(ctx: Context, *, page: PageRequest) -> Page:
    """The actor's threads, the newest first."""
    found = page.narrow(_mine(ctx)).values(*THREAD)
    return _completed(ctx, page_of(ctx, found, THREADS, page))


@query
def thread_get(ctx: Context, *, thread_id: UUID) -> Row:
    """One thread as the actor sees it; NotFound where he does not take part."""
    participation_of(ctx, thread_id)
    rows = list(Thread.objects.filter(pk=thread_id).values(*THREAD))
    [row] = _completed(ctx, Page(rows, 1)).rows
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


@query
def unread_total(ctx: Context) -> Row:
    """Unread messages and the threads that hold them, muted ones left out.

    Each thread counts up to `UNREAD_MAX`; `is_capped` says that one of them reached it.
    """
    with tenant_cursor() as cursor:
        cursor.execute(
            UNREAD_SQL.format(unread=UNREAD_MAX, threads=THREADS_MAX),
            {"tenant": ctx.tenant_id, "reader": ctx.acting_user, "before": after_all()},
        )
        messages, threads, is_capped = cursor.fetchone()
    return {"messages": messages, "threads": threads, "is_capped": is_capped}


def _mine(ctx: Context) -> QuerySet[Thread]:
    found: QuerySet[Thread] = Thread.objects.filter(
        participants__user=ctx.acting_user, participants__left_at=None
    )
    return found


def _completed(ctx: Context, page: Page) -> Page:
    """The same threads with unread, role and last message; one statement for all of them."""
    facts = _facts(ctx, [row["id"] for row in page.rows])
    rows = []
    for row in page.rows:
        row.pop("activity", None)
        rows.append(row | facts[row["id"]])
    return replace(page, rows=rows)


def _facts(ctx: Context, thread_ids: Sequence[UUID]) -> dict[UUID, Row]:
    if not thread_ids:
        return {}
    with tenant_cursor() as cursor:
        cursor.execute(
            FACTS_SQL.format(unread=UNREAD_MAX, preview=PREVIEW_LENGTH),
            {
                "tenant": ctx.tenant_id,
                "reader": ctx.acting_user,
                "threads": list(thread_ids),
                "before": after_all(),
            },
        )
        return {row[0]: _fact(row) for row in cursor.fetchall()}


def _fact(row: Sequence[Any]) -> Row:
    _, role, is_muted, last_read_id, unread, message_id, sender_id, preview, deleted_at = row
    last = None
    if message_id is not None:
        last = {
            "id": message_id,
            "sender_id": sender_id,
            "sent_at": sent_at(message_id),
            "preview": preview,
            "is_deleted": deleted_at is not None,
        }
    return {
        "role": role,
        "is_muted": is_muted,
        "last_read_id": last_read_id,
        "unread": unread,
        "last_message": last,
    }
