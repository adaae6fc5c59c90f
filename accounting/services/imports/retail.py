"""What the lines of the Online Retail file mean.

- A number without a letter is an **invoice**; `C...` is a **credit note**, its
  quantities with the sign turned. The file does not name the invoice that a
  credit note corrects, so it stays an open credit of the customer.
- Should the lines of one add up to less than nothing, it is booked as the
  opposite kind, because what it says is that the other side owes.
- Lines without a CustomerID are sales to a **walk-in customer**.
- `A...` **adjusts bad debt**: a journal between the expense for bad debts and
  the allowance for them. Not against receivables, which is the sum of open
  documents and payments, and the file does not say whose debt was bad.
- An invoice without customer of which no line has a value is a **stock
  correction** ('damaged', 'lost', 'found'): a note about quantities. It belongs
  to the inventory, so it is set aside and listed in the report.
- Lines without value on a real invoice (samples, gifts) stay. So do codes that
  are no goods (POST, M, D, BANK CHARGES): they are lines with that code.
- Line amounts are rounded to pence, half away from zero, as everywhere here.

Amounts of a `RetailDocument` have the sign of the file: a credit note is negative.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple
from uuid import UUID

from accounting.models import Contact, Document, DocumentKind, DocumentLine
from accounting.pricing import AMOUNT_MAX
from accounting.services.drafts import DocumentInput, LineInput
from accounting.services.imports.cells import BadCell, day, number
from accounting.services.imports.countries import country_code, country_remark
from accounting.services.imports.groups import Group
from accounting.services.imports.report import Refused
from accounting.services.imports.sources import Row

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice",
           "CustomerID", "Country")  # fmt: skip
PENNY = Decimal("0.01")
WALK_IN = "WALK-IN"
LETTERS = "CA"
ADJUSTMENT, STOCK_CORRECTION = "adjustment", "stock correction"

REFERENCE_MAX = Document._meta.get_field("reference").max_length or 0
CUSTOMER_MAX = Contact._meta.get_field("reference").max_length or 0
CODE_MAX = DocumentLine._meta.get_field("item_code").max_length or 0
DESCRIPTION_MAX = DocumentLine._meta.get_field("description").max_length or 0


class RetailLine(NamedTuple):
    """One line, with its amount in pounds exact and in whole pence."""

    item_code: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    exact: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class RetailDocument:
    """An invoice number with its lines. `kind` is a document's, or one of the two above."""

    reference: str
    kind: str
    customer: str
    issued_on: date
    country: str
    lines: list[RetailLine]
    amount: Decimal
    rows: list[Row]

    @property
    def rounded_lines(self) -> int:
        return sum(line.exact != line.net for line in self.lines)

    @property
    def rounding(self) -> Decimal:
        return self.amount - sum((line.exact for line in self.lines), Decimal(0))


def retail_document(group: Group) -> RetailDocument:
    """The document of a group of rows; raises Refused naming the lines at fault."""
    if group.fault:
        raise Refused({}, group.fault)
    faults: dict[int, str] = {}
    lines = list(_lines(group.rows, faults))
    if not faults:
        faults = _faults_of_header(group.rows)
    if faults:
        raise Refused(faults, "another line of this document is refused")
    _, _, _, _, moment, _, customer, country = group.rows[0].cells
    amount = sum((line.net for line in lines), Decimal(0))
    return RetailDocument(
        reference=group.key,
        kind=_kind(group.key, customer, lines, amount),
        customer=customer or WALK_IN,
        issued_on=day(moment, "InvoiceDate"),
        country=country,
        lines=lines,
        amount=amount,
        rows=group.rows,
    )


def document_input(document: RetailDocument, contact_id: UUID) -> DocumentInput:
    """What the service is asked for."""
    sign = 1 if document.kind == DocumentKind.INVOICE else -1
    return DocumentInput(
        kind=document.kind,
        contact_id=contact_id,
        issued_on=document.issued_on,
        country=country_code(document.country),
        reference=document.reference,
        narration=country_remark(document.country),
        lines=[
            LineInput(
                quantity=sign * line.quantity,
                unit_price=line.unit_price,
                description=line.description,
                item_code=line.item_code,
            )
            for line in document.lines
        ],
    )


def _lines(rows: list[Row], faults: dict[int, str]) -> Iterator[RetailLine]:
    for row in rows:
        _, code, description, quantity_text, _, price_text, _, _ = row.cells
        try:
            quantity = number(quantity_text, "Quantity")
            price = number(price_text, "UnitPrice")
        except BadCell as error:
            faults[row.line] = str(error)
            continue
        if len(code) > CODE_MAX or len(description) > DESCRIPTION_MAX:
            faults[row.line] = "StockCode or Description is too long"
            continue
        exact = quantity * price
        if abs(exact) >= AMOUNT_MAX:
            faults[row.line] = "Quantity times UnitPrice is beyond ten trillion"
            continue
        net = exact.quantize(PENNY, ROUND_HALF_UP)
        yield RetailLine(code, description, quantity, price, exact, net)


def _faults_of_header(rows: list[Row]) -> dict[int, str]:
    """A number, one day, one customer and one country, the same on every line."""
    reference, _, _, _, moment, _, customer, country = rows[0].cells
    try:
        issued_on = day(moment, "InvoiceDate")
    except BadCell as error:
        return {rows[0].line: str(error)}
    if not 0 < len(reference) <= REFERENCE_MAX or len(customer) > CUSTOMER_MAX:
        return {rows[0].line: "InvoiceNo is empty, or it or CustomerID is too long"}
    if reference[0].isalpha() and reference[0] not in LETTERS:
        return {rows[0].line: f"InvoiceNo starts with {reference[0]}, which means nothing here"}
    for row in rows:
        cells = row.cells
        try:
            same = day(cells[4], "InvoiceDate") == issued_on
        except BadCell as error:
            return {row.line: str(error)}
        if not same or cells[6] != customer or cells[7] != country:
            return {row.line: "day, customer or country differ from the document's first line"}
    return {}


def _kind(reference: str, customer: str, lines: list[RetailLine], amount: Decimal) -> str:
    letter = reference[0]
    if letter == "A":
        return ADJUSTMENT
    if letter == "C":
        return DocumentKind.INVOICE if amount > 0 else DocumentKind.CREDIT_NOTE
    if amount < 0:
        return DocumentKind.CREDIT_NOTE
    if not customer and not any(line.exact for line in lines):
        return STOCK_CORRECTION
    return DocumentKind.INVOICE
