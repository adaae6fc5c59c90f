"""How amounts, states and references to other records look, everywhere in the console."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounting.models import (
    Account,
    Allocation,
    CompanySettings,
    Contact,
    Document,
    DocumentKind,
    Journal,
    Payment,
    Series,
    Tax,
)
from accounting.models.documents import DEMANDS
from core.tenancy.admin import Column, Table

#: Model, or kind of document, to its name in the console's addresses and its permissions' page.
PLACES: dict[Any, tuple[str, str]] = {
    DocumentKind.INVOICE: ("invoice", "accounting.invoices"),
    DocumentKind.BILL: ("bill", "accounting.bills"),
    DocumentKind.CREDIT_NOTE: ("creditnote", "accounting.credit-notes"),
    DocumentKind.DEBIT_NOTE: ("debitnote", "accounting.debit-notes"),
    Payment: ("payment", "accounting.payments"),
    Journal: ("journal", "accounting.journals"),
    Allocation: ("allocation", "accounting.allocations"),
    Account: ("account", "accounting.accounts"),
    Contact: ("contact", "accounting.contacts"),
    Tax: ("tax", "accounting.taxes"),
    Series: ("series", "accounting.series"),
    CompanySettings: ("companysettings", "accounting.settings"),
}

STATUS_NAMES = {
    "draft": "Draft",
    "posted": "Posted",
    "part_paid": "Part paid",
    "paid": "Paid",
    "reversed": "Reversed",
}
NOTHING = "-"


def address(record: Any) -> str:
    """The record's own page."""
    return reverse(f"admin:accounting_{_place(record)[0]}_change", args=[record.pk])


def link(user: Any, record: Any, text: str = "") -> SafeString | str:
    """The record's name (or `text`), leading to its page where `user` may see that."""
    if record is None:
        return NOTHING
    shown = text or str(record)
    if not user.has_perm(f"{_place(record)[1]}.view"):
        return shown
    return format_html('<a class="erp-link" href="{}">{}</a>', address(record), shown)


def links(user: Any, records: Iterable[Any]) -> SafeString | str:
    found = [link(user, record) for record in records]
    return format_html("{}" + ", {}" * (len(found) - 1), *found) if found else NOTHING


def amount(value: Decimal | None) -> str:
    """With thousands separators and the decimals that it was stored with."""
    return "" if value is None else f"{value:,f}"


def open_amount(value: Decimal) -> str:
    """What is still to be settled; nothing is said of what is not."""
    return amount(value) if value else NOTHING


def percent(value: Decimal) -> str:
    return f"{value.normalize():f} %"


def debit_and_credit(signed: Decimal) -> tuple[str, str]:
    """A signed posting in two columns, one of them empty."""
    return (amount(signed), "") if signed >= 0 else ("", amount(-signed))


def status_names(kind: str) -> dict[str, str]:
    """A demand is paid, a credit or debit note is used."""
    return STATUS_NAMES | ({} if kind in DEMANDS else {"part_paid": "Part used", "paid": "Used"})


def document_pill(document: Document) -> SafeString:
    return pill(document.status, status_names(document.kind))


def pill(status: str, names: Mapping[str, str] = STATUS_NAMES) -> SafeString:
    name = names.get(status, status)
    return format_html('<span class="erp-pill erp-pill-{}">{}</span>', status, name)


def due(day: date, is_late: bool) -> SafeString | str:
    return format_html('<span class="erp-late">{}</span>', day) if is_late else str(day)


def postings_table(user: Any, journal: Journal, *, title: str) -> Table:
    """A journal's lines as debits and credits, with their sums."""
    lines = list(journal.lines.select_related("account", "contact"))
    rows = [
        (
            link(user, x.account),
            link(user, x.contact) if x.contact else "",
            x.memo,
            *debit_and_credit(x.amount),
        )
        for x in lines
    ]
    debit = sum((x.debit for x in lines), Decimal(0))
    credit = sum((x.credit for x in lines), Decimal(0))
    columns = [Column("Account"), Column("Contact"), Column("Memo")]
    return Table(
        title,
        [*columns, Column("Debit", is_amount=True), Column("Credit", is_amount=True)],
        rows,
        foot=[("Total", "", "", amount(debit), amount(credit))],
        link=link(user, journal),
    )


def _place(record: Any) -> tuple[str, str]:
    return PLACES[DocumentKind(record.kind) if isinstance(record, Document) else type(record)]
