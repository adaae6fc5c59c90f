"""Invoices, bills, credit and debit notes: four lists of one model, as in the API."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter

from accounting.admin.display import (
    NOTHING,
    amount,
    document_pill,
    due,
    link,
    links,
    open_amount,
    percent,
    postings_table,
    status_names,
)
from accounting.admin.papers import PaperAdmin
from accounting.filters import STATUSES
from accounting.models import (
    Allocation,
    Bill,
    CreditNote,
    DebitNote,
    Document,
    DocumentKind,
    Invoice,
)
from accounting.models.documents import DEMANDS
from accounting.services.documents import document_post, document_reverse
from core.exports.console import ExportedList
from core.tenancy.admin import Column, Fact, Record, StaffRequest, Table
from core.tenancy.context import Context


class StatusFilter(DropdownFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: StaffRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), *status_names(model_admin.kind).items()]

    def queryset(self, request: StaffRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(STATUSES.get(self.value(), Q()))


class DocumentAdmin(ExportedList, PaperAdmin):
    kind: ClassVar[DocumentKind]
    date_field = "issued_on"
    list_display = (
        "name", "contact", "issued", "due_date", "reference", "status",
        "total_amount", "open_amount",
    )  # fmt: skip
    list_select_related = ("contact",)
    list_filter = (StatusFilter, ("issued_on", RangeDateFilter), ("due_on", RangeDateFilter))
    search_fields = ("number__icontains", "reference__icontains", "contact__name__icontains")
    search_help_text = "Number, reference or contact"

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(kind=self.kind).annotate(
            is_late=Q(state="posted", allocated__lt=F("total"), due_on__lt=request.ctx.today)
        )

    def post_record(self, ctx: Context, record: Document) -> str:
        booked = document_post(ctx, kind=self.kind, document_id=record.id)
        return str(booked.row["number"])

    def reverse_record(self, ctx: Context, record: Document, effective_on: date | None) -> str:
        booked = document_reverse(
            ctx, kind=self.kind, document_id=record.id, effective_on=effective_on
        )
        return str(booked.row["number"])

    @admin.display(description="number", ordering="sequence")
    def name(self, document: Document) -> str:
        return document.number or "Draft"

    @admin.display(description="issued", ordering="issued_on")
    def issued(self, document: Document) -> str:
        return str(document.issued_on)

    @admin.display(description="due", ordering="due_on")
    def due_date(self, document: Any) -> SafeString | str:
        return due(document.due_on, document.is_late and self.kind in DEMANDS)

    @admin.display(description="status", ordering="state")
    def status(self, document: Document) -> SafeString:
        return document_pill(document)

    @admin.display(description="total", ordering="total")
    def total_amount(self, document: Document) -> str:
        return amount(document.total)

    @admin.display(description="open")
    def open_amount(self, document: Document) -> str:
        return open_amount(document.outstanding)

    def record(self, request: StaffRequest, obj: Document) -> Record:
        user = request.user
        tables = [_lines_table(user, obj)]
        if obj.journal:
            tables.append(postings_table(user, obj.journal, title="Journal"))
        if obj.reversal:
            tables.append(postings_table(user, obj.reversal, title="Reversal"))
        tables += _settlement_tables(user, obj)
        return Record(_facts(user, obj), tables, self.buttons(request, obj))


@admin.register(Invoice)
class InvoiceAdmin(DocumentAdmin):
    kind = paper = DocumentKind.INVOICE
    page = "accounting.invoices"


@admin.register(Bill)
class BillAdmin(DocumentAdmin):
    kind = paper = DocumentKind.BILL
    page = "accounting.bills"
    is_sent = False  # its reader is the company itself


@admin.register(CreditNote)
class CreditNoteAdmin(DocumentAdmin):
    kind = paper = DocumentKind.CREDIT_NOTE
    page = "accounting.credit-notes"


@admin.register(DebitNote)
class DebitNoteAdmin(DocumentAdmin):
    kind = paper = DocumentKind.DEBIT_NOTE
    page = "accounting.debit-notes"


def _facts(user: Any, document: Document) -> list[Fact]:
    facts = [
        Fact("Contact", link(user, document.contact)),
        Fact("Status", document_pill(document)),
        Fact("Issued", str(document.issued_on)),
        Fact("Due", str(document.due_on)),
        Fact(f"Total {document.currency}", amount(document.total)),
        Fact(f"Open {document.currency}", open_amount(document.outstanding)),
        Fact("Reference", document.reference or NOTHING),
        Fact("Narration", document.narration or NOTHING),
        Fact("Corrects", link(user, document.corrects)),
        Fact("Corrected by", links(user, document.corrections.all())),
        Fact("Journal", link(user, document.journal)),
        Fact("Reversal", link(user, document.reversal)),
    ]
    return [fact for fact in facts if fact.value != NOTHING]


def _lines_table(user: Any, document: Document) -> Table:
    rows = [
        (
            line.description or line.item_code,
            amount(line.quantity),
            amount(line.unit_price),
            percent(line.discount_percent) if line.discount_percent else "",
            link(user, line.account),
            f"{line.tax.code} {percent(line.tax_rate)}" if line.tax else "",
            amount(line.net),
            amount(line.tax_amount),
        )
        for line in document.lines.select_related("account", "tax")
    ]
    columns = [
        Column("Description"), Column("Quantity", is_amount=True),
        Column("Unit price", is_amount=True), Column("Discount", is_amount=True),
        Column("Account"), Column("Tax"), Column("Net", is_amount=True),
        Column("Tax amount", is_amount=True),
    ]  # fmt: skip
    foot = [
        ("Sum", "", "", "", "", "", amount(document.net), amount(document.tax)),
        (f"Total {document.currency}", "", "", "", "", "", "", amount(document.total)),
    ]
    return Table("Lines", columns, rows, foot)


def _settlement_tables(user: Any, document: Document) -> list[Table]:
    """What settled this demand, or what this credit settled."""
    settled = document.allocations.select_related("payment", "credit")
    used = document.credited.select_related("document")
    pairs = [(x, x.payment or x.credit) for x in settled] + [(x, x.document) for x in used]
    if not pairs:
        return []
    rows = [
        (link(user, x, text=str(x.effective_on)), link(user, other), _undone(x), amount(x.amount))
        for x, other in pairs
    ]
    total = sum((x.amount for x, _ in pairs), Decimal(0))
    columns = [Column("Day"), Column("With"), Column(""), Column("Amount", is_amount=True)]
    return [Table("Settled", columns, rows, foot=[("Total", "", "", amount(total))])]


def _undone(allocation: Allocation) -> str:
    return "undoes an earlier one" if allocation.reverses_id else ""
