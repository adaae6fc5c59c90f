"""Sums of events by type and hour or day, from what was counted."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from activity.models import UsageDay, UsageHour
from core.errors import Invalid, require
from core.partitions.months import beginning
from core.tenancy.context import Context
from core.tenancy.transactions import query

DAY = timedelta(days=1)
#: Without being asked for more; and what can be asked for, in days. With a row for each type and
#: hour or day, and types that are declared, that bounds the answer.
DAYS_SHOWN, DAYS_MAX, HOURS_DAYS_MAX = 30, 366, 8

Row = dict[str, Any]


@query
def usage_summary(ctx: Context, *, filters: Row) -> Row:
    """Rows of (starts_at, type, events, users), oldest first, with what they add up to.

    `users` are different people within the row; they cannot be added.
    """
    by_hour = filters.get("by") == "hour"
    last = filters.get("occurred_until") or ctx.today
    shown = 1 if by_hour else DAYS_SHOWN
    first = filters.get("occurred_from") or last - DAY * (shown - 1)
    _require_span(first, last, by_hour)
    rows = _hours(first, last) if by_hour else _days(first, last)
    if filters.get("type"):
        rows = [row for row in rows if row["type"] == filters["type"]]
    return {
        "by": "hour" if by_hour else "day",
        "occurred_from": first,
        "occurred_until": last,
        "events": sum(row["events"] for row in rows),
        "types": _types(rows),
        "rows": rows,
    }


def _require_span(first: date, last: date, by_hour: bool) -> None:
    longest = HOURS_DAYS_MAX if by_hour else DAYS_MAX
    message = f"From 1 to {longest} days, not more."
    fits = 0 <= (last - first).days < longest
    require(fits, Invalid.field("occurred_from", message))


def _hours(first: date, last: date) -> list[Row]:
    found = UsageHour.objects.filter(
        starts_at__gte=beginning(first), starts_at__lt=beginning(last) + DAY
    ).order_by("starts_at", "type")
    return list(found.values("starts_at", "type", "events", "users"))


def _days(first: date, last: date) -> list[Row]:
    found = UsageDay.objects.filter(starts_on__gte=first, starts_on__lte=last)
    rows = found.order_by("starts_on", "type").values("starts_on", "type", "events", "users")
    return [{"starts_at": _start(row.pop("starts_on")), **row} for row in rows]


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _types(rows: Iterable[Row]) -> list[Row]:
    """Events by type, the most frequent first."""
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row["type"]] += row["events"]
    ordered = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"type": name, "events": events} for name, events in ordered]
