"""Exports in the staff console: who took what with him; one's own can be fetched and called off."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter

from core.errors import DomainError
from core.exports.models import Export
from core.exports.selectors import export_get
from core.exports.services import export_cancel
from core.jobs.models.jobs import OPEN
from core.tenancy.admin import Button, Fact, Record, RecordAdmin, StaffRequest, readable_refusals


@admin.register(Export)
class ExportAdmin(RecordAdmin):
    page = "exports.exports"
    list_display = ("address", "format", "rows", "total", "created_at", "file_expires_at", "error")
    list_filter = (
        ("format", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    )
    search_fields = ("address__startswith",)
    search_help_text = "List, such as invoices"
    ordering = ("-id",)

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        return Export.objects.order_by(*self.ordering)

    def get_urls(self) -> list[URLPattern]:
        cancel = self.admin_site.admin_view(require_POST(self.cancel_view))
        mine = path("<uuid:export_id>/cancel/", cancel, name="exports_export_cancel")
        return [mine, *super().get_urls()]

    def record(self, request: StaffRequest, obj: Any) -> Record:
        shown = export_get(request.ctx, export_id=obj.pk, only_own=False)
        filters = ", ".join(f"{name} = {value}" for name, value in shown["filters"].items())
        link = format_html('<a href="{}">Download</a>', shown["link"]) if shown["link"] else "-"
        facts = [
            Fact("List", shown["list"]),
            Fact("Format", obj.get_format_display()),
            Fact("Filters", filters or "-"),
            Fact("Columns", ", ".join(shown["fields"]) or "all"),
            Fact("State", shown["state"]),
            Fact("Progress", f"{shown['progress'] or 0} %"),
            Fact("Rows", f"{shown['rows']} of {shown['total'] or '?'}"),
            Fact("Why there is no file", shown["error"] or "-"),
            Fact("Asked for", obj.created_at),
            Fact("Kept until", obj.file_expires_at or "-"),
            Fact("File", link),
        ]
        is_open = shown["state"] in OPEN and obj.created_by_id == request.ctx.actor_id
        cancel = reverse("admin:exports_export_cancel", args=[obj.pk])
        return Record(facts, buttons=[Button("Call off", cancel)] if is_open else [])

    def cancel_view(self, request: StaffRequest, export_id: UUID) -> HttpResponse:
        if not self.may(request, "view"):
            raise PermissionDenied
        try:
            with readable_refusals():
                export_cancel(request.ctx, export_id=export_id)
            messages.success(request, "The export is called off.")
        except DomainError as refusal:
            messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse("admin:exports_export_change", args=[export_id]))
