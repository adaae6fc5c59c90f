"""How the company keeps its books: one row, so its list leads straight to it."""

import json
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect

from accounting.admin.display import address
from accounting.admin.reference import ReferenceForm
from accounting.models import CompanySettings
from accounting.selectors.reference import settings_get
from accounting.serializers.reference import SettingsBody
from accounting.services.reference import settings_update
from core.tenancy.admin import ServiceModelAdmin, StaffRequest, Values
from core.tenancy.context import Context


class _Indented(json.JSONEncoder):
    """One number format a line, for people to read."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"indent": 2}))


class SettingsForm(ReferenceForm):
    shape = SettingsBody

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        formats: Any = self.fields.get("number_formats")
        if formats is not None:
            formats.encoder = _Indented
            formats.help_text = "{year} is the first year of the fiscal year."


@admin.register(CompanySettings)
class CompanySettingsAdmin(ServiceModelAdmin):
    page = "accounting.settings"
    form = SettingsForm
    fields = (
        ("base_currency", "payment_terms_days"),
        ("fiscal_year_start_month", "fiscal_year_start_day"),
        ("tax_rounding", "books_kept_years"),
        "number_formats",
        "version",
    )

    def has_add_permission(self, request: StaffRequest) -> bool:
        """A company is opened with its settings."""
        return False

    def changelist_view(
        self, request: StaffRequest, extra_context: Values | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(address(settings_get(request.ctx)))

    def save_record(
        self, ctx: Context, record_id: UUID | None, values: Values, version: int | None
    ) -> Any:
        return settings_update(ctx, values=values, expected_version=version)
