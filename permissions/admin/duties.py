"""Questions about permissions: why may he, and who can do too much alone."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.urls import URLPattern, path

from core.tenancy.admin import Column, StaffRequest, Table, Values
from permissions import catalog
from permissions.admin.modules import PageAdmin
from permissions.models import Permission
from permissions.selectors.duties import duties_report
from permissions.selectors.members import member_by_email
from permissions.selectors.permissions import Explanation, Reason, Step, explain

WAYS = {
    Reason.ROLE: "Role",
    Reason.SUPER_ADMIN: "Super admin, by module",
    Reason.PLATFORM_ADMIN: "Admin of the platform",
}


@admin.register(Permission)
class PermissionAdmin(PageAdmin):
    """The explanation stands in place of the list of codes, which is of no use by itself."""

    page = "permissions.explain"
    title = "Why may he?"

    def get_urls(self) -> list[URLPattern]:
        duties = self.admin_site.admin_view(self.duties_view)
        place = path("duties/", duties, name="permissions_duties_changelist")
        return [place, *super().get_urls()]

    def changelist_view(
        self, request: StaffRequest, extra_context: Values | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = {name: request.GET.get(name, "").strip() for name in ("user", "code")}
        shown: Values = {"asked": asked, "codes": sorted(catalog.all_codes())}
        if asked["user"] and asked["code"]:
            shown |= _answer(request, asked["user"], asked["code"])
        return self.answer(request, "admin/explain.html", shown)

    def duties_view(self, request: StaffRequest) -> HttpResponse:
        if not request.user.has_perm("permissions.duties.view"):
            raise PermissionDenied
        report = duties_report(request.ctx)
        shown = {"title": "Separation of duties", "tables": [_conflicts(report), _rules(report)]}
        return self.answer(request, "admin/duties.html", shown)


def _answer(request: StaffRequest, email: str, code: str) -> Values:
    member = member_by_email(request.ctx, email=email)
    if member is None:
        return {"unknown": f"{email} is no member of this company."}
    found = explain(request.ctx, member.user_id, code)
    return {"found": found, "ways": _ways(found) if found.steps else None}


def _ways(found: Explanation) -> Table:
    rows = [(WAYS[step.via], step.role or step.module or "-", _grant(step)) for step in found.steps]
    return Table("By", [Column("Way"), Column("Name"), Column("Grant")], rows)


def _grant(step: Step) -> str:
    return str(step.grant_id or "-")


def _conflicts(report: dict[str, Any]) -> Table:
    names = ("email", "duty", "first_by", "second_by", "why")
    titles = ("Who", "Can do alone", "The first by", "The second by", "Why it matters")
    rows = [[row[name] for name in names] for row in report["rows"]]
    return Table("Who can do alone what takes two", [*map(Column, titles)], rows)


def _rules(report: dict[str, Any]) -> Table:
    rows = [[rule["duty"], rule["first"], rule["second"]] for rule in report["rules"]]
    titles = ("Kept apart", "First permission", "Second permission")
    return Table("What is kept apart", [*map(Column, titles)], rows)
