"""How many of its events a company has used in a month."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from activity.caches import USAGE_QUOTA
from activity.models import UsageAlert, UsageQuota
from activity.plans import DEFAULT_PLAN, LEVELS, PLANS, Plan
from core.partitions.months import beginning, month_of, month_plus
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_cursor

STANDING_SQL = (Path(__file__).parent / "sql" / "standing.sql").read_text(encoding="utf-8")
ALERTS_SHOWN = 24
OK, WARNING, EXCEEDED = "ok", "warning", "exceeded"


@dataclass(frozen=True, slots=True)
class Standing:
    """A company's plan, and the events of one month."""

    plan_code: str
    used: int

    @property
    def plan(self) -> Plan:
        return PLANS.get(self.plan_code, PLANS[DEFAULT_PLAN])

    @property
    def limit(self) -> int | None:
        return self.plan.events_per_month

    @property
    def room(self) -> int | None:
        """Events that still fit; None where there is no limit."""
        return None if self.limit is None else max(0, self.limit - self.used)

    @property
    def percent(self) -> int | None:
        """Rounded down, so that 100 means that there is no room."""
        return None if self.limit is None else self.used * 100 // self.limit

    def word(self, more: int = 0) -> str:
        """How that is, with so many more events."""
        percent = Standing(self.plan_code, self.used + more).percent or 0
        if percent < LEVELS[0]:
            return OK
        return WARNING if percent < LEVELS[1] else EXCEEDED


def standing_of(ctx: Context, *, month: date) -> Standing:
    """As it was some seconds ago at most."""
    found = USAGE_QUOTA.get(
        ctx.tenant_id, f"{month:%Y-%m}", lambda: list(standing_read(ctx, month=month))
    )
    return Standing(*found)


@query
def standing_read(ctx: Context, *, month: date) -> tuple[str, int]:
    """(plan, events): those that are counted already and those that still wait, in one look."""
    with tenant_cursor() as cursor:
        cursor.execute(
            STANDING_SQL,
            {
                "tenant": ctx.tenant_id,
                "since": beginning(month),
                "until": beginning(month_plus(month, 1)),
            },
        )
        plan, used = cursor.fetchone()
    return plan or DEFAULT_PLAN, int(used)


@query
def quota_record(ctx: Context) -> UsageQuota:
    """The row of the company's plan as it is, or as it was before anybody chose one."""
    return UsageQuota.objects.first() or UsageQuota(tenant_id=ctx.tenant_id)


@query
def quota_get(ctx: Context) -> dict[str, Any]:
    """This month's quota as the database has it, and the alerts of the last months."""
    month = month_of(ctx.now)
    standing = Standing(*standing_read(ctx, month=month))
    version = UsageQuota.objects.values_list("version", flat=True).first()
    alerts = UsageAlert.objects.order_by("-month", "-percent")
    columns = ("month", "percent", "limit", "reached_at")
    return {
        "month": f"{month:%Y-%m}",
        "plan": standing.plan_code,
        "is_hard": standing.plan.is_hard,
        "limit": standing.limit,
        "used": standing.used,
        "percent": standing.percent,
        "state": standing.word(),
        "alerts": [_shown(row) for row in alerts.values(*columns)[:ALERTS_SHOWN]],
        "version": version or 1,
    }


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"month": f"{row['month']:%Y-%m}"}
