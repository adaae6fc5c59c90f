"""Every kind of paper: what it is read from, how it is laid out, and how a mail speaks of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounting.models import Contact, DocumentKind, PaymentKind
from accounting.printing.documents import document_paper
from accounting.printing.parts import sender_of, wording_of
from accounting.printing.remittances import remittance_paper
from accounting.printing.statements import statement_paper
from accounting.printing.wording import LANGUAGES, Wording, words_of
from accounting.selectors.papers import (
    DocumentFacts,
    RemittanceFacts,
    StatementFacts,
    StatementPeriod,
    document_facts,
    remittance_facts,
    statement_facts,
)
from core.mail.kinds import MailKind
from core.printing.paper import Paper
from core.tenancy.context import Context

Facts = DocumentFacts | StatementFacts | RemittanceFacts
STATEMENT, REMITTANCE = "statement", "remittance"
#: Kind of paper to what stands before its action in a permission.
PAGES = {
    DocumentKind.INVOICE: "accounting.invoices",
    DocumentKind.BILL: "accounting.bills",
    DocumentKind.CREDIT_NOTE: "accounting.credit-notes",
    DocumentKind.DEBIT_NOTE: "accounting.debit-notes",
    STATEMENT: "accounting.contacts",
    REMITTANCE: "accounting.payments",
}
OF_PERIOD = ("starts_on", "ends_on")
OF_PAPER = ("number", "day")
#: Kind of mail to the placeholders of its words besides those of every paper.
MAILS = {
    "invoice": (*OF_PAPER, "due_on"),
    "credit_note": OF_PAPER,
    "debit_note": OF_PAPER,
    "statement": OF_PERIOD,
    "remittance": OF_PAPER,
    "receipt": OF_PAPER,
}
EVERY = ("company", "contact", "total", "currency")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One paper. `id` is that of the document, of the statement's contact, or of the payment."""

    kind: str
    id: UUID
    side: str = "receivables"
    starts_on: date | None = None
    ends_on: date | None = None

    def arguments(self) -> dict[str, Any]:
        """As a job keeps it."""
        days = {name: str(day) for name in OF_PERIOD if (day := getattr(self, name))}
        return {"kind": self.kind, "id": str(self.id), "side": self.side} | days

    def dated(self, today: date) -> "Wanted":
        """A statement of this year so far, where nothing else was said."""
        if self.kind != STATEMENT:
            return self
        ends_on = self.ends_on or today
        return replace(
            self, starts_on=self.starts_on or ends_on.replace(month=1, day=1), ends_on=ends_on
        )

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> "Wanted":
        days = {n: date.fromisoformat(arguments[n]) for n in OF_PERIOD if n in arguments}
        return cls(arguments["kind"], UUID(arguments["id"]), arguments["side"], **days)


@dataclass(frozen=True, slots=True)
class Draft:
    """A paper before it is typeset, and what a mail says of it."""

    paper: Paper
    contact: Contact
    language: str
    mail_kind: str
    values: Mapping[str, str]
    file_name: str
    is_final: bool


def draft_of(ctx: Context, wanted: Wanted) -> Draft:
    """Read it in one moment. Raises NotFound, or Invalid where it is too long."""
    if wanted.kind == STATEMENT:
        return _statement(ctx, wanted)
    if wanted.kind == REMITTANCE:
        return _remittance(remittance_facts(ctx, payment_id=wanted.id))
    return _document(document_facts(ctx, kind=wanted.kind, document_id=wanted.id))


def mail_kinds() -> list[MailKind]:
    """What mails of papers say, in every language."""
    return [
        MailKind(
            f"accounting.{kind}",
            words_of("en")[f"title.{kind}"],
            (*EVERY, *placeholders),
            {
                language: (said[f"mail.{kind}.subject"], said[f"mail.{kind}.text"])
                for language in LANGUAGES
                for said in [words_of(language)]
            },
        )
        for kind, placeholders in MAILS.items()
    ]


def _document(facts: DocumentFacts) -> Draft:
    row, paper = facts.row, document_paper(facts)
    wording = wording_of(facts.parties, row["currency"])
    values = {
        "number": row["number"] or "",
        "day": wording.day(row["issued_on"]),
        "due_on": wording.day(row["due_on"]),
    }
    return _draft(facts, paper, wording, row["kind"], values | _sum(wording, row["total"]))


def _statement(ctx: Context, wanted: Wanted) -> Draft:
    starts_on, ends_on = wanted.starts_on, wanted.ends_on
    assert starts_on
    assert ends_on
    period = StatementPeriod(wanted.id, wanted.side, starts_on, ends_on)
    facts = statement_facts(ctx, period=period)
    wording = wording_of(facts.parties, facts.currency)
    values = {"starts_on": wording.day(starts_on), "ends_on": wording.day(ends_on)}
    values |= _sum(wording, facts.closing)
    return _draft(facts, statement_paper(facts), wording, STATEMENT, values)


def _remittance(facts: RemittanceFacts) -> Draft:
    payment = facts.payment
    wording = wording_of(facts.parties, payment.currency)
    values = {"number": payment.number or "", "day": wording.day(payment.paid_on)}
    kind = "receipt" if payment.kind == PaymentKind.RECEIPT else REMITTANCE
    values |= _sum(wording, payment.amount)
    return _draft(facts, remittance_paper(facts), wording, kind, values)


def _sum(wording: Wording, amount: Decimal) -> dict[str, str]:
    return {"total": wording.amount(amount), "currency": wording.currency}


def _draft(
    facts: Facts, paper: Paper, wording: Wording, kind: str, values: dict[str, str]
) -> Draft:
    parties = facts.parties
    named = {"company": sender_of(parties, wording).name, "contact": parties.contact.name}
    return Draft(
        paper=paper,
        contact=parties.contact,
        language=wording.language,
        mail_kind=f"accounting.{kind}",
        values=values | named,
        file_name=f"{paper.title}.pdf",
        is_final=paper.stamp is None,
    )
