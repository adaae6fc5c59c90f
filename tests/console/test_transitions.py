"""Posting and reversing from the console: the services' rules, in the services' words."""

from accounting.models import Allocation, Document, Journal, Payment
from core.ids import uuid7
from core.jobs.models import OutboxEvent
from tests.cast import Company
from tests.console.desk import books_of, contact_of, document_of, read, reload, staff

TRANSITIONS = {
    f"accounting_{name}_reverse"
    for name in ("invoice", "bill", "creditnote", "debitnote", "payment", "allocation", "journal")
}


def test_the_buttons_post_and_reverse_an_invoice(acme: Company) -> None:
    desk = staff(acme, role="accountant")
    draft = document_of(acme, contact_of(acme))
    page = desk.get("accounting_invoice_change", draft.pk)
    assert f"/invoice/{draft.pk}/post/" in page
    assert "/reverse/" not in page

    desk.post("accounting_invoice_post", draft.pk)
    assert desk.said() == "INV-2026-00001 is posted."
    page = desk.get("accounting_invoice_change", draft.pk)
    assert "/post/" not in page
    assert f"/invoice/{draft.pk}/reverse/" in page
    event = OutboxEvent.objects.get(tenant_id=acme.tenant_id, name="document.posted")
    assert event.actor_id == desk.user.pk

    desk.post("accounting_invoice_reverse", draft.pk, body={"effective_on": "2026-03-31"})
    assert desk.said() == "INV-2026-00001 is reversed."
    reversed_ = reload(acme, Document, draft.pk)
    assert reversed_.state == "reversed"
    assert str(reload(acme, Journal, reversed_.reversal_id).effective_on) == "2026-03-31"


def test_a_refusal_leaves_the_record_whole_and_says_why(acme: Company) -> None:
    desk = staff(acme)
    books = books_of(acme)
    desk.post("accounting_invoice_reverse", books.paid.pk)
    said = desk.said()
    assert books.paid.number in said
    assert "allocated to this document" in said
    after = reload(acme, Document, books.paid.pk)
    assert (after.state, after.reversal_id) == ("posted", None)

    desk.post("accounting_journal_post", books.draft_journal.pk)
    assert "differ by 10" in desk.said()
    assert reload(acme, Journal, books.draft_journal.pk).state == "draft"

    desk.post("accounting_invoice_reverse", books.posted.pk, body={"effective_on": "2020-01-01"})
    assert "Before the journal" in desk.said()
    desk.post("accounting_invoice_reverse", books.posted.pk, body={"effective_on": "tomorrow"})
    assert "not a date" in desk.said()
    assert reload(acme, Document, books.posted.pk).state == "posted"


def test_many_drafts_are_posted_in_the_order_of_their_dates(acme: Company) -> None:
    from datetime import date

    desk = staff(acme)
    contact = contact_of(acme)
    days = [date(2026, 5, 3), date(2026, 5, 1), date(2026, 5, 2)]
    drafts = [document_of(acme, contact, issued_on=day) for day in days]
    desk.act("accounting_invoice_changelist", "post_selected", [d.pk for d in drafts])
    assert desk.said().startswith("3 are posted: INV-2026-00001, INV-2026-00002, INV-2026-00003")
    numbers = [reload(acme, Document, d.pk).number for d in drafts]
    assert numbers == ["INV-2026-00003", "INV-2026-00001", "INV-2026-00002"]


def test_one_that_fails_does_not_take_the_others_with_it(acme: Company) -> None:
    desk = staff(acme)
    books = books_of(acme)
    ids = [books.draft.pk, books.posted.pk]
    desk.act("accounting_invoice_changelist", "post_selected", ids)
    said = desk.said()
    assert "INV-2026-00003 is posted." in said
    assert f"{books.posted.number} was left as it is: This document is posted" in said
    assert reload(acme, Document, books.draft.pk).state == "posted"
    # The number after it is the next: the failed one took none.
    other = document_of(acme, books.contact)
    desk.post("accounting_invoice_post", other.pk)
    assert reload(acme, Document, other.pk).number == "INV-2026-00004"


