"""Taking events: a batch is understood one by one, held against the quota, and written at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from activity.errors import QuotaExceeded
from activity.selectors.events import usage_events_known
from activity.selectors.quotas import Standing, standing_of
from activity.services.items import Event, Refusal, Window, event_of
from core.ids import uuid7_time
from core.json import dumps
from core.partitions.months import beginning, month_of, month_plus
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_cursor

INSERT_SQL = (Path(__file__).parent / "sql" / "events_insert.sql").read_text(encoding="utf-8")
#: Nobody's screen waits for longer, and no row is held for longer.
LIMITS_SQL = (
    "SELECT set_config('statement_timeout', '1s', true), set_config('lock_timeout', '500ms', true)"
)

BATCH_MAX = 500
#: Who was told that the month is used up may ask again after an hour: plans change.
WAIT_SECONDS_MAX = 3_600

ACCEPTED, DUPLICATE, REFUSED = "accepted", "duplicate", "refused"


class Result(NamedTuple):
    """What became of one event of a batch. `id` as it was sent, where it was one."""

    id: str | None
    status: str
    reason: str | None = None
    message: str | None = None


@dataclass(slots=True)
class Taken:
    """The results in the order of the batch, and how the company stands with its quota."""

    results: list[Result]
    quota: str

    def count(self, status: str) -> int:
        return sum(result.status == status for result in self.results)


@dataclass(slots=True)
class Batch:
    """Events that may be written, by id; and what is known already of the others."""

    events: dict[UUID, Event] = field(default_factory=dict)
    over_quota: set[UUID] = field(default_factory=set)
    refusals: dict[UUID, Refusal] = field(default_factory=dict)


def usage_events_take(ctx: Context, *, given: Sequence[Any]) -> Taken:
    """Take a batch of at most BATCH_MAX events of the acting user; each answers for itself.

    QuotaExceeded where a hard plan has no room for any of them. Not a command: what is
    remembered of the quota is asked before the transaction begins.
    """
    window = Window.of(ctx)
    read = [_read(one, window) for one in given]
    batch = Batch({one.id: one for one in reversed(read) if isinstance(one, Event)})
    standing = _hold_against_quota(ctx, batch)
    new = set(batch.events)
    if batch.events:
        found = usage_events_add(ctx, batch=batch)
        new = new if found is None else found
    quota = standing.word(len(new))
    results = [_result(one, raw, batch, new) for one, raw in zip(read, given, strict=True)]
    return Taken(results, quota)


@command
def usage_events_add(ctx: Context, *, batch: Batch) -> set[UUID] | None:
    """Write what is not there yet; the ids that are new, or None where all are."""
    events = [
        {**one._asdict(), "over": one.id in batch.over_quota} for one in batch.events.values()
    ]
    with tenant_cursor() as cursor:
        cursor.execute(LIMITS_SQL)
        cursor.execute(
            INSERT_SQL,
            {
                "tenant": ctx.tenant_id,
                "user": ctx.acting_user,
                "now": ctx.now,
                "given": len(events),
                # One text: an array of each column costs twice the time to write.
                "events": dumps(events).decode(),
            },
        )
        [found] = cursor.fetchone()
    return None if found is None else set(found)


def _read(given: Any, window: Window) -> Event | Refusal:
    try:
        dumps(given)
        return event_of(given, window)
    except TypeError:
        return Refusal("malformed", "It holds what cannot be kept, such as half of a character.")
    except Refusal as refusal:
        return refusal


def _hold_against_quota(ctx: Context, batch: Batch) -> Standing:
    """Take out of the batch, or mark, what the month of each event has no room for."""
    this = month_of(ctx.now)
    by_month: dict[date, list[UUID]] = {}
    for event_id in sorted(batch.events):
        by_month.setdefault(month_of(uuid7_time(event_id)), []).append(event_id)
    standings = {month: standing_of(ctx, month=month) for month in {this, *by_month}}
    asked = len(batch.events)
    for month, ids in by_month.items():
        standing = standings[month]
        if standing.room is None:
            continue
        beyond = ids[standing.room :]
        if not standing.plan.is_hard:
            batch.over_quota.update(beyond)
            continue
        if beyond:  # what is told again takes no room
            known = usage_events_known(ctx, event_ids=ids)
            beyond = [event_id for event_id in ids if event_id not in known][standing.room :]
        message = f"The {standing.limit} events of {month:%Y-%m} are used."
        refusal = Refusal("quota_exceeded", message)
        for event_id in beyond:
            del batch.events[event_id]
            batch.refusals[event_id] = refusal
    # Late ones of a month that is full answer for themselves: to wait would not help them.
    if asked and not batch.events and standings[this].room == 0:
        raise QuotaExceeded(standings[this].limit or 0, _wait_seconds(ctx, this))
    return standings[this]


def _wait_seconds(ctx: Context, month: date) -> int:
    left = beginning(month_plus(month, 1)) - ctx.now
    return max(1, min(WAIT_SECONDS_MAX, int(left.total_seconds())))


def _result(read: Event | Refusal, given: Any, batch: Batch, new: set[UUID]) -> Result:
    """Of one event; who comes a second time in the batch finds its id not new any more."""
    if isinstance(read, Event):
        refused = batch.refusals.get(read.id)
        if refused is not None:
            return Result(str(read.id), REFUSED, refused.reason, refused.message)
        if read.id in new:
            new.discard(read.id)
            return Result(str(read.id), ACCEPTED)
        return Result(str(read.id), DUPLICATE)
    return Result(_shown_id(given), REFUSED, read.reason, read.message)


def _shown_id(given: Any) -> str | None:
    found = given.get("id") if isinstance(given, dict) else None
    return found if isinstance(found, str) and len(found) <= 36 and found.isascii() else None
