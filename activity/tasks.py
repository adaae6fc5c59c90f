"""Beat's doors to the counting of events, company by company."""

from datetime import UTC, datetime
from typing import Any

from celery import shared_task

from activity.services.rollups import (
    usage_counts_purge,
    usage_days_roll_up,
    usage_hours_roll_up,
)
from core.jobs.schedule import ScheduledTask
from core.tenancy.context import Context
from core.tenancy.selectors import tenant_ids


@shared_task(base=ScheduledTask)
def usage_hours_roll_up_task(**_: Any) -> int:
    """Returns how many hours it counted."""
    now = datetime.now(UTC)
    return sum(usage_hours_roll_up(Context(one, None, now, "beat")) for one in tenant_ids())


@shared_task(base=ScheduledTask)
def usage_days_roll_up_task(**_: Any) -> int:
    """Returns how many days it counted."""
    now = datetime.now(UTC)
    return sum(usage_days_roll_up(Context(one, None, now, "beat")) for one in tenant_ids())


@shared_task(base=ScheduledTask)
def usage_counts_purge_task(**_: Any) -> int:
    """Returns how many old sums it deleted."""
    now = datetime.now(UTC)
    return sum(usage_counts_purge(Context(one, None, now, "beat")) for one in tenant_ids())
