"""What those who take part in threads hear of, in the order of commits: ids, no contents."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connections

from core.jobs import positions
from core.tenancy.context import Context
from core.tenancy.router import primary_only, write_alias
from core.tenancy.transactions import query, tenant_cursor
from messaging import events

SQL = Path(__file__).parent / "sql"
EVENTS_SQL = (SQL / "live_events.sql").read_text(encoding="utf-8")
AUDIENCE_SQL = (SQL / "live_audience.sql").read_text(encoding="utf-8")
TENANTS_SQL = (SQL / "live_tenants.sql").read_text(encoding="utf-8")

NAMES = [kind.name for kind in events.Heard.__subclasses__()]
#: Events of a tenant that one statement looks at.
PAGE_SIZE = 1_000
#: Whoever is further behind than so many events of his tenant had better fetch anew.
BEHIND_MAX = 20_000


class LiveEvent(NamedTuple):
    """One event and whom of those asked about it concerns; `values` are its JSON fields."""

    position: int
    name: str
    values: dict[str, Any]
    user_ids: frozenset[UUID]


class Missed(NamedTuple):
    """What one user missed after a position: all of it, up to `position`, unless `is_more`."""

    events: list[LiveEvent]
    position: int
    is_more: bool
    #: So much is missing that he should fetch everything anew; there are no events then.
    is_reset: bool


def live_missed(ctx: Context, *, after: int | None, limit: int, until: int | None = None) -> Missed:
    """At most `limit` events for the acting user after a position that he was told.

    Up to `until`, if there is one. Places what is committed first, so nothing that was
    confirmed to anybody is left out. None for `after` is where everything ends now.
    On the primary: a replica lags.
    """
    reached = positions.place_all()
    if after is None:
        return Missed([], reached, is_more=False, is_reset=False)
    if until is not None:
        reached = min(reached, until)
    found: list[LiveEvent] = []
    place = after
    for page, place in _pages(ctx, after, reached):
        found += page
        if len(found) >= limit:
            kept = found[:limit]
            is_more = len(found) > limit or place < reached
            place = place if len(found) == limit else kept[-1].position
            return _unless_gone(after, Missed(kept, place, is_more, is_reset=False))
    if place < reached:
        return Missed([], reached, is_more=False, is_reset=True)
    return _unless_gone(after, Missed(found, reached, is_more=False, is_reset=False))


def _pages(ctx: Context, after: int, reached: int) -> Iterator[tuple[list[LiveEvent], int]]:
    """The acting user's events page by page, each with the position that it comes up to."""
    for _ in range(BEHIND_MAX // PAGE_SIZE):
        rows = live_events(ctx, after=after, until=reached, user_ids=[ctx.acting_user])
        is_last = len(rows) < PAGE_SIZE
        after = reached if is_last else rows[-1].position
        yield [row for row in rows if row.user_ids], after
        if is_last:
            return


def _unless_gone(after: int, missed: Missed) -> Missed:
    """Looked at afterwards, so that nothing was purged before it was read."""
    tail = positions.tail()
    if tail.reaches(after):
        return missed
    return Missed([], tail.position, is_more=False, is_reset=True)


def live_events(
    ctx: Context, *, after: int, until: int, user_ids: Collection[UUID]
) -> list[LiveEvent]:
    """Events of the tenant's threads after one position and up to another, PAGE_SIZE at most.

    All of them, so that the last one says how far this came; most concern none of
    `user_ids`. Never on a replica.
    """
    token = primary_only.set(True)
    try:
        return _events(ctx, after, until, user_ids)
    finally:
        primary_only.reset(token)


@query
def _events(ctx: Context, after: int, until: int, user_ids: Collection[UUID]) -> list[LiveEvent]:
    values: dict[str, Any] = {
        "tenant": ctx.tenant_id,
        "after": after,
        "until": until,
        "names": NAMES,
        "rows": PAGE_SIZE,
    }
    with tenant_cursor() as cursor:
        cursor.execute(EVENTS_SQL, values)
        told = [_Row(*row) for row in cursor.fetchall()]
    audience = _audience(ctx, {row.thread_id for row in told}, user_ids)
    return [_event(row, audience.get(row.thread_id, ())) for row in told]


def _audience(
    ctx: Context, thread_ids: Collection[UUID | None], user_ids: Collection[UUID]
) -> dict[UUID | None, list["_Participant"]]:
    """Who of `user_ids` is or was in these threads, without guests of internal ones."""
    found: dict[UUID | None, list[_Participant]] = defaultdict(list)
    if not thread_ids:
        return found
    values: dict[str, Any] = {
        "tenant": ctx.tenant_id,
        "threads": list(thread_ids),
        "users": list(user_ids),
    }
    with tenant_cursor() as cursor:
        cursor.execute(AUDIENCE_SQL, values)
        for thread_id, *participant in cursor.fetchall():
            found[thread_id].append(_Participant(*participant))
    return found


def live_tenants(*, after: int, until: int, tenant_ids: Collection[UUID]) -> list[UUID]:
    """Which of these tenants have events between two positions. Global."""
    values: dict[str, Any] = {
        "after": after,
        "until": until,
        "names": NAMES,
        "tenants": list(tenant_ids),
    }
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(TENANTS_SQL, values)
        return [tenant_id for (tenant_id,) in cursor.fetchall()]


class _Row(NamedTuple):
    position: int
    name: str
    payload: str
    actor_id: UUID | None
    at: datetime
    thread_id: UUID | None
    message_id: UUID | None


class _Participant(NamedTuple):
    user_id: UUID
    left_at: datetime | None
    sees_after_id: UUID | None

    def hears(self, row: _Row) -> bool:
        """Whoever takes part, or left by this very event; of messages that he sees."""
        if self.left_at is not None:
            return row.name == events.ThreadChanged.name and self.left_at >= row.at
        sees = self.sees_after_id is None or row.message_id is None
        return sees or row.message_id > self.sees_after_id  # type: ignore[operator]


def _event(row: _Row, audience: Iterable[_Participant]) -> LiveEvent:
    user_ids = frozenset(one.user_id for one in audience if one.hears(row))
    values = {**orjson.loads(row.payload), "actor_id": row.actor_id, "at": row.at}
    return LiveEvent(row.position, row.name, values if user_ids else {}, user_ids)
