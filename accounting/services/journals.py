"""Manual journals: draft, post, reverse."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounting.errors import JournalNotDraft, Unbalanced
from accounting.events import JournalPosted
from accounting.ledger import Posting
from accounting.models import Document, Journal, JournalLine, JournalState, Payment, SeriesKind
from accounting.selectors.facts import Facts, facts_get
from accounting.selectors.journals import journal_get
from accounting.services.booking import Booking, Number, ToPost, book, series_of
from accounting.services.documents import require_version
from accounting.services.reversals import journal_reversal_book
from core.errors import Conflict, Invalid, NotFound, require
from core.tenancy.context import Context
from core.tenancy.transactions import command

LINES_MIN = 2
LINES_MAX = 2_000


@dataclass(frozen=True, slots=True)
class JournalLineInput:
    """A posting as it was asked for; `amount` is positive for a debit."""

    account_id: UUID
    amount: Decimal
    memo: str = ""


@dataclass(frozen=True, slots=True)
class JournalInput:
    effective_on: date
    lines: Sequence[JournalLineInput]
    narration: str = ""
    reference: str = ""


@command
def journal_create(ctx: Context, *, journal: JournalInput, post: bool = False) -> Journal:
    """A draft journal; with `post` it is numbered and in the ledger."""
    return journals_create(ctx, journals=[journal], post=post)[0]


@command
def journals_create(
    ctx: Context, *, journals: Sequence[JournalInput], post: bool = False
) -> list[Journal]:
    """Many journals at once, all or none, numbered in the order given."""
    facts = _facts(ctx, journals)
    booking, ids = Booking(), []
    for journal in journals:
        _require_sound(facts, journal, balanced=post)
        ids.append(_add(facts, booking, journal))
    if not post:
        book(ctx, booking)
        return _as_written(ctx, booking, {})
    postings = [
        ToPost(journal_id, series_of(ctx, facts, SeriesKind.JOURNAL, journal.effective_on))
        for journal_id, journal in zip(ids, journals, strict=True)
    ]
    numbers = book(ctx, booking, postings, [JournalPosted(journal_id) for journal_id in ids])
    written = _as_written(ctx, booking, numbers)
    for posted, posting in zip(written, postings, strict=True):
        posted.series_id = posting.series_id
    return written


@command
def journal_update(
    ctx: Context, *, journal_id: UUID, changes: dict[str, Any], expected_version: int | None = None
) -> Journal:
    """Change a draft: `changes` are fields of JournalInput; `lines` replaces all of them."""
    found = journal_lock(ctx, journal_id)
    require(found.is_draft, JournalNotDraft())
    require_version(found, expected_version)
    journal = replace(_as_asked_for(found), **changes)
    facts = _facts(ctx, [journal])
    _require_sound(facts, journal, balanced=False)
    JournalLine.objects.filter(journal=journal_id).delete()
    Journal.objects.filter(pk=journal_id).update(
        effective_on=journal.effective_on,
        narration=journal.narration,
        reference=journal.reference,
        version=found.version + 1,
    )
    booking = Booking()
    _add(facts, booking, journal)
    for line in booking.journal_lines:
        line["journal_id"] = journal_id
    booking.journals.clear()
    book(ctx, booking)
    return journal_get(ctx, journal_id=journal_id)


@command
def journal_delete(ctx: Context, *, journal_id: UUID, expected_version: int | None = None) -> None:
    """Delete a draft."""
    journal = journal_lock(ctx, journal_id)
    require(journal.is_draft, JournalNotDraft())
    require_version(journal, expected_version)
    journal.delete()


@command
def journal_post(ctx: Context, *, journal_id: UUID) -> Journal:
    """Number a draft journal and post it; raises Unbalanced unless it sums to zero."""
    journal = journal_lock(ctx, journal_id)
    require(journal.is_draft, JournalNotDraft())
    asked = _as_asked_for(journal)
    facts = _facts(ctx, [asked])
    _require_sound(facts, asked, balanced=True)
    series_id = series_of(ctx, facts, SeriesKind.JOURNAL, journal.effective_on)
    book(ctx, Booking(), [ToPost(journal_id, series_id)], [JournalPosted(journal_id)])
    return journal_get(ctx, journal_id=journal_id)


@command
def journal_reverse(ctx: Context, *, journal_id: UUID, effective_on: date | None = None) -> Journal:
    """Book the linked reversal of a manual journal; returns the reversal."""
    journal = journal_lock(ctx, journal_id)
    undoing = journal.reverses_id is not None
    require(not undoing, Conflict("A reversal is not reversed; book the journal again."))
    for model, noun in ((Document, "document"), (Payment, "payment")):
        owned = model.objects.filter(journal=journal).exists()
        require(not owned, Conflict(f"This journal belongs to a {noun}; reverse that."))
    reversal_id = journal_reversal_book(ctx, journal_id, effective_on)
    return journal_get(ctx, journal_id=reversal_id)


def journal_lock(ctx: Context, journal_id: UUID) -> Journal:
    """The journal, locked until the end of the command."""
    journal: Journal | None = Journal.objects.select_for_update().filter(pk=journal_id).first()
    if journal is None:
        raise NotFound
    return journal


def _as_asked_for(journal: Journal) -> JournalInput:
    """A draft as the input that would make it again."""
    lines = [JournalLineInput(x.account_id, x.amount, x.memo) for x in journal.lines.all()]
    return JournalInput(journal.effective_on, lines, journal.narration, journal.reference)


def _facts(ctx: Context, journals: Sequence[JournalInput]) -> Facts:
    accounts = {line.account_id for journal in journals for line in journal.lines}
    return facts_get(ctx, kind=SeriesKind.JOURNAL, accounts=accounts)


def _add(facts: Facts, booking: Booking, journal: JournalInput) -> UUID:
    row = booking.add_journal(
        journal.effective_on,
        [Posting(line.account_id, line.amount.quantize(facts.unit)) for line in journal.lines],
        narration=journal.narration,
        reference=journal.reference,
    )
    for line, line_row in zip(journal.lines, row["lines"], strict=True):
        line_row["memo"] = line.memo
    journal_id: UUID = row["id"]
    return journal_id


def _as_written(ctx: Context, booking: Booking, numbers: dict[UUID, Number]) -> list[Journal]:
    """The journals just inserted, with their lines, as a read would give them."""
    lines: dict[UUID, list[JournalLine]] = defaultdict(list)
    for row in booking.journal_lines:
        lines[row["journal_id"]].append(JournalLine(tenant_id=ctx.tenant_id, **row))
    return [_written_journal(ctx, row, lines, numbers) for row in booking.journals]


def _written_journal(
    ctx: Context,
    row: dict[str, Any],
    lines: dict[UUID, list[JournalLine]],
    numbers: dict[UUID, Number],
) -> Journal:
    journal = Journal(tenant_id=ctx.tenant_id, created_at=ctx.now, **row)
    if number := numbers.get(journal.id):
        journal.state = JournalState.POSTED
        journal.sequence, journal.number = number
        journal.posted_at = ctx.now
    # What prefetch_related leaves behind, without asking the database again.
    prefetched: Any = JournalLine.objects.none()
    prefetched._result_cache = lines[journal.id]
    vars(journal)["_prefetched_objects_cache"] = {"lines": prefetched}
    return journal


def _require_sound(facts: Facts, journal: JournalInput, *, balanced: bool) -> None:
    """Accounts that take postings, whole minor units, and zero in sum when it is to be posted."""
    lines = journal.lines
    few = Invalid.field("lines", f"{LINES_MIN} to {LINES_MAX} lines.")
    require(LINES_MIN <= len(lines) <= LINES_MAX, few)
    for index, line in enumerate(lines):
        name = f"lines.{index}"
        facts.postable(line.account_id, f"{name}.account_id")
        if line.amount % facts.unit:
            raise Invalid.field(f"{name}.debit", "Finer than the currency's minor unit.")
    if balanced:
        _require_balanced([line.amount for line in lines])


def _require_balanced(amounts: Sequence[Decimal]) -> None:
    debit = sum((amount for amount in amounts if amount > 0), Decimal(0))
    credit = -sum((amount for amount in amounts if amount < 0), Decimal(0))
    if debit != credit:
        raise Unbalanced(f"Debits {debit} and credits {credit} differ by {abs(debit - credit)}.")
