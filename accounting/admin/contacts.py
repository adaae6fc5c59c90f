"""Customers and suppliers."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from unfold.contrib.filters.admin import DropdownFilter

from accounting.admin.reference import ReferenceForm
from accounting.models import Contact
from accounting.serializers.reference import ContactBody
from accounting.services.reference import contact_create, contact_update
from core.tenancy.admin import ServiceModelAdmin, StaffRequest, Values
from core.tenancy.context import Context

TYPES = {
    "customer": Q(is_customer=True),
    "supplier": Q(is_supplier=True),
    "both": Q(is_customer=True, is_supplier=True),
}


class ContactForm(ReferenceForm):
    shape = ContactBody


class TypeFilter(DropdownFilter):
    title = "type"
    parameter_name = "type"

    def lookups(self, request: StaffRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.capitalize()) for name in TYPES]

    def queryset(self, request: StaffRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(TYPES.get(self.value(), Q()))


@admin.register(Contact)
class ContactAdmin(ServiceModelAdmin):
    page = "accounting.contacts"
    form = ContactForm
    fields = (
        ("name", "reference"), ("is_customer", "is_supplier"), ("email", "tax_number"),
        "address", ("country", "payment_terms_days"), "is_active", "version",
    )  # fmt: skip
    list_display = (
        "name", "reference", "email", "country", "is_customer", "is_supplier", "is_active",
    )  # fmt: skip
    list_filter = (TypeFilter, "is_active")
    search_fields = ("name__icontains", "reference__istartswith", "email__istartswith")
    search_help_text = "Name, reference or e-mail"

    def save_record(
        self, ctx: Context, record_id: UUID | None, values: Values, version: int | None
    ) -> Any:
        if record_id is None:
            return contact_create(ctx, values=values)
        return contact_update(ctx, contact_id=record_id, values=values, expected_version=version)
