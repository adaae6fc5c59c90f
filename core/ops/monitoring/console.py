"""The staff console's pages of the database: statements, tables, indexes, and locks as they are."""

from collections.abc import Sequence

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from core.api.csv_stream import csv_lines
from core.errors import DomainError
from core.ops.monitoring.sections import LOCKS, SECTIONS, Drawn, Section, drawn
from core.ops.monitoring.selectors import VIEWS, is_configured, monitoring_state, view_rows
from core.ops.monitoring.services import statements_reset
from core.tenancy.admin import StaffRequest, Values

VIEW, RESET = "system.database.view", "system.database.reset"
CSV_ROWS_MAX = 10_000


@require_http_methods(["GET", "POST"])
def database_page(request: StaffRequest) -> HttpResponse:
    _require(request, VIEW)
    if request.method == "POST":
        return _reset(request)
    if "csv" in request.GET:
        return _csv(request.GET["csv"])
    return _page(request, SECTIONS, {"views": VIEWS, "may_reset": request.user.has_perm(RESET)})


@require_GET
def locks_page(request: StaffRequest) -> HttpResponse:
    """Who waits for whom, asked again every two seconds by the browser itself."""
    _require(request, VIEW)
    return _page(request, [LOCKS], {"refreshed_seconds": 2})


def _page(request: StaffRequest, sections: Sequence[Section], more: Values) -> HttpResponse:
    context = admin.site.each_context(request) | {
        "title": "Database",
        "is_configured": is_configured(),
        "may_see_partitions": request.user.has_perm("system.partitions.view"),
    }
    if is_configured():
        context |= _looked_at(sections)
    return render(request, "admin/database.html", context | more)


def _looked_at(sections: Sequence[Section]) -> Values:
    """What could be read, and what was said by the first view that could not.

    The rest is not tried: each would wait as long, and the page's own transaction with it.
    """
    found: list[Drawn] = []
    state, refusal = None, ""
    try:
        state = monitoring_state()
        for section in sections:
            found.append(drawn(section))
    except DomainError as error:
        refusal = error.message
    return {"state": state, "sections": found, "refusal": refusal}


def _reset(request: StaffRequest) -> HttpResponse:
    _require(request, RESET)
    try:
        statements_reset(request.ctx)
    except DomainError as refusal:
        messages.error(request, f"Nothing was forgotten: {refusal.message}")
    else:
        messages.success(request, "Statements are counted anew from now on.")
    return HttpResponseRedirect(reverse("admin:database"))


def _csv(view: str) -> HttpResponse:
    if view not in VIEWS:
        raise Http404
    try:
        rows = view_rows(view, limit=CSV_ROWS_MAX)
    except DomainError as refusal:
        return HttpResponse(refusal.message, status=refusal.status, content_type="text/plain")
    plain = [
        {name: " ".join(map(str, v)) if isinstance(v, list) else v for name, v in row.items()}
        for row in rows
    ]
    response = HttpResponse(
        csv_lines(plain, plain[0] if plain else (), frozenset()), content_type="text/csv"
    )
    response["Content-Disposition"] = f'attachment; filename="{view}.csv"'
    return response


def _require(request: StaffRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied("Only the platform's admins look at the database.")
