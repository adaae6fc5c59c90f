"""Counting what arrived: hours that something came for, then days that have such an hour.

Each is counted anew from the events, so counting twice changes nothing. There is no mark
of how far one has come, in which an event that commits late could be lost: what is due is
said by notes that commit with the events.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from activity.models import UsageArrival, UsageDay, UsageHour
from activity.services.quotas import quota_alerts_raise
from core.errors import DomainError
from core.ids import uuid7_floor
from core.partitions.months import beginning, month_of, month_plus
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_cursor

SQL = Path(__file__).parent / "sql"
HOURS_SQL = (SQL / "hours_count.sql").read_text(encoding="utf-8")
DAYS_SQL = (SQL / "days_count.sql").read_text(encoding="utf-8")
ALONE_SQL = """
SELECT pg_try_advisory_xact_lock(hashtextextended('usage:' || %s::text, 0)),
       set_config('statement_timeout', '60s', true), set_config('transaction_timeout', '60s', true)
"""

#: Of one transaction; and transactions of one company in one run.
HOURS_MAX, ROUNDS_MAX = 6, 200
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: As long as the events themselves; a day's sums are small, and compared with last year's.
HOURS_KEPT_MONTHS, DAYS_KEPT_MONTHS = 6, 36
PURGE_MAX = 5_000

log = structlog.get_logger(__name__)


@command
def usage_hours_count(ctx: Context) -> int:
    """Count the oldest hours that something came for; how many, 0 where another is at it."""
    if not _alone(ctx):
        return 0
    waiting = UsageArrival.objects.order_by("starts_at").values_list("starts_at", flat=True)
    hours = list(waiting.distinct()[:HOURS_MAX])
    if not hours:
        return 0
    _run(
        HOURS_SQL,
        tenant=ctx.tenant_id,
        starts=hours,
        since=[uuid7_floor(start) for start in hours],
        until=[uuid7_floor(start + HOUR) for start in hours],
    )
    quota_alerts_raise(ctx, months={month_of(start) for start in hours})
    return len(hours)


@command
def usage_days_count(ctx: Context) -> int:
    """Count the oldest day with an hour that was counted since; 1, or 0 where there is none."""
    if not _alone(ctx):
        return 0
    due = UsageHour.objects.filter(in_day=False).order_by("starts_at")
    oldest = due.values_list("starts_at", flat=True).first()
    if oldest is None:
        return 0
    start = oldest.replace(hour=0)
    _run(
        DAYS_SQL,
        tenant=ctx.tenant_id,
        day=start.date(),
        starts_at=start,
        ends_at=start + DAY,
        since=uuid7_floor(start),
        until=uuid7_floor(start + DAY),
    )
    return 1


@command
def usage_counts_purge(ctx: Context) -> int:
    """Delete some of the hours and days that are no longer kept; how many."""
    oldest_hour = beginning(month_plus(month_of(ctx.now), -HOURS_KEPT_MONTHS))
    oldest_day = month_plus(month_of(ctx.now), -DAYS_KEPT_MONTHS)
    old_hours = UsageHour.objects.filter(starts_at__lt=oldest_hour, in_day=True)
    old_days = UsageDay.objects.filter(starts_on__lt=oldest_day)
    deleted = 0
    for model, old in ((UsageHour, old_hours), (UsageDay, old_days)):
        ids = list(old.values_list("id", flat=True)[:PURGE_MAX])
        deleted += model.objects.filter(id__in=ids).delete()[0]
    return deleted


def usage_hours_roll_up(ctx: Context) -> int:
    """All hours that are due, in transactions of their own; how many."""
    return _until_done(usage_hours_count, ctx)


def usage_days_roll_up(ctx: Context) -> int:
    """All days that are due, the same way."""
    return _until_done(usage_days_count, ctx)


def _until_done(count: Callable[[Context], int], ctx: Context) -> int:
    """What cannot be counted today must not keep the next company from its turn."""
    total = 0
    try:
        for _ in range(ROUNDS_MAX):
            counted = count(ctx)
            total += counted
            if not counted:
                break
    except DomainError as error:
        log.warning("usage_not_counted", tenant_id=str(ctx.tenant_id), error=error.code)
    return total


def _alone(ctx: Context) -> bool:
    """Whether nobody else counts for this company; if so, nobody will until the commit."""
    with tenant_cursor() as cursor:
        cursor.execute(ALONE_SQL, [str(ctx.tenant_id)])
        return bool(cursor.fetchone()[0])


def _run(sql: str, **parameters: Any) -> None:
    with tenant_cursor() as cursor:
        cursor.execute(sql, parameters)
