"""Reads of the stream, by a company's own sequence."""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from core.errors import DomainError, Invalid
from core.events.catalogue import INTERNAL, is_told
from core.jobs import positions
from core.jobs.positions import Tail
from core.listing import LIMIT_MAX
from core.tenancy.context import Context
from core.tenancy.router import primary_only
from core.tenancy.transactions import query, tenant_cursor

Row = dict[str, Any]

#: Numbers that one answer looks at, where only some kinds are asked for.
SCANNED_MAX = 10_000
#: The tail and the rows of one snapshot, so that nothing is purged between the two.
PAGE_SQL = """
    SELECT t.sequence, t.purged, e.* FROM jobs_tenanttail t LEFT JOIN LATERAL (
        SELECT sequence, id, name, created_at, actor_id, payload::text FROM jobs_outboxevent
        WHERE tenant_id = %s AND sequence > %s{more} ORDER BY sequence LIMIT %s
    ) e ON true
    WHERE t.tenant_id = %s"""
NAMED_SQL = PAGE_SQL.format(more=" AND sequence <= %s AND name = ANY(%s)")
PAGE_SQL = PAGE_SQL.format(more="")


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
    """Events in order, and up to where nothing else is to be told."""

    rows: list[Row]
    next: int
    is_more: bool


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
        tail, rows = _page(ctx, after, limit, names)
    finally:
        primary_only.reset(token)
    if after > tail.position:
        raise Invalid.field("after", f"Not given yet: the last one is {tail.position}.")
    if not tail.reaches(after):
        raise EventsGone(tail)
    scanned = min(tail.position, after + SCANNED_MAX) if names else tail.position
    reached = rows[-1]["sequence"] if len(rows) == limit else scanned
    return Events(rows, reached, is_more=reached < tail.position)


@query
def _page(ctx: Context, after: int, limit: int, names: Collection[str]) -> tuple[Tail, list[Row]]:
    scanned = [after + SCANNED_MAX, list(names)] if names else []
    with tenant_cursor() as cursor:
        cursor.execute(
            NAMED_SQL if names else PAGE_SQL,
            [ctx.tenant_id, after, *scanned, limit, ctx.tenant_id],
        )
        found = cursor.fetchall()
    tail = Tail(*found[0][:2]) if found else Tail(0, 0)
    return tail, [_shape(*row[2:]) for row in found if row[2] is not None]


def _shape(
    sequence: int, id_: UUID, name: str, at: Any, actor_id: UUID | None, payload: str
) -> Row:
    """Of an event that is not for everybody, its number and no more."""
    told = is_told(name)
    return {
        "sequence": sequence,
        "id": id_,
        "type": name if told else INTERNAL,
        "occurred_at": at,
        "actor_id": actor_id if told else None,
        "data": orjson.Fragment(payload) if told else {},
    }
