"""Conversations as those see them who govern them: every thread, also where they take no part.

Whoever reads here, reads what was not said to him. So each reading is logged with his name.
"""

from collections import defaultdict
from typing import Any
from uuid import UUID

import structlog
from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, F, Q, QuerySet

from core.errors import NotFound
from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query
from messaging.models import Message, MessageRead, MessageRevision, Participant, Thread
from messaging.selectors.messages import MESSAGE, REVISION, order_of, whole_shape
from messaging.selectors.search import CONFIG

Row = dict[str, Any]

SEARCHED = Order("conversations.search", ("id",))
#: Readers named beside a message; the others are a number.
READERS_NAMED = 5

log = structlog.get_logger(__name__)


def conversations() -> QuerySet[Thread]:
    """Every thread of the company with `people`, the number of those who take part now."""
    active = Count("participants", filter=Q(participants__left_at=None))
    found: QuerySet[Thread] = Thread.objects.annotate(people=active)
    return found


@query
def conversation_people(ctx: Context, *, thread_id: UUID) -> list[Row]:
    """Whoever takes or took part, in the order of joining."""
    rows = Participant.objects.filter(thread=thread_id).annotate(
        name=F("user__name"), email=F("user__email")
    )
    columns = ("name", "email", "role", "joined_at", "left_at", "last_read_at")
    return list(rows.order_by("id").values(*columns))


@query
def conversation_messages(ctx: Context, *, thread_id: UUID, page: PageRequest) -> Page:
    """Messages of any thread, newest first, with `revisions`, `readers` and `read_count`."""
    if not Thread.objects.filter(pk=thread_id).exists():
        raise NotFound
    log.warning("conversation.inspected", thread_id=str(thread_id), **_who(ctx))
    columns = _columns(Message.objects.filter(thread=thread_id))
    return _complete(ctx, page_of(ctx, columns, order_of(thread_id), page))


@query
def conversation_search(ctx: Context, *, words: str, page: PageRequest) -> Page:
    """Messages of any thread that hold `words`, newest first, each with the thread's subject."""
    log.warning("conversation.searched", words=words, **_who(ctx))
    wanted = SearchQuery(words, config=CONFIG, search_type="websearch")
    found = Message.objects.filter(search=wanted, deleted_at=None)
    columns = found.annotate(
        sender_name=F("sender__name"), subject=F("thread__subject"), kind=F("thread__kind")
    ).values(*MESSAGE, "subject", "kind")
    shown = page_of(ctx, columns, SEARCHED, page)
    return shown.shaped(whole_shape(ctx, shown.rows))


def _columns(rows: Any) -> Any:
    return rows.annotate(sender_name=F("sender__name")).values(*MESSAGE)


def _complete(ctx: Context, page: Page) -> Page:
    ids = [row["id"] for row in page.rows]
    shape = whole_shape(ctx, page.rows)
    revisions: dict[UUID, list[Row]] = defaultdict(list)
    kept = MessageRevision.objects.filter(message__in=ids).order_by("replaced_at", "id")
    for row in kept.values(*REVISION, "message_id"):
        revisions[row["message_id"]].append(row)
    readers: dict[UUID, list[str]] = defaultdict(list)
    reads = MessageRead.objects.filter(message__in=ids).order_by("id")
    for message_id, name in reads.values_list("message_id", "user__name"):
        readers[message_id].append(name)

    def whole(row: Row) -> Row:
        read_by = readers[row["id"]]
        return shape(row) | {
            "revisions": revisions[row["id"]],
            "readers": read_by[:READERS_NAMED],
            "read_count": len(read_by),
        }

    return page.shaped(whole)


def _who(ctx: Context) -> Row:
    return {"tenant_id": str(ctx.tenant_id), "user_id": str(ctx.actor_id)}
