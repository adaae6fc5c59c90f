"""Allocations: which payment or credit settled which demand. Facts, undone by facts."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from accounting.currencies import minor_unit
from accounting.errors import AllocationRefused, OverAllocated
from accounting.events import AllocationMade, AllocationUndone
from accounting.models import (
    Allocation,
    Document,
    DocumentKind,
    DocumentState,
    Payment,
    PaymentKind,
    PaymentState,
)
from core.errors import Conflict, Invalid, NotFound, require
from core.ids import uuid7
from core.jobs import outbox
from core.tenancy.context import Context
from core.tenancy.transactions import command

SETTLED_BY = {
    DocumentKind.INVOICE: {PaymentKind.RECEIPT, DocumentKind.CREDIT_NOTE},
    DocumentKind.BILL: {PaymentKind.DISBURSEMENT, DocumentKind.DEBIT_NOTE},
}


@dataclass(frozen=True, slots=True)
class AllocationInput:
    """So much of a payment or a credit note, to settle an invoice or bill."""

    document_id: UUID
    amount: Decimal
    payment_id: UUID | None = None
    credit_id: UUID | None = None
    effective_on: date | None = None


@command
def allocation_create(ctx: Context, *, allocation: AllocationInput) -> Allocation:
    """Settle; refuses more than is open on either side, also under a race."""
    document, source = _lock_both(allocation)
    source_kind, source_open, source_on = _source_facts(source)
    fits = (
        document.state == DocumentState.POSTED
        and document.contact_id == source.contact_id
        and source_kind in SETTLED_BY.get(DocumentKind(document.kind), ())
    )
    require(fits and source.state == PaymentState.POSTED, AllocationRefused())
    open_amount = min(document.outstanding, source_open)
    require(
        0 < allocation.amount <= open_amount,
        OverAllocated(f"{allocation.amount} is asked for, {open_amount} is open."),
    )
    unit = minor_unit(document.currency)
    whole_units = allocation.amount % unit == 0
    require(whole_units, Invalid.field("amount", "Finer than the currency's minor unit."))
    earliest = max(document.issued_on, source_on)
    effective_on = allocation.effective_on or earliest
    require(
        effective_on >= earliest,
        Invalid.field("effective_on", f"Neither side existed before {earliest}."),
    )
    made = Allocation.objects.create(
        id=uuid7(),
        document=document,
        payment_id=allocation.payment_id,
        credit_id=allocation.credit_id,
        amount=allocation.amount.quantize(unit),
        effective_on=effective_on,
        created_at=ctx.now,
    )
    outbox.announce(ctx, AllocationMade(made.id, document.id))
    return made


@command
def allocation_reverse(
    ctx: Context, *, allocation_id: UUID, effective_on: date | None = None
) -> Allocation:
    """Undo an allocation by a second fact; what it settled is open again from that day on."""
    allocation = Allocation.objects.filter(pk=allocation_id).first()
    if allocation is None:
        raise NotFound
    require(allocation.reverses_id is None, Conflict("This is the undoing of an allocation."))
    _lock_both(
        AllocationInput(
            allocation.document_id,
            allocation.amount,
            payment_id=allocation.payment_id,
            credit_id=allocation.credit_id,
        )
    )
    undone = Allocation.objects.filter(reverses=allocation).exists()
    require(not undone, Conflict("This allocation is undone already."))
    day = effective_on or max(ctx.today, allocation.effective_on)
    require(
        day >= allocation.effective_on,
        Invalid.field("effective_on", "Before the allocation that it undoes."),
    )
    undoing = Allocation.objects.create(
        id=uuid7(),
        document_id=allocation.document_id,
        payment_id=allocation.payment_id,
        credit_id=allocation.credit_id,
        amount=-allocation.amount,
        effective_on=day,
        reverses=allocation,
        created_at=ctx.now,
    )
    outbox.announce(ctx, AllocationUndone(allocation.id, allocation.document_id))
    return undoing


def _lock_both(allocation: AllocationInput) -> tuple[Document, Document | Payment]:
    """Both sides, locked: documents in id order, then the payment."""
    if (allocation.payment_id is None) == (allocation.credit_id is None):
        raise Invalid("An allocation names either a payment or a credit note.")
    wanted = {allocation.document_id, allocation.credit_id} - {None}
    documents = {
        document.id: document
        for document in Document.objects.select_for_update().filter(id__in=wanted).order_by("id")
    }
    document = documents.get(allocation.document_id)
    if document is None:
        raise Invalid.field("document_id", "There is no such document.")
    if allocation.credit_id is not None:
        credit = documents.get(allocation.credit_id)
        if credit is None:
            raise Invalid.field("credit_id", "There is no such credit note.")
        return document, credit
    payment = Payment.objects.select_for_update().filter(pk=allocation.payment_id).first()
    if payment is None:
        raise Invalid.field("payment_id", "There is no such payment.")
    return document, payment


def _source_facts(source: Document | Payment) -> tuple[str, Decimal, date]:
    """(kind, what is left of it, its day)."""
    if isinstance(source, Payment):
        return source.kind, source.unallocated, source.paid_on
    return source.kind, source.outstanding, source.issued_on
