"""What the staff console shows of persons: retention of tables, a report, the last question
before somebody is erased."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.errors import DomainError
from core.json import dumps
from core.privacy.erasure import GROUNDS, Ground
from core.privacy.report import Row
from core.privacy.retention import retention_list
from core.tenancy.admin import StaffRequest

VIEW = "system.retention.view"


@require_GET
def retention_page(request: StaffRequest) -> HttpResponse:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied("Only the platform's admins look at the retention of tables.")
    context = admin.site.each_context(request) | {
        "title": "Retention of tables",
        "tables": retention_list(request.ctx),
    }
    return render(request, "admin/retention_tables.html", context)


def ground_of(request: StaffRequest) -> Ground | None:
    """The ground that was chosen on the page below; None before it was shown."""
    chosen = request.POST.get("ground")
    return Ground(chosen) if chosen in list(Ground) else None


def erase_page(request: StaffRequest, names: Sequence[str], *, action: str = "") -> HttpResponse:
    """Asks for the ground, and sends the same again with it: the action, or the page's own form."""
    context = admin.site.each_context(request) | {
        "title": "Erase for good",
        "names": names,
        "action": action,
        "selected": request.POST.getlist("_selected_action"),
        "grounds": GROUNDS.items(),
    }
    return render(request, "admin/erase.html", context)


def report_answer(
    request: StaffRequest, chosen: Any, report: Callable[[Any], Row]
) -> HttpResponse | None:
    """The report of the one record that was chosen, as a file; None where there is none to give."""
    found = list(chosen[:2])
    if len(found) != 1:
        messages.error(request, "One at a time: choose one, and ask again.")
        return None
    try:
        body = dumps(report(found[0]))
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return None
    response = HttpResponse(body, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{found[0].pk}.json"'
    response["Cache-Control"] = "private, no-store"
    return response
