"""Customers and suppliers."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from unfold.contrib.filters.admin import DropdownFilter

from accounting.admin.papers import paper_page
from accounting.admin.posting import carry_out
from accounting.admin.reference import ReferenceForm
from accounting.models import Contact
from accounting.printing.papers import STATEMENT, Wanted
from accounting.serializers.reference import ContactBody
from accounting.services.erasure import contact_erase, contact_report
from accounting.services.papers import Mailing, paper_send_order
from accounting.services.reference import contact_create, contact_update
from core.exports.console import ExportedList
from core.privacy.console import erase_page, ground_of, report_answer
from core.tenancy.acts import perform
from core.tenancy.admin import ServiceModelAdmin, StaffRequest, Values
from core.tenancy.context import Context

TYPES = {
    "customer": Q(is_customer=True),
    "supplier": Q(is_supplier=True),
    "both": Q(is_customer=True, is_supplier=True),
}


def _statement(contact: Contact) -> Wanted:
    side = "receivables" if contact.is_customer or not contact.is_supplier else "payables"
    return Wanted(STATEMENT, contact.pk, side)


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
class ContactAdmin(ExportedList, ServiceModelAdmin):
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
    actions = ("statement", "send_statements", "personal_data", "erase")

    def has_print_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "print")

    def has_send_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "send")

    @admin.action(description="Statement of account", permissions=["print"])
    def statement(self, request: StaffRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Of this year so far."""
        chosen = list(queryset[:2])
        if len(chosen) != 1:
            messages.error(request, "A statement is printed for one contact at a time.")
            return None
        return paper_page(request, _statement(chosen[0]))

    @admin.action(description="Mail the statement of account", permissions=["send"])
    def send_statements(self, request: StaffRequest, queryset: QuerySet[Any]) -> None:
        def send(contact: Any) -> str:
            paper_send_order(request.ctx, wanted=_statement(contact), mailing=Mailing())
            return str(contact)

        carry_out(request, queryset.order_by("name", "id"), send, "being sent")

    def has_report_permission(self, request: StaffRequest) -> bool:
        return bool(request.user.has_perm("privacy.contacts.view"))

    def has_erase_permission(self, request: StaffRequest) -> bool:
        return bool(request.user.has_perm("privacy.contacts.erase"))

    @admin.action(description="Everything that is held of it", permissions=["report"])
    def personal_data(self, request: StaffRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return report_answer(
            request, queryset, lambda one: contact_report(request.ctx, contact_id=one.pk)
        )

    @admin.action(description="Erase the person", permissions=["erase"])
    def erase(self, request: StaffRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Asks for the ground first, then does it: for good."""
        ground = ground_of(request)
        if ground is None:
            return erase_page(request, [str(one) for one in queryset], action="erase")
        for contact in queryset:
            work = partial(contact_erase, request.ctx, contact_id=contact.pk, ground=ground)
            perform(request, work, _left, f"{contact} was left as it is: ")
        return None

    def save_record(
        self, ctx: Context, record_id: UUID | None, values: Values, version: int | None
    ) -> Any:
        if record_id is None:
            return contact_create(ctx, values=values)
        return contact_update(ctx, contact_id=record_id, values=values, expected_version=version)


def _left(erased: Contact) -> str:
    return f"{erased.name} is what is left."
