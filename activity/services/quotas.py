"""A company's plan, and telling it that a limit comes near."""

from collections.abc import Iterable
from datetime import date

from django.db.models import F

from activity.caches import USAGE_QUOTA
from activity.events import UsageQuotaReached
from activity.models import UsageAlert, UsageQuota
from activity.plans import LEVELS, PLANS
from activity.selectors.quotas import Standing, standing_read
from core.errors import Invalid, StaleVersion, require
from core.jobs import outbox
from core.tenancy.context import Context
from core.tenancy.transactions import command


@command
def quota_update(ctx: Context, *, plan: str, expected_version: int | None = None) -> UsageQuota:
    """Put the company on a plan; the first time makes the row."""
    require(plan in PLANS, Invalid.field("plan", f"One of {', '.join(PLANS)}."))
    # Two who choose first at the same moment: the constraint lets one make it.
    UsageQuota.objects.bulk_create([UsageQuota()], ignore_conflicts=True)
    quota: UsageQuota = UsageQuota.objects.select_for_update().get()
    if expected_version not in (None, quota.version):
        raise StaleVersion("Somebody changed this record since you read it.")
    if quota.plan != plan:
        quota.plan, quota.version = plan, F("version") + 1
        quota.save(update_fields=["plan", "version"])
        quota.refresh_from_db(fields=["version"])
        USAGE_QUOTA.bump(ctx.tenant_id)
    return quota


@command
def quota_alerts_raise(ctx: Context, *, months: Iterable[date]) -> int:
    """Announce each level that a month has reached and was not told of; how many.

    Under the lock of whoever counts, so nothing is told twice.
    """
    raised = []
    for month in sorted(months):
        standing = Standing(*standing_read(ctx, month=month))
        limit = standing.limit
        if limit is None:
            continue
        told = UsageAlert.objects.filter(month=month).values_list("percent", flat=True)
        due = [level for level in LEVELS if (standing.percent or 0) >= level]
        raised += [
            UsageAlert(month=month, percent=level, limit=limit, reached_at=ctx.now)
            for level in sorted(set(due) - set(told))
        ]
    UsageAlert.objects.bulk_create(raised)
    events = [UsageQuotaReached(f"{one.month:%Y-%m}", one.percent, one.limit) for one in raised]
    outbox.announce(ctx, *events)
    return len(raised)
