"""Invoices, bills, credit and debit notes on paper."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from accounting.models import DocumentKind, DocumentState
from accounting.models.documents import DEMANDS
from accounting.printing.parts import (
    bank_of,
    filled,
    footer_of,
    recipient_of,
    sender_of,
    tax_number_of,
    wording_of,
)
from accounting.printing.wording import Wording
from accounting.selectors.papers import DocumentFacts
from core.printing.paper import Attachment, Carried, Column, Pair, Paper, Row, Summary, Total

Line = dict[str, Any]
STAMPS = {DocumentState.DRAFT: "stamp.draft", DocumentState.REVERSED: "stamp.reversed"}


def document_paper(facts: DocumentFacts, attachments: tuple[Attachment, ...] = ()) -> Paper:
    """As it stands: a draft has no number and says that it is one."""
    row, parties = facts.row, facts.parties
    wording = wording_of(parties, row["currency"])
    stamp = STAMPS.get(row["state"])
    return Paper(
        title=title_of(wording, row["kind"], row["number"]),
        language=wording.language,
        made_at=row["posted_at"] or row["created_at"],
        sender=sender_of(parties, wording),
        recipient=recipient_of(parties, wording),
        page_of=wording("page"),
        subtitle=_corrected(facts, wording),
        stamp=stamp and wording(stamp),
        facts=_facts(facts, wording),
        intro=row["narration"],
        columns=_columns(facts.lines, wording),
        rows=list(_rows(facts.lines, wording)),
        carried=Carried(wording("brought_forward"), wording("carried_forward")),
        totals=_totals(row, wording, with_taxes=_has_taxes(facts.lines)),
        summary=_taxes(facts.lines, wording),
        payment_title=_payment_title(facts, wording),
        payment=_payment(facts, wording),
        notes=_notes(facts, wording),
        footer=footer_of(parties, wording),
        accent=parties.letterhead.color,
        logo=bytes(parties.letterhead.logo),
        attachments=attachments,
    )


def title_of(wording: Wording, kind: str, number: str | None) -> str:
    return " ".join(filter(None, [wording(f"title.{kind}"), number]))


def _corrected(facts: DocumentFacts, wording: Wording) -> str:
    one = facts.corrected
    if one is None:
        return ""
    day = wording.day(one["issued_on"])
    title = wording(f"title.{one['kind']}")
    return wording("corrects", title=title, number=one["number"], day=day)


def _facts(facts: DocumentFacts, wording: Wording) -> list[Pair]:
    row = facts.row
    is_owed = row["kind"] in DEMANDS
    return filled(
        [
            (wording("number"), row["number"] or ""),
            (wording("issued_on"), wording.day(row["issued_on"])),
            (wording("due_on"), wording.day(row["due_on"]) if is_owed else ""),
            (wording("reference"), row["reference"]),
            tax_number_of(facts.parties.contact, wording),
        ]
    )


def _columns(lines: list[Line], wording: Wording) -> list[Column]:
    discount = [Column(wording("discount"))] if _has_discounts(lines) else []
    tax = [Column(wording("tax_rate"))] if _has_taxes(lines) else []
    return [
        Column(wording("description"), "start", wide=True),
        Column(wording("quantity")),
        Column(wording("unit_price")),
        *discount,
        *tax,
        Column(wording("net")),
    ]


def _rows(lines: list[Line], wording: Wording) -> Iterable[Row]:
    sum_ = Decimal(0)
    with_discounts, with_taxes = _has_discounts(lines), _has_taxes(lines)
    for line in lines:
        sum_ += line["net"]
        said = [line["description"] or line["item_code"]]
        if line["description"] and line["item_code"]:
            said.append(line["item_code"])
        percent = line["discount_percent"]
        discount = [wording.percent(percent) if percent else ""] if with_discounts else []
        tax = [wording.percent(line["tax_rate"]) if line["tax_id"] else ""] if with_taxes else []
        yield Row(
            [
                said,
                wording.quantity(line["quantity"]),
                wording.price(line["unit_price"]),
                *discount,
                *tax,
                wording.amount(line["net"]),
            ],
            wording.amount(sum_),
        )


def _has_discounts(lines: list[Line]) -> bool:
    return any(line["discount_percent"] for line in lines)


def _has_taxes(lines: list[Line]) -> bool:
    return any(line["tax_id"] for line in lines)


def _totals(row: Line, wording: Wording, *, with_taxes: bool) -> list[Total]:
    """What the reader owes stands last; of what is not owed there is no such line."""
    currency = row["currency"]
    totals = [Total(wording("total", currency=currency), wording.amount(row["total"]), strong=True)]
    if with_taxes:
        totals = [
            Total(wording("net_total"), wording.amount(row["net"])),
            Total(wording("tax_total"), wording.amount(row["tax"])),
            *totals,
        ]
    if row["allocated"] and row["kind"] in DEMANDS:
        due = row["total"] - row["allocated"]
        totals.append(Total(wording("settled"), wording.amount(-row["allocated"])))
        totals.append(Total(wording("due", currency=currency), wording.amount(due), strong=True))
    return totals


def _taxes(lines: list[Line], wording: Wording) -> Summary | None:
    """Net, tax and gross by rate; they add up to the document's own."""
    sums: dict[Decimal | None, list[Decimal]] = {}
    for line in lines:
        rate = line["tax_rate"].normalize() if line["tax_id"] else None
        group = sums.setdefault(rate, [Decimal(0), Decimal(0)])
        group[0] += line["net"]
        group[1] += line["tax_amount"]
    if not _has_taxes(lines):
        return None
    ordered = sorted(sums.items(), key=lambda one: (one[0] is None, -(one[0] or 0)))
    return Summary(
        [Column(wording(name)) for name in ("tax_rate", "net", "tax", "gross")],
        [
            [
                wording("no_tax") if rate is None else wording.percent(rate),
                *(wording.amount(amount) for amount in (net, tax, net + tax)),
            ]
            for rate, (net, tax) in ordered
        ],
    )


def _payment_title(facts: DocumentFacts, wording: Wording) -> str:
    row = facts.row
    if row["kind"] != DocumentKind.INVOICE or row["state"] == DocumentState.REVERSED:
        return ""
    due = row["total"] - row["allocated"]
    if not due:
        return wording("paid") if row["total"] else ""
    day = wording.day(row["due_on"])
    return wording("please_pay", amount=wording.amount(due), currency=row["currency"], day=day)


def _payment(facts: DocumentFacts, wording: Wording) -> list[Pair]:
    row = facts.row
    is_owed = row["kind"] == DocumentKind.INVOICE and row["total"] > row["allocated"]
    if not is_owed or row["state"] == DocumentState.REVERSED:
        return []
    return bank_of(facts.parties.letterhead, wording, row["number"] or "")


def _notes(facts: DocumentFacts, wording: Wording) -> list[str]:
    """The company's terms stand on what the company demands."""
    notes = []
    if any(line["tax_inclusive"] for line in facts.lines):
        notes.append(wording("prices_include_tax"))
    if facts.row["kind"] == DocumentKind.INVOICE:
        notes += facts.parties.letterhead.payment_note.splitlines()
    return [note for note in notes if note.strip()]
