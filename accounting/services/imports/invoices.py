"""Import of invoices: the Online Retail file. What its lines mean is said in `retail`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import NamedTuple
from uuid import UUID

from accounting.models import (
    AccountRole,
    CompanySettings,
    Contact,
    Document,
    DocumentKind,
    Journal,
    SeriesKind,
)
from accounting.models.documents import SALES_SIDE
from accounting.selectors.facts import facts_get
from accounting.selectors.reference import settings_get
from accounting.services.documents import documents_create
from accounting.services.imports.batches import Steps, book_in_chunks
from accounting.services.imports.countries import country_code
from accounting.services.imports.groups import grouped
from accounting.services.imports.report import Progress, Refused, Report, Summary, no_progress
from accounting.services.imports.retail import (
    ADJUSTMENT,
    COLUMNS,
    STOCK_CORRECTION,
    WALK_IN,
    RetailDocument,
    document_input,
    retail_document,
)
from accounting.services.imports.sources import Source
from accounting.services.journals import JournalInput, JournalLineInput, journals_create
from accounting.services.reference import contacts_create
from core.imports import SourceUnusable
from core.tenancy.context import Context
from core.tenancy.transactions import command

CURRENCY = "GBP"


def invoices_import(
    ctx: Context, *, path: Path, report_path: Path, progress: Progress = no_progress
) -> Summary:
    """Book every document of the file that is not booked yet; returns where its rows went.

    Not one command but one for each chunk: what was booked stays booked when the
    import is stopped, and the next run finds it. Raises SourceUnusable when the
    file is not one of these, or the company does not keep its books in pounds.
    """
    started = perf_counter()
    summary = Summary()
    currency = settings_get(ctx).base_currency
    if currency != CURRENCY:
        raise SourceUnusable(f"The file is in {CURRENCY}, this company's books are in {currency}.")
    with Source(path, COLUMNS) as source, Report(report_path, summary) as report:
        run = _Run(ctx, summary, report)
        book_in_chunks(
            run.documents(source),
            Steps(run.book, report.refuse_record, run.count),
            lambda: progress(source.bytes_read, summary.lines),
        )
    summary.seconds = perf_counter() - started
    return summary


class Booked(NamedTuple):
    """What became of a chunk."""

    new: list[RetailDocument]
    known: list[RetailDocument]
    differing: list[RetailDocument]
    contacts: int


@command
def retail_book(ctx: Context, *, documents: Sequence[RetailDocument]) -> Booked:
    """Book those of `documents` that are not, with the customers that they need.

    Locks the company's settings, so that two imports at once take turns and the
    second sees what the first has booked.
    """
    CompanySettings.objects.select_for_update().get()
    booked = _amounts_by_reference([document.reference for document in documents])
    new: list[RetailDocument] = []
    known: list[RetailDocument] = []
    differing: list[RetailDocument] = []
    for document in documents:
        if document.reference not in booked:
            new.append(document)
        elif booked[document.reference] == abs(document.amount):
            known.append(document)
        else:
            differing.append(document)
    contacts, created = _contacts(ctx, [d for d in new if d.kind != ADJUSTMENT])
    for kind in (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE):
        inputs = [document_input(d, contacts[d.customer]) for d in new if d.kind == kind]
        if inputs:
            documents_create(ctx, documents=inputs, post=True)
    adjustments = [document for document in new if document.kind == ADJUSTMENT]
    if adjustments:
        journals_create(ctx, journals=list(_adjustments(ctx, adjustments)), post=True)
    return Booked(new, known, differing, created)


@dataclass(frozen=True, slots=True)
class _Run:
    """One import: what it was told, and where it counts."""

    ctx: Context
    summary: Summary
    report: Report

    def documents(self, source: Source) -> Iterator[RetailDocument]:
        """What is to be booked, in the order of the file; the rest is reported."""
        for group in grouped(source.rows(), self.report.refuse_stretch):
            try:
                document = retail_document(group)
            except Refused as error:
                self.report.refuse(group.key, group.rows, error)
                continue
            if document.kind == STOCK_CORRECTION:
                self.report.set_aside(group.key, group.rows, STOCK_CORRECTION)
            else:
                yield document

    def book(self, documents: Sequence[RetailDocument]) -> Booked:
        return retail_book(self.ctx, documents=documents)

    def count(self, booked: Booked) -> None:
        summary = self.summary
        for document in booked.new:
            summary.book(document.kind, len(document.lines), document.amount)
            summary.rounded_lines += document.rounded_lines
            summary.rounding += document.rounding
        for document in booked.known:
            summary.known.add(len(document.lines), document.amount)
        for document in booked.differing:
            reason = f"{document.reference} is booked already, with another total"
            self.report.refuse_record(document, reason)
        created = summary.created.get("contacts", 0)
        summary.created["contacts"] = created + booked.contacts


def _amounts_by_reference(references: Sequence[str]) -> dict[str, Decimal]:
    """What is booked already, as amounts without sign, by InvoiceNo."""
    documents = Document.objects.filter(kind__in=SALES_SIDE, reference__in=references)
    found = dict(documents.exclude(reference="").values_list("reference", "total"))
    # Journals of documents carry the document's reference, so only manual ones are asked for.
    manual = [reference for reference in references if reference not in found]
    journals = Journal.objects.filter(series__kind=SeriesKind.JOURNAL, reference__in=manual)
    for journal in journals.exclude(reference="").prefetch_related("lines"):
        found[journal.reference] = sum((x.debit for x in journal.lines.all()), Decimal(0))
    return found


def _contacts(ctx: Context, documents: Iterable[RetailDocument]) -> tuple[dict[str, UUID], int]:
    """Customers by reference, those that are missing made; and how many these were."""
    countries: dict[str, str] = {}
    # A customer is of the country that his first document names.
    for document in documents:
        countries.setdefault(document.customer, document.country)
    known = Contact.objects.filter(reference__in=countries).exclude(reference="")
    found: dict[str, UUID] = dict(known.values_list("reference", "id"))
    missing = [
        {
            "name": "Walk-in customer" if reference == WALK_IN else f"Customer {reference}",
            "reference": reference,
            "country": "" if reference == WALK_IN else country_code(country),
        }
        for reference, country in countries.items()
        if reference not in found
    ]
    created = contacts_create(ctx, contacts=missing) if missing else []
    found.update({contact.reference: contact.id for contact in created})
    return found, len(created)


def _adjustments(ctx: Context, documents: Iterable[RetailDocument]) -> Iterator[JournalInput]:
    """A negative amount is debt given up: expense, against the allowance."""
    facts = facts_get(ctx, kind=SeriesKind.JOURNAL)
    expense = facts.account_with(AccountRole.BAD_DEBTS)
    allowance = facts.account_with(AccountRole.BAD_DEBT_ALLOWANCE)
    for document in documents:
        yield JournalInput(
            effective_on=document.issued_on,
            narration=document.lines[0].description,
            reference=document.reference,
            lines=[
                JournalLineInput(expense, -document.amount),
                JournalLineInput(allowance, document.amount),
            ],
        )
