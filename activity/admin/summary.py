"""How much the product is used, as a plot and by type."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from activity.admin.pages import PageAdmin
from activity.models import UsageDay
from activity.selectors.quotas import quota_get
from activity.selectors.summary import DAYS_SHOWN, usage_summary
from core.tenancy.admin import StaffRequest, Values

#: In units of the plot's view box.
PLOT_HEIGHT, BAR_STEP = 90, 24
DAY = timedelta(days=1)


class Bar(NamedTuple):
    x: int
    y: int
    height: int
    day: date
    events: int
    #: Every fifth has its date below, or they would lie upon each other.
    label: str


@admin.register(UsageDay)
class UsageDayAdmin(PageAdmin):
    page = "activity.summary"
    title = "Usage"
    template = "admin/usage.html"

    def changelist_view(
        self, request: StaffRequest, extra_context: Values | None = None
    ) -> HttpResponse:
        if not self.may(request, "view"):
            raise PermissionDenied
        chosen = request.GET.get("type", "")
        found = usage_summary(request.ctx, filters={})
        names = [row["type"] for row in found["types"]]
        rows = [row for row in found["rows"] if chosen not in names or row["type"] == chosen]
        shown = {
            "found": found,
            "chosen": chosen if chosen in names else "",
            "bars": bars_of(rows, found["occurred_from"]),
            "width": BAR_STEP * DAYS_SHOWN,
            "types": types_of(found["types"]),
            "quota": quota_get(request.ctx)
            if request.user.has_perm("activity.quotas.view")
            else None,
        }
        return self.answer(request, shown)


def bars_of(rows: list[Values], first: date) -> list[Bar]:
    """A bar for each day, also for those on which nothing happened."""
    sums = dict.fromkeys((first + DAY * n for n in range(DAYS_SHOWN)), 0)
    for row in rows:
        sums[row["starts_at"].date()] += row["events"]
    highest = max(sums.values()) or 1
    bars = []
    for index, (day, events) in enumerate(sums.items()):
        height = round(PLOT_HEIGHT * events / highest)
        label = f"{day:%d %b}" if index % 5 == 4 else ""
        bars.append(Bar(index * BAR_STEP, PLOT_HEIGHT - height, height, day, events, label))
    return bars


def types_of(sums: list[Values]) -> list[dict[str, Any]]:
    """Each type with its share of the most frequent one, for a bar beside it."""
    highest = sums[0]["events"] if sums else 1
    return [row | {"share": round(100 * row["events"] / highest)} for row in sums]
