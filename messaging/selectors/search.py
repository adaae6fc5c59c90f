"""Finding messages: by their words, and by who is mentioned. Only in the actor's threads."""

from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchHeadline, SearchQuery
from django.db.models import BinaryField, F, Func, Q, TextField, Value
from django.db.models.functions import Cast, Replace

from core.ids import uuid7_time
from core.listing import Cursor, Order, Page, PageRequest, page_of
from core.partitions.months import bounds, month_of, month_plus
from core.tenancy.context import Context
from core.tenancy.transactions import planned_for_values, query
from messaging.models import Mention
from messaging.months import after_all
from messaging.selectors.access import readable_messages
from messaging.selectors.messages import MESSAGE, whole_shape

FOUND = Order("messages.search", ("id",))
MENTIONED = Order("messages.mentions", ("message_id", "id"))
CONFIG = "simple"
#: An id as an expression of no index, in the same order.
BYTES = Func(F("id"), function="uuid_send", output_field=BinaryField())


@query
def message_search(ctx: Context, *, page: PageRequest) -> Page:
    """Messages that hold the words of `q`, newest first, each with a `snippet`.

    `q` is read as search engines do: "quoted words", or, -without. The snippet is HTML:
    the text escaped, what was found in <mark>.
    """
    wanted = SearchQuery(page.filters["q"], config=CONFIG, search_type="websearch")
    rows = page.narrow(readable_messages(ctx).filter(search=wanted, deleted_at=None))
    snippet = SearchHeadline(
        _escaped(), wanted, config=CONFIG, start_sel="<mark>", stop_sel="</mark>"
    )
    columns = rows.annotate(sender_name=F("sender__name"), snippet=snippet)
    shown = columns.values(*MESSAGE, "snippet")
    if page.number is not None:
        found = page_of(ctx, shown, FOUND, page)
    else:
        with planned_for_values():
            found = _newest(ctx, rows, shown, page)
    return found.shaped(whole_shape(ctx, found.rows))


def _newest(ctx: Context, matching: Any, shown: Any, page: PageRequest) -> Page:
    """Which ones by the index of words, first of two months and then of all; then those alone.

    Sorted by what no index has: else PostgreSQL, which cannot know how rare a word is, walks
    through all messages from the newest on until it has met enough.
    """
    cursor = Cursor(ctx, FOUND)
    place = cursor.place(page)
    start = UUID(place.values[0]) if place.values else after_all()
    sign = "" if place.backwards else "-"
    beyond = matching.filter(**{"id__gt" if place.backwards else "id__lt": start})
    ordered = beyond.annotate(place=BYTES).order_by(f"{sign}place").values_list("id", flat=True)
    ids: list[UUID] = []
    if not place.backwards:
        recent, _ = bounds(month_plus(month_of(uuid7_time(start)), -1))
        ids = list(ordered.filter(id__gte=recent)[: page.limit + 1])
    if len(ids) <= page.limit:
        ids = list(ordered[: page.limit + 1])
    if not ids:
        return Page([], page.limit)
    rows = shown.filter(id__in=ids, id__gte=min(ids), id__lte=max(ids)).order_by(f"{sign}id")
    return cursor.page(list(rows), page, place)


@query
def mentions_of_me(ctx: Context, *, page: PageRequest) -> Page:
    """Messages that mention the actor, newest first; without deleted ones, and those from before
    he came (back) to their thread.
    """
    rows = Mention.objects.filter(
        Q(message__thread__participants__sees_after_id=None)
        | Q(message_id__gt=F("message__thread__participants__sees_after_id")),
        user=ctx.acting_user,
        message__deleted_at=None,
        message__thread__participants__user=ctx.acting_user,
        message__thread__participants__left_at=None,
    )
    columns = page.narrow(rows).values("id", "message_id")
    found = page_of(ctx, columns, MENTIONED, page)
    by_id = _messages(ctx, [row["message_id"] for row in found.rows])
    return found.shaped(lambda row: by_id[row["message_id"]])


def _messages(ctx: Context, ids: list[Any]) -> dict[Any, dict[str, Any]]:
    rows = readable_messages(ctx).filter(id__in=ids).annotate(sender_name=F("sender__name"))
    listed = list(rows.values(*MESSAGE))
    shape = whole_shape(ctx, listed)
    return {row["id"]: shape(row) for row in listed}


def _escaped() -> Any:
    """The text as HTML shows it, so that only our marks are tags."""
    text: Any = Cast("body", TextField())
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = Replace(text, Value(character), Value(entity))
    return text
