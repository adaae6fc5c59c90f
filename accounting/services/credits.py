"""Crediting an invoice or bill: a note that repeats some of its lines, set against it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Sum

from accounting.errors import NotPosted
from accounting.models import Document, DocumentKind, DocumentState
from accounting.pricing import Priced
from accounting.selectors.documents import BookedDocument, document_get, line_rows
from accounting.services.allocations import AllocationInput, allocation_create
from accounting.services.documents import document_create, document_lock
from accounting.services.drafts import DocumentInput, LineInput
from core.errors import Conflict, Invalid, require
from core.tenancy.context import Context
from core.tenancy.transactions import command

NOTE_OF = {
    DocumentKind.INVOICE: DocumentKind.CREDIT_NOTE,
    DocumentKind.BILL: DocumentKind.DEBIT_NOTE,
}


@dataclass(frozen=True, slots=True)
class CreditedLine:
    """A line to credit; all of it without a quantity."""

    position: int
    quantity: Decimal | None = None


@command
def document_credit(
    ctx: Context,
    *,
    kind: str,
    document_id: UUID,
    lines: Sequence[CreditedLine] = (),
    issued_on: date | None = None,
    narration: str = "",
) -> BookedDocument:
    """A posted note for `lines` (all of them when empty), allocated as far as something is open."""
    document = document_lock(ctx, kind, [document_id])[0]
    posted = document.state == DocumentState.POSTED
    require(posted, NotPosted("Only a posted document can be credited."))
    note = document_create(
        ctx,
        document=DocumentInput(
            kind=NOTE_OF[DocumentKind(kind)],
            contact_id=document.contact_id,
            issued_on=issued_on or max(ctx.today, document.issued_on),
            country=document.country,
            reference=document.reference,
            narration=narration or f"Credit of {document.number}",
            corrects_id=document.id,
            lines=_lines_to_credit(line_rows([document_id])[document_id], lines),
        ),
        post=True,
    )
    _require_not_over_credited(document)
    amount: Decimal = min(document.outstanding, note.row["total"])
    if amount > 0:
        allocation_create(
            ctx,
            allocation=AllocationInput(
                document_id=document.id,
                credit_id=note.row["id"],
                amount=amount,
                effective_on=note.row["issued_on"],
            ),
        )
    return document_get(ctx, kind=note.row["kind"], document_id=note.row["id"])


def _lines_to_credit(
    originals: Sequence[dict[str, Any]], asked: Sequence[CreditedLine]
) -> list[LineInput]:
    by_position = {line["position"]: line for line in originals}
    wanted = asked or [CreditedLine(position) for position in by_position]
    require(
        len({line.position for line in wanted}) == len(wanted),
        Invalid.field("lines", "A line is named twice."),
    )
    credited = []
    for index, line in enumerate(wanted):
        original = by_position.get(line.position)
        if original is None:
            raise Invalid.field(f"lines.{index}.position", "The document has no such line.")
        credited.append(_credited_line(original, line.quantity, f"lines.{index}.quantity"))
    return credited


def _credited_line(original: dict[str, Any], quantity: Decimal | None, name: str) -> LineInput:
    available: Decimal = original["quantity"]
    if available == 0:
        raise Invalid.field(name, "The line has nothing to credit.")
    wanted = available if quantity is None else quantity
    # Between zero and what the line has, on the same side of zero.
    if wanted == 0 or not 0 <= wanted / available <= 1:
        raise Invalid.field(name, f"The line has {available}.")
    return LineInput(
        quantity=wanted,
        unit_price=original["unit_price"],
        description=original["description"],
        item_code=original["item_code"],
        discount_percent=original["discount_percent"],
        account_id=original["account_id"],
        tax_id=original["tax_id"],
        copied_tax=(original["tax_rate"], original["tax_inclusive"]),
        copied=Priced(original["net"], original["tax_amount"]) if wanted == available else None,
    )


def _require_not_over_credited(document: Document) -> None:
    credited = Document.objects.filter(corrects=document, state=DocumentState.POSTED).aggregate(
        total=Sum("total")
    )["total"]
    require(
        credited <= document.total,
        Conflict(f"Credits of {credited} would exceed the document's {document.total}."),
    )
