"""The chart of accounts."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from accounting.admin.reference import ReferenceForm
from accounting.models import Account
from accounting.serializers.reference import AccountBody
from accounting.services.reference import account_create, account_update
from core.exports.console import ExportedList
from core.tenancy.admin import ServiceModelAdmin, Values
from core.tenancy.context import Context


class AccountForm(ReferenceForm):
    shape = AccountBody


@admin.register(Account)
class AccountAdmin(ExportedList, ServiceModelAdmin):
    page = "accounting.accounts"
    form = AccountForm
    fields = (("code", "name"), ("type", "role"), "parent", ("is_group", "is_active"), "version")
    autocomplete_fields = ("parent",)
    list_display = ("code", "name", "type", "role", "parent", "is_group", "is_active")
    list_display_links = ("code", "name")
    list_select_related = ("parent",)
    list_filter = (("type", ChoicesDropdownFilter), "is_group", "is_active")
    search_fields = ("code__istartswith", "name__icontains")
    search_help_text = "Code or name"

    def save_record(
        self, ctx: Context, record_id: UUID | None, values: Values, version: int | None
    ) -> Any:
        if record_id is None:
            return account_create(ctx, values=values)
        return account_update(ctx, account_id=record_id, values=values, expected_version=version)
