"""From documents and payments to postings: which account is debited, which credited.

Pure arithmetic. Positive is debit.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from accounting.models import DocumentKind, PaymentKind

#: +1 where the control account is debited: what customers owe grows, what we owe shrinks.
CONTROL_SIGN = {
    DocumentKind.INVOICE: 1,
    DocumentKind.CREDIT_NOTE: -1,
    DocumentKind.BILL: -1,
    DocumentKind.DEBIT_NOTE: 1,
}
BANK_SIGN = {PaymentKind.RECEIPT: 1, PaymentKind.DISBURSEMENT: -1}


class Posting(NamedTuple):
    account_id: UUID
    amount: Decimal
    contact_id: UUID | None = None


def document_postings(
    kind: str,
    control_account_id: UUID,
    contact_id: UUID,
    amounts: Iterable[tuple[UUID, Decimal]],
) -> list[Posting]:
    """The journal of a document: `amounts` are (account, net or tax) of its lines.

    One posting per account, in the order of first use, after the one to the
    control account (receivable or payable), which carries the contact.
    """
    sign = CONTROL_SIGN[DocumentKind(kind)]
    sums: dict[UUID, Decimal] = {}
    for account_id, amount in amounts:
        sums[account_id] = sums.get(account_id, Decimal(0)) + amount
    total = sum(sums.values(), Decimal(0))
    control = Posting(control_account_id, sign * total, contact_id)
    return [control, *(Posting(a, -sign * amount) for a, amount in sums.items() if amount)]


def payment_postings(
    kind: str, control_account_id: UUID, contact_id: UUID, bank_account_id: UUID, amount: Decimal
) -> list[Posting]:
    """The journal of a payment: bank against the control account."""
    sign = BANK_SIGN[PaymentKind(kind)]
    return [
        Posting(bank_account_id, sign * amount),
        Posting(control_account_id, -sign * amount, contact_id),
    ]
