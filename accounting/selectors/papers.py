"""What the company's papers are made of: one read for each, in one moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, Q, Sum

from accounting.models import (
    AccountRole,
    Allocation,
    Contact,
    Document,
    JournalLine,
    JournalState,
    Letterhead,
    Payment,
)
from accounting.selectors.documents import HEADER, line_rows
from accounting.selectors.reference import settings_get
from accounting.selectors.reports import BUCKETS, aged_balances
from core.errors import Invalid, NotFound
from core.tenancy.context import Context
from core.tenancy.models import Tenant
from core.tenancy.transactions import query

Row = dict[str, Any]
#: Of one statement: about forty pages.
MOVEMENTS_MAX = 2_000
ROLES = {"receivables": AccountRole.RECEIVABLE, "payables": AccountRole.PAYABLE}


@dataclass(frozen=True, slots=True)
class Parties:
    """Who writes to whom."""

    company: str
    letterhead: Letterhead
    contact: Contact


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A document with its lines; `corrected` is the document that it corrects."""

    parties: Parties
    row: Row
    lines: list[Row]
    corrected: Row | None


@dataclass(frozen=True, slots=True)
class StatementPeriod:
    contact_id: UUID
    side: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """Movements of a contact's account. Amounts grow with what is owed: by the customer on the
    side of receivables, by the company on that of payables."""

    parties: Parties
    period: StatementPeriod
    currency: str
    opening: Decimal
    movements: list[Row]
    aged: Row

    @property
    def closing(self) -> Decimal:
        return self.opening + sum((one["amount"] for one in self.movements), Decimal(0))


@dataclass(frozen=True, slots=True)
class RemittanceFacts:
    """A payment and what it settles, by document."""

    parties: Parties
    payment: Payment
    settled: list[Row]


@query
def letterhead_get(ctx: Context) -> Letterhead:
    """The company's, or an empty one of version 0."""
    return Letterhead.objects.first() or Letterhead(version=0)


@query
def document_facts(ctx: Context, *, kind: str, document_id: UUID) -> DocumentFacts:
    """Raises NotFound where there is none of this kind."""
    found = Document.objects.filter(kind=kind, pk=document_id)
    row = found.values(*HEADER).first()
    if row is None:
        raise NotFound
    corrected = Document.objects.filter(pk=row["corrects_id"]).values("kind", "number", "issued_on")
    return DocumentFacts(
        _parties(ctx, row["contact_id"]),
        row,
        line_rows([document_id])[document_id],
        corrected.first() if row["corrects_id"] else None,
    )


@query
def statement_facts(ctx: Context, *, period: StatementPeriod) -> StatementFacts:
    """Raises NotFound, or Invalid where there are more movements than a paper holds."""
    parties = _parties(ctx, period.contact_id)
    sign = 1 if period.side == "receivables" else -1
    postings = JournalLine.objects.filter(
        contact=period.contact_id,
        account__role=ROLES[period.side],
        journal__state=JournalState.POSTED,
    )
    before = postings.filter(effective_on__lt=period.starts_on).aggregate(sum=Sum("amount"))
    within = postings.filter(effective_on__range=(period.starts_on, period.ends_on))
    rows = list(
        within.order_by("effective_on", "id").values(
            "effective_on", "amount", "journal_id", journal_number=F("journal__number")
        )[: MOVEMENTS_MAX + 1]
    )
    if len(rows) > MOVEMENTS_MAX:
        raise Invalid.field("starts_on", f"{MOVEMENTS_MAX} movements at most: a shorter period.")
    named = _named([row["journal_id"] for row in rows])
    movements = [
        row | {"amount": sign * row["amount"], **named.get(row["journal_id"], {})} for row in rows
    ]
    opening = sign * (before["sum"] or Decimal(0))
    currency = settings_get(ctx).base_currency
    aged = _aged(ctx, period)
    return StatementFacts(parties, period, currency, opening, movements, aged)


@query
def remittance_facts(ctx: Context, *, payment_id: UUID) -> RemittanceFacts:
    payment = Payment.objects.filter(pk=payment_id).first()
    if payment is None:
        raise NotFound
    settled = (
        Allocation.objects.filter(payment=payment)
        .values(
            "document_id",
            kind=F("document__kind"),
            number=F("document__number"),
            reference=F("document__reference"),
            issued_on=F("document__issued_on"),
            total=F("document__total"),
        )
        .annotate(settled=Sum("amount"))
        .filter(~Q(settled=0))
        .order_by("issued_on", "document_id")
    )
    return RemittanceFacts(_parties(ctx, payment.contact_id), payment, list(settled))


def _parties(ctx: Context, contact_id: UUID) -> Parties:
    contact = Contact.objects.filter(pk=contact_id).first()
    if contact is None:
        raise NotFound
    company = Tenant.objects.values_list("name", flat=True).get(pk=ctx.tenant_id)
    return Parties(company, letterhead_get(ctx), contact)


def _named(journal_ids: Iterable[UUID]) -> dict[UUID, Row]:
    """What each journal is the booking of: `kind`, `number`, `reference`; of a reversal also
    that it is one."""
    ids, found = list(journal_ids), {}
    for model in (Document, Payment):
        columns = ("kind", "number", "reference")
        of = model.objects.filter(Q(journal__in=ids) | Q(reversal__in=ids))
        for row in of.values("journal_id", "reversal_id", *columns):
            said = {name: row[name] for name in columns}
            found[row["journal_id"]] = said | {"is_reversal": False}
            found[row["reversal_id"]] = said | {"is_reversal": True}
    return found


def _aged(ctx: Context, period: StatementPeriod) -> Row:
    report = aged_balances(ctx, side=period.side, as_of=period.ends_on)
    for row in report["rows"]:
        if row["contact_id"] == period.contact_id:
            return {bucket: row[bucket] for bucket in BUCKETS}
    return dict.fromkeys(BUCKETS, Decimal(0))
