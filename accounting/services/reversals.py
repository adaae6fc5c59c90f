"""Reversing what is posted: a second journal with every sign turned, linked to the first."""

from datetime import date
from uuid import UUID

from accounting.errors import NotPosted
from accounting.ledger import Posting
from accounting.models import Journal, JournalState, SeriesKind
from accounting.selectors.facts import facts_get
from accounting.services.booking import Booking, ToPost, book, series_of
from core.errors import Conflict, Invalid, NotFound, require
from core.tenancy.context import Context


def journal_reversal_book(ctx: Context, journal_id: UUID, effective_on: date | None) -> UUID:
    """Book the reversal of a posted journal, today unless said otherwise; returns its id.

    Part of a command; takes the lock on the series of journals.
    """
    journal = Journal.objects.select_for_update().filter(pk=journal_id).first()
    if journal is None:
        raise NotFound
    require(
        journal.state == JournalState.POSTED, NotPosted("Only a posted journal can be reversed.")
    )
    reversed_already = Journal.objects.filter(reverses=journal).exists()
    require(not reversed_already, Conflict("This journal is reversed already."))
    day = effective_on or max(ctx.today, journal.effective_on)
    if day < journal.effective_on:
        raise Invalid.field("effective_on", "Before the journal that it reverses.")
    booking = Booking()
    row = booking.add_journal(
        day,
        [Posting(line.account_id, -line.amount, line.contact_id) for line in journal.lines.all()],
        narration=f"Reversal of {journal.number}",
        reference=journal.reference,
        reverses_id=journal.id,
    )
    facts = facts_get(ctx, kind=SeriesKind.JOURNAL)
    series_id = series_of(ctx, facts, SeriesKind.JOURNAL, day)
    book(ctx, booking, [ToPost(row["id"], series_id)])
    reversal_id: UUID = row["id"]
    return reversal_id
