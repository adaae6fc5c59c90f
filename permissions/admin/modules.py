"""Which super admin may have which module. Changed by the platform's admins only."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from core.tenancy.acts import perform
from core.tenancy.admin import StaffRequest, TenantModelAdmin, Values
from permissions import catalog
from permissions.models import ModuleAssignment
from permissions.selectors.modules import super_admin_list
from permissions.services.modules import modules_assign


class PageAdmin(TenantModelAdmin):
    """A page of its own in place of a model's list and forms."""

    title = ""

    def get_urls(self) -> list[URLPattern]:
        name = f"permissions_{self.opts.model_name}_changelist"
        return [path("", self.admin_site.admin_view(self.changelist_view), name=name)]

    def has_add_permission(self, request: StaffRequest) -> bool:
        return False

    def has_change_permission(self, request: StaffRequest, obj: Any = None) -> bool:
        return False

    def answer(self, request: StaffRequest, template: str, shown: Values) -> HttpResponse:
        context = self.admin_site.each_context(request) | {"title": self.title} | shown
        return TemplateResponse(request, template, context)


@admin.register(ModuleAssignment)
class ModuleAssignmentAdmin(PageAdmin):
    page = "permissions.modules"
    title = "Modules of super admins"

    def changelist_view(
        self, request: StaffRequest, extra_context: Values | None = None
    ) -> HttpResponse:
        if request.method == "POST":
            return self._assign(request)
        if not self.has_view_permission(request):
            raise PermissionDenied
        modules = catalog.modules()
        rows = [
            (member, [(module, module in held) for module in modules])
            for member, held in super_admin_list(request.ctx)
        ]
        shown = {"modules": modules, "rows": rows, "may_change": self.may(request, "update")}
        return self.answer(request, "admin/modules.html", shown)

    def _assign(self, request: StaffRequest) -> HttpResponse:
        if not self.may(request, "update"):
            raise PermissionDenied
        if request.POST.get("_tenant") != str(request.ctx.tenant_id):
            raise PermissionDenied("Nothing was saved: this form was opened for another company.")
        user_id, modules = _user_id(request), request.POST.getlist("modules")
        work = partial(modules_assign, request.ctx, user_id=user_id, modules=modules)
        perform(request, work, _said)
        return HttpResponseRedirect(reverse("admin:permissions_moduleassignment_changelist"))


def _said(assigned: Sequence[str]) -> str:
    return f"Assigned: {', '.join(assigned) or 'nothing'}."


def _user_id(request: StaffRequest) -> UUID:
    try:
        return UUID(request.POST.get("user_id", ""))
    except ValueError as error:
        raise BadRequest("Not the id of a user.") from error
