"""The button of a list in the staff console that exports it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from core.errors import DomainError
from core.exports.lists import OpenList, Wanted
from core.exports.models import ExportFormat
from core.exports.services import export_start
from core.tenancy.admin import StaffRequest, TenantModelAdmin, Values, readable_refusals

#: Where the file is fetched; who may not look there would have no use of the button.
VIEW = "exports.exports.view"


class ExportedList(TenantModelAdmin):
    """A list that can be had as a workbook: whole, as the API's list of the same page gives it.

    Not as it is narrowed here: the console's filters are others than the API's.
    """

    change_list_template = "admin/exported_list.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.export_view))
        return [path("export/", view, name=self._export_name()), *super().get_urls()]

    def has_export_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "view") and bool(request.user.has_perm(VIEW))

    def changelist_view(
        self, request: StaffRequest, extra_context: Values | None = None
    ) -> HttpResponse:
        address = reverse(f"admin:{self._export_name()}")
        offered = {"export_to": address if self.has_export_permission(request) else ""}
        return super().changelist_view(request, (extra_context or {}) | offered)

    def export_view(self, request: StaffRequest) -> HttpResponse:
        if not self.has_export_permission(request):
            raise PermissionDenied
        wanted = Wanted(self.page.partition(".")[2])
        try:
            with readable_refusals():
                OpenList(request.ctx, request.user, wanted)
                export_id = export_start(request.ctx, wanted=wanted, format=ExportFormat.XLSX)
        except DomainError as refusal:
            messages.error(request, refusal.message)
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
            return HttpResponseRedirect(reverse(name))
        messages.success(request, "The export is being made; its file will be on this page.")
        return HttpResponseRedirect(reverse("admin:exports_export_change", args=[export_id]))

    def _export_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_export"
