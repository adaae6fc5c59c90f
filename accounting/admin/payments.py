"""Payments: money in and out, and what it settles."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter

from accounting.admin.display import NOTHING, amount, link, open_amount, pill, postings_table
from accounting.admin.papers import PaperAdmin
from accounting.models import Payment
from accounting.printing.papers import REMITTANCE
from accounting.services.payments import payment_post, payment_reverse
from core.exports.console import ExportedList
from core.tenancy.admin import Column, Fact, Record, StaffRequest, Table
from core.tenancy.context import Context


@admin.register(Payment)
class PaymentAdmin(ExportedList, PaperAdmin):
    page = "accounting.payments"
    paper = REMITTANCE
    date_field = "paid_on"
    list_display = (
        "name", "kind", "contact", "paid", "reference", "status", "amount_paid", "unused_amount",
    )  # fmt: skip
    list_select_related = ("contact",)
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("paid_on", RangeDateFilter),
    )
    search_fields = ("number__icontains", "reference__icontains", "contact__name__icontains")
    search_help_text = "Number, reference or contact"

    def post_record(self, ctx: Context, record: Payment) -> str:
        return str(payment_post(ctx, payment_id=record.id))

    def reverse_record(self, ctx: Context, record: Payment, effective_on: date | None) -> str:
        return str(payment_reverse(ctx, payment_id=record.id, effective_on=effective_on))

    @admin.display(description="number", ordering="sequence")
    def name(self, payment: Payment) -> str:
        return payment.number or "Draft"

    @admin.display(description="paid", ordering="paid_on")
    def paid(self, payment: Payment) -> str:
        return str(payment.paid_on)

    @admin.display(description="status", ordering="state")
    def status(self, payment: Payment) -> SafeString:
        return pill(payment.state)

    @admin.display(description="amount", ordering="amount")
    def amount_paid(self, payment: Payment) -> str:
        return amount(payment.amount)

    @admin.display(description="unused")
    def unused_amount(self, payment: Payment) -> str:
        return open_amount(payment.unallocated)

    def record(self, request: StaffRequest, obj: Payment) -> Record:
        user = request.user
        tables = [_settled_table(user, obj)]
        if obj.journal:
            tables.append(postings_table(user, obj.journal, title="Journal"))
        if obj.reversal:
            tables.append(postings_table(user, obj.reversal, title="Reversal"))
        return Record(_facts(user, obj), tables, self.buttons(request, obj))


def _facts(user: Any, payment: Payment) -> list[Fact]:
    facts = [
        Fact("Contact", link(user, payment.contact)),
        Fact("Status", pill(payment.state)),
        Fact("Kind", payment.get_kind_display()),
        Fact("Paid", str(payment.paid_on)),
        Fact(f"Amount {payment.currency}", amount(payment.amount)),
        Fact(f"Unused {payment.currency}", open_amount(payment.unallocated)),
        Fact("Account", link(user, payment.account)),
        Fact("Reference", payment.reference or NOTHING),
        Fact("Narration", payment.narration or NOTHING),
        Fact("Journal", link(user, payment.journal)),
        Fact("Reversal", link(user, payment.reversal)),
    ]
    return [fact for fact in facts if fact.value != NOTHING]


def _settled_table(user: Any, payment: Payment) -> Table:
    found = list(payment.allocations.select_related("document"))
    rows = [
        (link(user, x, text=str(x.effective_on)), link(user, x.document), amount(x.amount))
        for x in found
    ]
    total = sum((x.amount for x in found), Decimal(0))
    columns = [Column("Day"), Column("Document"), Column("Amount", is_amount=True)]
    return Table("Settles", columns, rows, foot=[("Total", "", amount(total))] if rows else ())
