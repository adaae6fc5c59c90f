"""From what a client sends to the rows of a draft document: defaults, checks, amounts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounting.models import DocumentKind
from accounting.models.accounts import AccountRole
from accounting.models.documents import DEMANDS, SALES_SIDE
from accounting.pricing import AMOUNT_MAX, Priceable, Priced, price_lines
from accounting.selectors.facts import Facts, facts_get
from core.errors import Invalid, require
from core.ids import uuid7
from core.tenancy.context import Context

Row = dict[str, Any]
LINES_MAX = 2_000


@dataclass(frozen=True, slots=True)
class LineInput:
    """A line as it was asked for. Without an account the company's default is taken.

    `copied_tax` and `copied` are set when a line of another document is repeated:
    its rate and amounts hold, whatever the tax says today.
    """

    quantity: Decimal
    unit_price: Decimal
    description: str = ""
    item_code: str = ""
    discount_percent: Decimal = Decimal(0)
    account_id: UUID | None = None
    tax_id: UUID | None = None
    copied_tax: tuple[Decimal, bool] | None = None
    copied: Priced | None = None


@dataclass(frozen=True, slots=True)
class DocumentInput:
    """A document as it was asked for. Dates are days in the company's calendar."""

    kind: str
    contact_id: UUID
    issued_on: date
    lines: Sequence[LineInput]
    due_on: date | None = None
    country: str | None = None
    reference: str = ""
    narration: str = ""
    corrects_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A document's row and the rows of its lines, ready to insert."""

    row: Row
    lines: list[Row]
    contact_name: str


def facts_for(ctx: Context, kind: str, inputs: Sequence[DocumentInput]) -> Facts:
    """Everything these documents name, in one statement."""
    lines = [line for document in inputs for line in document.lines]
    return facts_get(
        ctx,
        kind=kind,
        accounts={line.account_id for line in lines if line.account_id},
        taxes={line.tax_id for line in lines if line.tax_id},
        contacts={document.contact_id for document in inputs},
    )


def draft_of(facts: Facts, document: DocumentInput, *, document_id: UUID | None = None) -> Draft:
    """The rows of `document`, priced and checked; raises Invalid naming the field."""
    require(bool(document.lines), Invalid.field("lines", "A document has at least one line."))
    require(len(document.lines) <= LINES_MAX, Invalid.field("lines", f"{LINES_MAX} at most."))
    contact = facts.contact(document.contact_id)
    row: Row = {
        "id": document_id or uuid7(),
        "kind": document.kind,
        "contact_id": document.contact_id,
        "issued_on": document.issued_on,
        "due_on": _due_on(facts, document, contact.payment_terms_days),
        "currency": facts.currency,
        "country": contact.country if document.country is None else document.country,
        "reference": document.reference,
        "narration": document.narration,
        "corrects_id": document.corrects_id,
    }
    lines = _line_rows(facts, document, row["id"])
    row["net"] = sum((line["net"] for line in lines), Decimal(0))
    row["tax"] = sum((line["tax_amount"] for line in lines), Decimal(0))
    if row["net"] + row["tax"] < 0:
        raise Invalid.field("lines", "The total is below zero; use the opposite kind of document.")
    if row["net"] + row["tax"] >= AMOUNT_MAX:
        raise Invalid.field("lines", "The total is beyond ten trillion.")
    return Draft(row, lines, contact.name)


def control_account(facts: Facts, kind: str) -> UUID:
    """Receivable for what customers owe, payable for what we owe."""
    sales = DocumentKind(kind) in SALES_SIDE
    return facts.account_with(AccountRole.RECEIVABLE if sales else AccountRole.PAYABLE)


def posted_amounts(facts: Facts, lines: Iterable[Row]) -> list[tuple[UUID, Decimal]]:
    """(account, amount) of every net and tax of these line rows."""
    amounts = []
    for line in lines:
        amounts.append((line["account_id"], line["net"]))
        if line["tax_id"] and line["tax_amount"]:
            amounts.append((facts.tax_account(line["tax_id"]), line["tax_amount"]))
    return amounts


def _due_on(facts: Facts, document: DocumentInput, terms_days: int | None) -> date:
    if document.due_on is not None:
        if document.due_on < document.issued_on:
            raise Invalid.field("due_on", "Due before it is issued.")
        return document.due_on
    if DocumentKind(document.kind) not in DEMANDS:
        return document.issued_on
    days = facts.settings["payment_terms_days"] if terms_days is None else terms_days
    return document.issued_on + timedelta(days=days)


def _line_rows(facts: Facts, document: DocumentInput, document_id: UUID) -> list[Row]:
    sales = DocumentKind(document.kind) in SALES_SIDE
    default_role = AccountRole.SALES if sales else AccountRole.PURCHASES
    rows = [
        _line_row(facts, document, line, index, default_role)
        for index, line in enumerate(document.lines)
    ]
    priced = price_lines(
        [_priceable(row) for row in rows], facts.unit, tax_per_document=facts.tax_per_document
    )
    for line, row, amounts in zip(document.lines, rows, priced, strict=True):
        row["document_id"] = document_id
        row["net"], row["tax_amount"] = line.copied or amounts
    return rows


def _line_row(
    facts: Facts, document: DocumentInput, line: LineInput, index: int, default_role: AccountRole
) -> Row:
    if line.account_id is None:
        account_id = facts.account_with(default_role)
    else:
        account_id = facts.postable(line.account_id, f"lines.{index}.account_id")
    rate, inclusive = _tax_of(facts, document.issued_on, line, f"lines.{index}.tax_id")
    return {
        "id": uuid7(),
        "position": index + 1,
        "item_code": line.item_code,
        "description": line.description,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "discount_percent": line.discount_percent,
        "account_id": account_id,
        "tax_id": line.tax_id,
        "tax_rate": rate,
        "tax_inclusive": inclusive,
    }


def _tax_of(facts: Facts, day: date, line: LineInput, name: str) -> tuple[Decimal, bool]:
    if line.tax_id is None:
        return Decimal(0), False
    if line.copied_tax is not None:
        return line.copied_tax
    tax = facts.tax(line.tax_id, day, name)
    return tax.rate, tax.is_inclusive


def _priceable(row: Row) -> Priceable:
    return Priceable(
        quantity=row["quantity"],
        unit_price=row["unit_price"],
        discount_percent=row["discount_percent"],
        tax_key=(row["tax_id"], row["tax_rate"], row["tax_inclusive"]),
        tax_rate=row["tax_rate"],
        tax_inclusive=row["tax_inclusive"],
    )
