"""A contact's account over a period: what was open, what came, what is open now."""

from collections.abc import Iterable
from typing import Any

from accounting.printing.parts import (
    bank_of,
    filled,
    footer_of,
    midnight,
    recipient_of,
    sender_of,
    tax_number_of,
    wording_of,
)
from accounting.printing.wording import Wording
from accounting.selectors.papers import StatementFacts
from core.printing.paper import Carried, Column, Paper, Row, Summary, Total

#: How old it is, and what settles nothing yet; `total` is the closing balance.
AGED = ("current", "days_1_30", "days_31_60", "days_61_90", "days_over_90", "unallocated")


def statement_paper(facts: StatementFacts) -> Paper:
    parties, period = facts.parties, facts.period
    wording = wording_of(parties, facts.currency)
    is_owed = period.side == "receivables" and facts.closing > 0
    days = [wording.day(day) for day in (period.starts_on, period.ends_on)]
    return Paper(
        title=wording("title.statement"),
        language=wording.language,
        made_at=midnight(period.ends_on),
        sender=sender_of(parties, wording),
        recipient=recipient_of(parties, wording),
        page_of=wording("page"),
        facts=filled(
            [
                (wording("period"), f"{days[0]} \N{EN DASH} {days[1]}"),
                tax_number_of(parties.contact, wording),
            ]
        ),
        intro="" if facts.movements else wording("no_movements"),
        columns=_columns(wording),
        rows=list(_rows(facts, wording)),
        carried=Carried(wording("brought_forward"), wording("carried_forward")),
        totals=_totals(facts, wording),
        summary=_aged(facts, wording),
        payment=bank_of(parties.letterhead, wording, parties.contact.reference) if is_owed else [],
        footer=footer_of(parties, wording),
        accent=parties.letterhead.color,
        logo=bytes(parties.letterhead.logo),
    )


def _columns(wording: Wording) -> list[Column]:
    return [
        Column(wording("day"), "start"),
        Column(wording("document"), "start", wide=True),
        Column(wording("debit")),
        Column(wording("credit")),
        Column(wording("balance")),
    ]


def _rows(facts: StatementFacts, wording: Wording) -> Iterable[Row]:
    balance = facts.opening
    opening = wording.amount(balance)
    day = wording.short_day(facts.period.starts_on)
    yield Row([day, wording("opening_balance"), "", "", opening], opening)
    for one in facts.movements:
        amount = one["amount"]
        balance += amount
        is_debit = (amount > 0) == (facts.period.side == "receivables")
        shown = wording.amount(abs(amount))
        now = wording.amount(balance)
        debit, credit = (shown, "") if is_debit else ("", shown)
        yield Row(
            [wording.short_day(one["effective_on"]), _name(one, wording), debit, credit, now], now
        )


def _name(one: dict[str, Any], wording: Wording) -> list[str]:
    """What was booked, and by which sign the reader knows it."""
    if "kind" not in one:
        return [one["journal_number"]]
    name = f"{wording('movement.' + one['kind'])} {one['number']}"
    if one["is_reversal"]:
        name = wording("movement.reversal", number=name)
    return [name, one["reference"]] if one["reference"] else [name]


def _totals(facts: StatementFacts, wording: Wording) -> list[Total]:
    closing = facts.closing
    moved = closing - facts.opening
    return [
        Total(wording("opening_balance"), wording.amount(facts.opening)),
        Total(wording("movements"), wording.amount(moved)),
        Total(
            wording("closing_balance", currency=facts.currency),
            wording.amount(closing),
            strong=True,
        ),
    ]


def _aged(facts: StatementFacts, wording: Wording) -> Summary:
    return Summary(
        [Column(wording("aged", day=wording.day(facts.period.ends_on)), "start"), Column("")],
        [
            [wording(f"aged.{bucket}"), wording.amount(facts.aged[bucket])]
            for bucket in AGED
            if facts.aged[bucket] or bucket == "current"
        ],
    )
