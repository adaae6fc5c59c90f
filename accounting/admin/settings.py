"""How the company keeps its books."""

import json
from typing import Any

from django.contrib import admin

from accounting.admin.reference import ReferenceForm
from accounting.models import CompanySettings
from accounting.selectors.reference import settings_get
from accounting.serializers.reference import SettingsBody
from accounting.services.reference import settings_update
from core.tenancy.admin import SingleRecordAdmin, StaffRequest, Values
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
class CompanySettingsAdmin(SingleRecordAdmin):
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

    def the_record(self, ctx: Context) -> CompanySettings:
        return settings_get(ctx)

    def update_record(self, ctx: Context, values: Values, version: int | None) -> CompanySettings:
        return settings_update(ctx, values=values, expected_version=version)
