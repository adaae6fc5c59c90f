"""Erasing a contact: the books keep its row and its id, and nothing that says who it was."""

from datetime import date
from uuid import UUID

from django.db.models import F, Max, Q, QuerySet

from accounting.caches import void
from accounting.errors import ContactErased
from accounting.events import ReferenceDataChanged
from accounting.models import CompanySettings, Contact, Document, JournalLine, Payment
from core.errors import Conflict, NotFound, require
from core.jobs import outbox
from core.mail.purge import mail_files_end
from core.privacy.erasure import (
    Ground,
    answers_of_person_forget,
    ground_say,
    log_erase,
    rows_forget,
    take_time,
)
from core.privacy.register import CONTACT
from core.privacy.report import Person, Row, report_make
from core.tenancy.context import Context
from core.tenancy.transactions import command

#: What says who somebody is. The country stays: taxes were computed by it.
EMPTIED = ("reference", "email", "address", "tax_number")


class ContactNeeded(Conflict):
    """Drafts, or something that is still owed."""

    def __init__(self, documents: int, payments: int) -> None:
        super().__init__(
            f"{documents} documents and {payments} payments of this contact are drafts or open. "
            "Settle, reverse or delete them first."
        )


class ContactKeptByLaw(Conflict):
    def __init__(self, until: date) -> None:
        super().__init__(
            f"The company must be able to show its books until {until}, and this contact is in "
            "them. Deactivate it until then."
        )


@command
def contact_erase(ctx: Context, *, contact_id: UUID, ground: Ground = Ground.REQUESTED) -> Contact:
    """Empty everything that says who a contact is, here and in the audit log. For good.

    Its documents, payments and journals stay as they are. Refused while something of it is a
    draft or open, and for the years that the law wants books to be kept: until the end of
    the calendar year that is `books_kept_years` after that of its last document or payment.
    """
    take_time()
    contact = Contact.objects.select_for_update().filter(pk=contact_id).first()
    if contact is None:
        raise NotFound
    require(contact.erased_at is None, ContactErased())
    _require_settled(contact)
    _require_past(ctx, contact)
    ground_say(ctx, ground, "contact.erase")
    said = [contact.name, *(getattr(contact, name) for name in EMPTIED)]
    Contact.objects.filter(pk=contact.pk).update(
        name=f"Erased contact {contact.pk.hex[-6:]}",
        is_active=False,
        erased_at=ctx.now,
        version=F("version") + 1,
        **dict.fromkeys(EMPTIED, ""),
    )
    log_erase(ctx, table=Contact._meta.db_table, row_ids=[contact.pk])
    answers_of_person_forget(ctx, [contact.pk], said)
    mail_files_end(ctx, person_id=contact.pk)
    rows_forget(ctx, kind=CONTACT, person_id=contact.pk)
    void(ctx, Contact)
    outbox.announce(ctx, ReferenceDataChanged("contact", contact.pk))
    return Contact.objects.get(pk=contact.pk)


@command
def contact_report(ctx: Context, *, contact_id: UUID) -> Row:
    """Everything that the company holds of a contact; that it was asked for is recorded."""
    require(Contact.objects.filter(pk=contact_id).exists(), NotFound())
    return report_make(ctx, person=Person(CONTACT, contact_id))


def _require_settled(contact: Contact) -> None:
    documents = Document.objects.filter(
        Q(state="draft") | Q(state="posted", allocated__lt=F("total")), contact=contact
    ).count()
    payments = Payment.objects.filter(
        Q(state="draft") | Q(state="posted", allocated__lt=F("amount")), contact=contact
    ).count()
    require(not (documents or payments), ContactNeeded(documents, payments))


def _lines(contact: Contact) -> QuerySet[JournalLine]:
    """Postings that name it, also those of journals that somebody wrote by hand."""
    found: QuerySet[JournalLine] = JournalLine.objects.filter(contact=contact)
    return found


def _require_past(ctx: Context, contact: Contact) -> None:
    years = CompanySettings.objects.values_list("books_kept_years", flat=True).get()
    last_days = [
        Document.objects.filter(contact=contact).aggregate(last=Max("issued_on"))["last"],
        Payment.objects.filter(contact=contact).aggregate(last=Max("paid_on"))["last"],
        _lines(contact).aggregate(last=Max("effective_on"))["last"],
    ]
    booked = [day for day in last_days if day is not None]
    if booked and years:
        until = date(max(booked).year + years, 12, 31)
        require(until < ctx.today, ContactKeptByLaw(until))