def test_payments_journals_and_allocations(acme: Company) -> None:
    desk = staff(acme)
    books = books_of(acme)
    desk.post("accounting_payment_post", books.draft_payment.pk)
    assert reload(acme, Payment, books.draft_payment.pk).state == "posted"
    desk.post("accounting_payment_reverse", books.payment.pk)
    assert "undo the allocations first" in desk.said()
    desk.post("accounting_allocation_reverse", books.allocation.pk)
    assert "60.00 of INV-2026-00001 is undone." in desk.said()
    desk.post("accounting_payment_reverse", books.payment.pk)
    assert reload(acme, Payment, books.payment.pk).state == "reversed"
    assert read(acme.ctx(), lambda: Allocation.objects.count()) == 2
    desk.post("accounting_journal_reverse", books.journal.pk)
    assert read(acme.ctx(), lambda: Journal.objects.filter(reverses=books.journal).count()) == 1
    desk.post("accounting_journal_reverse", books.journal.pk)
    assert "reversed already" in desk.said()


def test_the_journal_of_a_document_is_not_reversed_by_itself(acme: Company) -> None:
    desk = staff(acme)
    books = books_of(acme)
    assert "/reverse/" not in desk.get("accounting_journal_change", books.posted.journal_id)
    desk.act("accounting_journal_changelist", "reverse_selected", [books.posted.journal_id])
    assert "belongs to a document" in desk.said()


def test_a_transition_needs_a_post(acme: Company) -> None:
    desk = staff(acme)
    draft = document_of(acme, contact_of(acme))
    desk.get("accounting_invoice_post", draft.pk, status=405)
    desk.get("accounting_invoice_reverse", draft.pk, status=405)
    assert reload(acme, Document, draft.pk).state == "draft"


def test_a_record_of_another_company_or_kind_is_not_found(acme: Company, globex: Company) -> None:
    desk = staff(acme)
    theirs = document_of(globex, contact_of(globex))
    bill = document_of(acme, contact_of(acme), kind="bill")
    for record_id in (theirs.pk, bill.pk, uuid7()):
        desk.post("accounting_invoice_post", record_id)
        assert "There is no such invoice." in desk.said()
        desk.act("accounting_invoice_changelist", "post_selected", [record_id])
        assert "There is no such invoice." in desk.said()
    assert reload(globex, Document, theirs.pk).state == "draft"
    assert reload(acme, Document, bill.pk).state == "draft"


def test_too_many_at_once_are_refused(acme: Company, monkeypatch) -> None:
    monkeypatch.setattr("accounting.admin.posting.BULK_MAX", 1)
    desk = staff(acme)
    contact = contact_of(acme)
    drafts = [document_of(acme, contact) for _ in range(2)]
    desk.act("accounting_invoice_changelist", "post_selected", [d.pk for d in drafts])
    assert "1 records at most" in desk.said()
    assert reload(acme, Document, drafts[0].pk).state == "draft"


def test_a_locked_record_says_so_and_stays(acme: Company) -> None:
    """Somebody else holds the draft: the page answers after the lock timeout, and nothing moved."""
    from tests.database import connect

    desk = staff(acme)
    draft = document_of(acme, contact_of(acme))
    with connect("default") as other:
        other.execute("BEGIN")
        other.execute(f"SET LOCAL app.tenant_id = '{acme.tenant_id}'")
        other.execute("SELECT 1 FROM accounting_document WHERE id = %s FOR UPDATE", [draft.pk])
        desk.post("accounting_invoice_post", draft.pk)
        other.execute("ROLLBACK")
    assert "Somebody else is working on the same records" in desk.said()
    assert reload(acme, Document, draft.pk).state == "draft"
