"""Payments: money in from customers, money out to suppliers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounting.errors import NotPosted, PaymentNotDraft
from accounting.events import PaymentPosted, PaymentReversed
from accounting.ledger import payment_postings
from accounting.models import AccountRole, Document, Payment, PaymentKind, PaymentState
from accounting.selectors.facts import Facts, facts_get
from accounting.services.allocations import AllocationInput, allocation_create
from accounting.services.booking import Booking, ToPost, book, series_of
from accounting.services.documents import require_version
from accounting.services.reversals import journal_reversal_book
from core.errors import Conflict, Invalid, NotFound, require
from core.ids import uuid7
from core.jobs import outbox
from core.tenancy.context import Context
from core.tenancy.transactions import command

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PaymentInput:
    """A payment as it was asked for; without an account it goes through the bank's."""

    kind: str
    contact_id: UUID
    paid_on: date
    amount: Decimal
    account_id: UUID | None = None
    reference: str = ""
    narration: str = ""
    #: (document, amount) pairs to settle at once; needs `post`.
    allocations: Sequence[tuple[UUID, Decimal]] = ()


@command
def payment_create(ctx: Context, *, payment: PaymentInput, post: bool = False) -> Payment:
    """A draft payment; with `post` in the ledger, and set against the documents it names."""
    if payment.allocations and not post:
        raise Invalid.field("allocations", "A draft settles nothing; post the payment as well.")
    facts = _facts(ctx, payment)
    row = _row(facts, payment)
    booking = Booking(payments=[row])
    if not post:
        book(ctx, booking)
        return _reload(row["id"])
    # Documents before the series and the ledger, as everywhere; or two would wait in a circle.
    settled = [document_id for document_id, _ in payment.allocations]
    list(Document.objects.select_for_update().filter(id__in=settled).order_by("id"))
    _post(ctx, facts, booking, row)
    for document_id, amount in sorted(payment.allocations):
        wanted = AllocationInput(document_id, amount, payment_id=row["id"])
        allocation_create(ctx, allocation=wanted)
    return _reload(row["id"])


@command
def payment_update(
    ctx: Context, *, payment_id: UUID, changes: dict[str, Any], expected_version: int | None = None
) -> Payment:
    """Change a draft: `changes` are fields of PaymentInput other than its allocations."""
    found = payment_lock(ctx, payment_id)
    require(found.is_draft, PaymentNotDraft())
    require_version(found, expected_version)
    payment = replace(_as_asked_for(found), **changes)
    row = _row(_facts(ctx, payment), payment)
    del row["id"]
    Payment.objects.filter(pk=payment_id).update(**row, version=found.version + 1)
    return _reload(payment_id)


@command
def payment_delete(ctx: Context, *, payment_id: UUID, expected_version: int | None = None) -> None:
    """Delete a draft."""
    payment = payment_lock(ctx, payment_id)
    require(payment.is_draft, PaymentNotDraft())
    require_version(payment, expected_version)
    payment.delete()


@command
def payment_post(ctx: Context, *, payment_id: UUID) -> Payment:
    """Number a draft payment and write it to the ledger."""
    payment = payment_lock(ctx, payment_id)
    require(payment.is_draft, PaymentNotDraft())
    asked = _as_asked_for(payment)
    facts = _facts(ctx, asked)
    # Checked when it was made; account and contact may have closed since.
    row = _row(facts, asked) | {"id": payment_id}
    _post(ctx, facts, Booking(), row)
    return _reload(payment_id)


@command
def payment_reverse(ctx: Context, *, payment_id: UUID, effective_on: date | None = None) -> Payment:
    """Take a posted payment out of the ledger; its allocations must be undone first."""
    payment = payment_lock(ctx, payment_id)
    posted = payment.state == PaymentState.POSTED
    require(posted, NotPosted("Only a posted payment can be reversed."))
    require(
        payment.allocated == 0,
        Conflict("This payment is allocated to documents; undo the allocations first."),
    )
    assert payment.journal_id is not None
    reversal_id = journal_reversal_book(ctx, payment.journal_id, effective_on)
    Payment.objects.filter(pk=payment_id).update(
        state=PaymentState.REVERSED, reversal=reversal_id, version=payment.version + 1
    )
    outbox.announce(ctx, PaymentReversed(payment_id))
    return _reload(payment_id)


def payment_lock(ctx: Context, payment_id: UUID) -> Payment:
    """The payment, locked until the end of the command."""
    payment: Payment | None = Payment.objects.select_for_update().filter(pk=payment_id).first()
    if payment is None:
        raise NotFound
    return payment


def _as_asked_for(payment: Payment) -> PaymentInput:
    """A draft as the input that would make it again."""
    return PaymentInput(
        kind=payment.kind,
        contact_id=payment.contact_id,
        paid_on=payment.paid_on,
        amount=payment.amount,
        account_id=payment.account_id,
        reference=payment.reference,
        narration=payment.narration,
    )


def _facts(ctx: Context, payment: PaymentInput) -> Facts:
    accounts = [payment.account_id] if payment.account_id else []
    return facts_get(ctx, kind=payment.kind, accounts=accounts, contacts=[payment.contact_id])


def _row(facts: Facts, payment: PaymentInput) -> Row:
    facts.contact(payment.contact_id)
    require(payment.amount > 0, Invalid.field("amount", "An amount above zero."))
    whole_units = payment.amount % facts.unit == 0
    require(whole_units, Invalid.field("amount", "Finer than the currency's minor unit."))
    if payment.account_id is None:
        account_id = facts.account_with(AccountRole.BANK)
    else:
        account_id = facts.postable(payment.account_id, "account_id")
    return {
        "id": uuid7(),
        "kind": payment.kind,
        "contact_id": payment.contact_id,
        "account_id": account_id,
        "paid_on": payment.paid_on,
        "currency": facts.currency,
        "amount": payment.amount.quantize(facts.unit),
        "reference": payment.reference,
        "narration": payment.narration,
    }


def _post(ctx: Context, facts: Facts, booking: Booking, payment: Row) -> None:
    """Book a payment that is in `booking`, or a draft of before."""
    role = AccountRole.RECEIVABLE if payment["kind"] == PaymentKind.RECEIPT else AccountRole.PAYABLE
    journal = booking.add_journal(
        payment["paid_on"],
        payment_postings(
            payment["kind"],
            facts.account_with(role),
            payment["contact_id"],
            payment["account_id"],
            payment["amount"],
        ),
        reference=payment["reference"],
    )
    posting = ToPost(
        journal["id"],
        series_of(ctx, facts, payment["kind"], payment["paid_on"]),
        payment_id=payment["id"],
    )
    book(ctx, booking, [posting], [PaymentPosted(payment["id"])])


def _reload(payment_id: object) -> Payment:
    payment: Payment = Payment.objects.select_related("contact").get(pk=payment_id)
    return payment
