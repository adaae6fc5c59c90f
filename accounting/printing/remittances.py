"""What a payment pays: an advice to the supplier, or a receipt to the customer."""

from collections.abc import Iterable
from decimal import Decimal

from accounting.models import PaymentKind, PaymentState
from accounting.printing.parts import (
    filled,
    footer_of,
    recipient_of,
    sender_of,
    tax_number_of,
    wording_of,
)
from accounting.printing.wording import Wording
from accounting.selectors.papers import RemittanceFacts
from core.printing.paper import Carried, Column, Paper, Row, Total

TITLES = {PaymentKind.DISBURSEMENT: "title.remittance", PaymentKind.RECEIPT: "title.receipt"}
DAYS = {PaymentKind.DISBURSEMENT: "paid_on", PaymentKind.RECEIPT: "received_on"}
STAMPS = {PaymentState.DRAFT: "stamp.draft", PaymentState.REVERSED: "stamp.reversed"}


def remittance_paper(facts: RemittanceFacts) -> Paper:
    payment, parties = facts.payment, facts.parties
    wording = wording_of(parties, payment.currency)
    kind, stamp = PaymentKind(payment.kind), STAMPS.get(PaymentState(payment.state))
    return Paper(
        title=" ".join(filter(None, [wording(TITLES[kind]), payment.number])),
        language=wording.language,
        made_at=payment.posted_at or payment.created_at,
        sender=sender_of(parties, wording),
        recipient=recipient_of(parties, wording),
        page_of=wording("page"),
        stamp=stamp and wording(stamp),
        facts=filled(
            [
                (wording("payment_number"), payment.number or ""),
                (wording(DAYS[kind]), wording.day(payment.paid_on)),
                (wording("our_reference"), payment.reference),
                tax_number_of(parties.contact, wording),
            ]
        ),
        intro=wording("settles") if facts.settled else "",
        columns=[
            Column(wording("document"), "start", wide=True),
            Column(wording("day"), "start"),
            Column(wording("document_total")),
            Column(wording("settled_amount")),
        ],
        rows=list(_rows(facts, wording)),
        carried=Carried(wording("brought_forward"), wording("carried_forward")),
        totals=_totals(facts, wording),
        footer=footer_of(parties, wording),
        accent=parties.letterhead.color,
        logo=bytes(parties.letterhead.logo),
    )


def _rows(facts: RemittanceFacts, wording: Wording) -> Iterable[Row]:
    sum_ = Decimal(0)
    for one in facts.settled:
        sum_ += one["settled"]
        name = f"{wording('movement.' + one['kind'])} {one['number']}"
        reference = f"{wording('your_document')}: {one['reference']}"
        yield Row(
            [
                [name, reference] if one["reference"] else [name],
                wording.short_day(one["issued_on"]),
                wording.amount(one["total"]),
                wording.amount(one["settled"]),
            ],
            wording.amount(sum_),
        )


def _totals(facts: RemittanceFacts, wording: Wording) -> list[Total]:
    payment = facts.payment
    settled = sum((one["settled"] for one in facts.settled), Decimal(0))
    total = Total(
        wording("payment_total", currency=payment.currency),
        wording.amount(payment.amount),
        strong=True,
    )
    if settled == payment.amount:
        return [total]
    return [
        Total(wording("settled_amount"), wording.amount(settled)),
        Total(wording("unallocated"), wording.amount(payment.amount - settled)),
        total,
    ]
