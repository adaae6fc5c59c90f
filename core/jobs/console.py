"""The staff console's page of the schedule: when each entry ran, and which did not."""

from datetime import UTC, datetime

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.jobs import schedule
from core.jobs.models import ScheduleRun
from core.jobs.selectors import lines
from core.tenancy.admin import StaffRequest, Values

VIEW = "system.schedule.view"


@require_GET
def schedule_page(request: StaffRequest) -> HttpResponse:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied("Only the platform's admins look at the schedule.")
    now = datetime.now(UTC)
    context = admin.site.each_context(request) | {
        "title": "Schedule",
        "entries": [_entry(task, run, now) for task, run in schedule.runs().items()],
        "lines": lines(),
    }
    return render(request, "admin/schedule.html", context)


def _entry(task: str, run: ScheduleRun, now: datetime) -> Values:
    due = schedule.next_due(task, run)
    return {
        "name": schedule.name_of(task),
        "task": task,
        "run": run,
        "due": due,
        "is_late": now - due > schedule.GRACE,
    }
