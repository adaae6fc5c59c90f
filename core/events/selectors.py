"""Reads of the stream, by a company's own sequence."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import orjson

from core.errors import DomainError, Invalid
from core.events.catalogue import INTERNAL, told_names
from core.jobs import positions
from core.jobs.positions import Tail
from core.listing import LIMIT_MAX
from core.tenancy.context import Context
from core.tenancy.router import primary_only
from core.tenancy.transactions import query, tenant_row

#: Numbers that one answer looks at, where only some kinds are asked for.
SCANNED_MAX = 10_000
_SQL = (Path(__file__).parent / "sql" / "event_page.sql").read_text(encoding="utf-8")
PAGE_SQL = _SQL.format(internal=INTERNAL, more="")
NAMED_SQL = _SQL.format(
    internal=INTERNAL, more=" AND sequence <= %(scanned)s AND name = ANY(%(names)s)"
)
NOTHING = orjson.Fragment(b"[]")


class EventsGone(DomainError):
    """What the caller has not had is no longer kept."""

    code = "GONE"
    status = 410

    def __init__(self, tail: Tail) -> None:
        super().__init__(
            f"Events up to {tail.purged} are no longer kept, the last one is {tail.position}: "
            f"read what you need anew, and go on with after={tail.purged}."
        )


class Events(NamedTuple):
    """Events in order, as JSON, and up to where nothing else is to be told."""

    data: orjson.Fragment
    next: int
    is_more: bool


class _Page(NamedTuple):
    tail: Tail
    size: int = 0
    #: The sequence of its last event.
    last: int | None = None
    data: orjson.Fragment = NOTHING


def event_list(
    ctx: Context, *, after: int, limit: int = LIMIT_MAX, names: Collection[str] = ()
) -> Events:
    """The company's events after one of its sequence: all of them, or those of these kinds.

    What is committed is placed first, so an answer holds whatever was confirmed to
    anybody before it was asked. On the primary: a replica lags. Raises EventsGone.
    """
    positions.place_all()
    token = primary_only.set(True)
    try:
        page = _page(ctx, after, limit, names)
    finally:
        primary_only.reset(token)
    tail = page.tail
    if after > tail.position:
        raise Invalid.field("after", f"Not given yet: the last one is {tail.position}.")
    if not tail.reaches(after):
        raise EventsGone(tail)
    scanned = min(tail.position, after + SCANNED_MAX) if names else tail.position
    reached = page.last if page.last and page.size == limit else scanned
    return Events(page.data, reached, is_more=reached < tail.position)


@query
def _page(ctx: Context, after: int, limit: int, names: Collection[str]) -> _Page:
    values = {"tenant": ctx.tenant_id, "after": after, "limit": limit, "told": told_names()}
    if names:
        values |= {"scanned": after + SCANNED_MAX, "names": list(names)}
    found = tenant_row(NAMED_SQL if names else PAGE_SQL, values)
    if found is None:
        return _Page(Tail(0, 0))
    position, purged, size, last, data = found
    return _Page(Tail(position, purged), size, last, orjson.Fragment(data) if data else NOTHING)
