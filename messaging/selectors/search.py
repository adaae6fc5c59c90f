"""Finding messages: by their words, and by who is mentioned. Only in the actor's threads."""

from typing import Any

from django.contrib.postgres.search import SearchHeadline, SearchQuery
from django.db.models import F, TextField, Value
from django.db.models.functions import Cast, Replace

from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query
from messaging.models import Mention
from messaging.selectors.access import readable_messages
from messaging.selectors.messages import MESSAGE, whole_shape

FOUND = Order("messages.search", ("id",))
MENTIONED = Order("messages.mentions", ("message_id", "id"))
CONFIG = "simple"


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
    found = page_of(ctx, columns.values(*MESSAGE, "snippet"), FOUND, page)
    return found.shaped(whole_shape(ctx, found.rows))


@query
def mentions_of_me(ctx: Context, *, page: PageRequest) -> Page:
    """Messages that mention the actor, newest first; deleted ones are left out."""
    rows = Mention.objects.filter(
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
