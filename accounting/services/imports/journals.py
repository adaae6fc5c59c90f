"""Import of journals: flat postings of a ledger program. Their meaning is in `ledger_files`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, Sum

from accounting.models import Account, CompanySettings, Journal
from accounting.selectors.reference import settings_get
from accounting.services.imports.batches import Steps, book_in_chunks
from accounting.services.imports.groups import grouped
from accounting.services.imports.ledger_accounts import ledger_accounts_ensure
from accounting.services.imports.ledger_files import (
    COLUMNS,
    OPTIONAL,
    Transaction,
    transaction_of,
)
from accounting.services.imports.report import Progress, Refused, Report, Summary, no_progress
from accounting.services.imports.sources import Source
from accounting.services.journals import JournalInput, JournalLineInput, journals_create
from core.tenancy.context import Context
from core.tenancy.transactions import command

JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """A file of postings. `name` tells its transactions from those of other ledgers."""

    path: Path
    name: str


def journals_import(
    ctx: Context, *, ledger: LedgerFile, report_path: Path, progress: Progress = no_progress
) -> Summary:
    """Book every transaction of the file that is not booked yet, in the order of the file.

    A journal's reference is `<name of the ledger>:<txn>`; by it another run knows
    what is booked. Accounts are made first, in a pass of their own, because only
    the whole file tells which of them carry postings. Raises SourceUnusable.
    """
    started = perf_counter()
    summary = Summary()
    run = _Run(ctx, summary, settings_get(ctx).base_currency, ledger.name)
    with Source(ledger.path, COLUMNS, optional=OPTIONAL) as source:
        posted = {p.account for t in run.transactions(source, None) for p in t.postings}
    summary.created["accounts"] = ledger_accounts_ensure(ctx, posted=posted)
    with (
        Source(ledger.path, COLUMNS, optional=OPTIONAL) as source,
        Report(report_path, summary) as report,
    ):
        book_in_chunks(
            run.transactions(source, report),
            Steps(run.book, report.refuse_record, lambda booked: run.count(booked, report)),
            lambda: progress(source.bytes_read, summary.lines),
        )
    summary.seconds = perf_counter() - started
    return summary


class Booked(NamedTuple):
    """What became of a chunk."""

    new: list[Transaction]
    known: list[Transaction]
    differing: list[Transaction]


@command
def ledger_book(ctx: Context, *, transactions: Sequence[Transaction]) -> Booked:
    """Book those of `transactions` that are not. Locks as `retail_book` does."""
    CompanySettings.objects.select_for_update().get()
    booked = _booked([transaction.reference for transaction in transactions])
    outcome = Booked([], [], [])
    for transaction in transactions:
        if transaction.reference not in booked:
            outcome.new.append(transaction)
        elif booked[transaction.reference] == (transaction.effective_on, transaction.debit):
            outcome.known.append(transaction)
        else:
            outcome.differing.append(transaction)
    accounts = _accounts(outcome.new)
    journals = [_journal_input(transaction, accounts) for transaction in outcome.new]
    if journals:
        journals_create(ctx, journals=journals, post=True)
    return outcome


@dataclass(frozen=True, slots=True)
class _Run:
    """One import: what it was told, and where it counts."""

    ctx: Context
    summary: Summary
    currency: str
    name: str

    def transactions(self, source: Source, report: Report | None) -> Iterator[Transaction]:
        """Those that can be booked; the others are told to `report`."""
        refuse_stretch = report.refuse_stretch if report else lambda stretch: None
        for group in grouped(source.rows(), refuse_stretch):
            try:
                yield transaction_of(group, prefix=self.name, currency=self.currency)
            except Refused as error:
                if report:
                    report.refuse(group.key, group.rows, error)

    def book(self, transactions: Sequence[Transaction]) -> Booked:
        return ledger_book(self.ctx, transactions=transactions)

    def count(self, booked: Booked, report: Report) -> None:
        for transaction in booked.new:
            self.summary.book(JOURNAL, len(transaction.rows), transaction.debit)
        for transaction in booked.known:
            self.summary.known.add(len(transaction.rows), transaction.debit)
        for transaction in booked.differing:
            reason = f"{transaction.reference} is booked with another date or amount; a ledger "
            report.refuse_record(transaction, reason + "of its own needs a name of its own")


def _booked(references: Sequence[str]) -> dict[str, tuple[date, Decimal]]:
    """Day and sum of debits of what is booked already, by reference."""
    journals = Journal.objects.filter(reference__in=references).exclude(reference="")
    rows = journals.annotate(debit=Sum("lines__amount", filter=Q(lines__amount__gt=0)))
    return {
        reference: (effective_on, debit or Decimal(0))
        for reference, effective_on, debit in rows.values_list("reference", "effective_on", "debit")
    }


def _accounts(transactions: Sequence[Transaction]) -> dict[str, UUID]:
    """Accounts by full name; the one with the lowest code where a name repeats."""
    names = {posting.account for t in transactions for posting in t.postings}
    found = Account.objects.filter(name__in=names).order_by("-code")
    return dict(found.values_list("name", "id"))


def _journal_input(transaction: Transaction, accounts: dict[str, UUID]) -> JournalInput:
    return JournalInput(
        effective_on=transaction.effective_on,
        narration=transaction.narration,
        reference=transaction.reference,
        lines=[
            JournalLineInput(accounts[posting.account], posting.amount, posting.memo)
            for posting in transaction.postings
        ],
    )
