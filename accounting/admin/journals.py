"""Journals: what documents and payments posted, and what accountants posted by hand."""

from datetime import date

from django.contrib import admin
from django.db.models import prefetch_related_objects
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter

from accounting.admin.display import NOTHING, link, links, pill, postings_table
from accounting.admin.posting import PostingAdmin
from accounting.models import Document, Journal, Payment
from accounting.services.journals import journal_post, journal_reverse
from core.exports.console import ExportedList
from core.tenancy.admin import Fact, Record, StaffRequest
from core.tenancy.context import Context


@admin.register(Journal)
class JournalAdmin(ExportedList, PostingAdmin):
    page = "accounting.journals"
    date_field = "effective_on"
    list_display = ("name", "effective", "narration", "reference", "status")
    list_filter = (("state", ChoicesDropdownFilter), ("effective_on", RangeDateFilter))
    search_fields = ("number__icontains", "reference__icontains", "narration__icontains")
    search_help_text = "Number, reference or narration"

    def post_record(self, ctx: Context, record: Journal) -> str:
        return str(journal_post(ctx, journal_id=record.id))

    def reverse_record(self, ctx: Context, record: Journal, effective_on: date | None) -> str:
        reversal = journal_reverse(ctx, journal_id=record.id, effective_on=effective_on)
        return f"{record} (by {reversal})"

    def can_reverse(self, record: Journal) -> bool:
        """Only what was posted by hand, once: documents and payments are reversed themselves."""
        booked_by_hand = not _owners(record) and record.reverses_id is None
        return super().can_reverse(record) and booked_by_hand and not record.reversals.all()

    @admin.display(description="number", ordering="sequence")
    def name(self, journal: Journal) -> str:
        return journal.number or "Draft"

    @admin.display(description="effective", ordering="effective_on")
    def effective(self, journal: Journal) -> str:
        return str(journal.effective_on)

    @admin.display(description="status", ordering="state")
    def status(self, journal: Journal) -> SafeString:
        return pill(journal.state)

    def record(self, request: StaffRequest, obj: Journal) -> Record:
        user = request.user
        prefetch_related_objects([obj], "documents", "payments", "reversals")
        facts = [
            Fact("Effective", str(obj.effective_on)),
            Fact("Status", pill(obj.state)),
            Fact("Posts", links(user, _owners(obj))),
            Fact("Narration", obj.narration or NOTHING),
            Fact("Reference", obj.reference or NOTHING),
            Fact("Reverses", link(user, obj.reverses)),
            Fact("Reversed by", links(user, obj.reversals.all())),
        ]
        table = postings_table(user, obj, title="Postings")
        shown = [fact for fact in facts if fact.value != NOTHING]
        return Record(shown, [table], self.buttons(request, obj))


def _owners(journal: Journal) -> list[Document | Payment]:
    return [*journal.documents.all(), *journal.payments.all()]
