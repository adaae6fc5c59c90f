"""Taxes that lines may carry."""

from typing import Any
from uuid import UUID

from django.contrib import admin

from accounting.admin.display import percent
from accounting.admin.reference import ReferenceForm
from accounting.models import Tax
from accounting.serializers.reference import TaxBody
from accounting.services.reference import tax_create, tax_update
from core.exports.console import ExportedList
from core.tenancy.admin import ServiceModelAdmin, Values
from core.tenancy.context import Context


class TaxForm(ReferenceForm):
    shape = TaxBody


@admin.register(Tax)
class TaxAdmin(ExportedList, ServiceModelAdmin):
    page = "accounting.taxes"
    form = TaxForm
    fields = (
        ("code", "name"), ("rate", "is_inclusive"), "account",
        ("valid_from", "valid_until"), "is_active", "version",
    )  # fmt: skip
    autocomplete_fields = ("account",)
    list_display = ("code", "name", "is_inclusive", "account", "is_active", "rate_amount")
    list_display_links = ("code", "name")
    list_select_related = ("account",)
    list_filter = ("is_active", "is_inclusive")
    search_fields = ("code__istartswith", "name__icontains")
    search_help_text = "Code or name"

    @admin.display(description="rate", ordering="rate")
    def rate_amount(self, tax: Tax) -> str:
        return percent(tax.rate)

    def save_record(
        self, ctx: Context, record_id: UUID | None, values: Values, version: int | None
    ) -> Any:
        if record_id is None:
            return tax_create(ctx, values=values)
        return tax_update(ctx, tax_id=record_id, values=values, expected_version=version)
