"""Exports in the staff console: who took what with him; one's own can be fetched and called off."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter

from core.exports.models import Export
from core.exports.selectors import export_get
from core.exports.services import export_cancel
from core.jobs.models.jobs import OPEN
from core.tenancy.acts import Act, ActsAdmin
from core.tenancy.admin import Fact, Record, StaffRequest

CANCEL = Act(
    "Call off",
    "exports.exports.view",
    lambda ctx, export_id: export_cancel(ctx, export_id=export_id),
    "The export is called off.",
)


@admin.register(Export)
class ExportAdmin(ActsAdmin):
    page = "exports.exports"
    acts = {"cancel": CANCEL}
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
        return Record(facts, buttons=self.buttons(request, obj) if is_open else [])
