"""Staff print and mail from the console what the API prints and mails."""

import re
from html import unescape
from typing import Any
from uuid import UUID

from django.urls import reverse

from accounting.services.reference import contact_create, contact_update
from core.files.services import file_expire
from core.jobs.services import job_cancel, job_enqueue
from core.mail.models import Mail
from tests.cast import Company
from tests.console.desk import Books, Desk, books_of, read, staff
from tests.files.desk import body_of, follow
from tests.jobs.desk import run_all, states
from tests.permissions.rights import role_of

READER = "books@dawson.example.test"


def mails(company: Company) -> list[tuple[str, str]]:
    rows = Mail.objects.order_by("recipient").values_list("recipient", "state")
    found: list[tuple[str, str]] = read(company.ctx(), lambda: list(rows))
    return found


def page_at(desk: Desk, address: str) -> str:
    return desk.client.get(address).content.decode()


def with_address(company: Company) -> Books:
    books = books_of(company)
    contact_update(
        company.ctx(), contact_id=books.contact.pk, values={"email": READER}, expected_version=None
    )
    return books


def test_an_invoices_pdf_is_waited_for_on_a_page(acme: Company) -> None:
    desk, books = staff(acme), books_of(acme)
    assert reverse("admin:accounting_invoice_print", args=[books.posted.pk]) in desk.get(
        "accounting_invoice_change", books.posted.pk
    )
    made = desk.post("accounting_invoice_print", books.posted.pk)
    waiting = page_at(desk, made.url)
    assert "is being made" in waiting
    assert 'http-equiv="refresh"' in waiting
    run_all(acme)
    done = page_at(desk, made.url)
    assert 'http-equiv="refresh"' not in done
    [link] = re.findall(r'href="([^"]*/content/[^"]*)"', done)
    assert body_of(follow(unescape(link))).startswith(b"%PDF")


def test_a_file_that_is_kept_no_longer_has_no_link(acme: Company) -> None:
    desk, books = staff(acme), books_of(acme)
    made = desk.post("accounting_payment_print", books.payment.pk)
    run_all(acme)
    [file_id] = re.findall(r"files/([0-9a-f-]{36})/content/", page_at(desk, made.url))
    file_expire(acme.ctx(), file_id=UUID(file_id))
    page = page_at(desk, made.url)
    assert "no longer kept" in page
    assert "/content/" not in page


def test_a_job_that_makes_no_file_has_no_such_page(acme: Company) -> None:
    desk = staff(acme)
    job_id = job_enqueue(acme.ctx(desk.user), task="test.note", arguments={})
    run_all(acme)
    desk.get("made", job_id, status=404)


def test_what_was_called_off_is_not_said_to_be_made(acme: Company) -> None:
    desk, books = staff(acme), books_of(acme)
    made = desk.post("accounting_invoice_print", books.posted.pk)
    job_cancel(acme.ctx(), job_id=UUID(made.url.strip("/").rsplit("/", 1)[1]))
    page = page_at(desk, made.url)
    assert "was not made" in page
    assert 'http-equiv="refresh"' not in page


def test_nobody_waits_for_anothers_file(acme: Company, globex: Company) -> None:
    made = staff(acme).post("accounting_invoice_print", books_of(acme).posted.pk)
    for stranger in (staff(acme), staff(globex)):
        assert stranger.client.get(made.url).status_code == 404


def test_a_document_is_mailed_to_whom_one_says(acme: Company) -> None:
    desk, books = staff(acme), with_address(acme)
    page = desk.get("accounting_invoice_change", books.posted.pk)
    assert 'name="recipients"' in page
    body = {"recipients": "ann@example.test, bob@example.test", "message": "As agreed."}
    desk.post("accounting_invoice_send", books.posted.pk, body=body)
    assert "being sent" in desk.said()
    desk.post("accounting_invoice_send", books.posted.pk)
    readers = ["ann@example.test", "bob@example.test", READER]
    assert [to for to, _ in mails(acme)] == readers


def test_a_bill_is_printed_for_the_files_and_mailed_to_nobody(acme: Company) -> None:
    desk, books = staff(acme), with_address(acme)
    page = desk.get("accounting_bill_change", books.bill.pk)
    assert reverse("admin:accounting_bill_print", args=[books.bill.pk]) in page
    assert 'name="recipients"' not in page
    desk.post("accounting_bill_send", books.bill.pk, status=403)


def test_a_mistake_in_an_address_sends_nothing(acme: Company) -> None:
    desk, books = staff(acme), with_address(acme)
    body = {"recipients": "ann@example.test; bob"}
    desk.post("accounting_invoice_send", books.posted.pk, body=body)
    assert "Nothing was sent" in desk.said()
    assert mails(acme) == []


def test_many_are_mailed_to_their_contacts_and_drafts_stay(acme: Company) -> None:
    desk, books = staff(acme), with_address(acme)
    chosen = [books.posted.pk, books.paid.pk, books.draft.pk]
    desk.act("accounting_invoice_changelist", "send_selected", chosen)
    said = desk.said()
    assert "2 are being sent" in said
    assert "Only what is posted" in said
    assert len(mails(acme)) == 2


def test_statements_are_printed_one_at_a_time_and_mailed_to_many(acme: Company) -> None:
    desk, books = staff(acme), with_address(acme)
    silent = contact_create(acme.ctx(), values={"name": "No address", "is_customer": True})
    both = [books.contact.pk, silent.pk]
    desk.act("accounting_contact_changelist", "statement", both)
    assert "one contact at a time" in desk.said()
    made = desk.act("accounting_contact_changelist", "statement", [books.contact.pk])
    run_all(acme)
    assert "/content/" in page_at(desk, made.url)
    desk.act("accounting_contact_changelist", "send_statements", both)
    said = desk.said()
    assert "being sent" in said
    assert "No address has no e-mail address" in said
    assert [to for to, _ in mails(acme)] == [READER]


def test_who_may_only_look_neither_prints_nor_mails(acme: Company) -> None:
    books = with_address(acme)
    desk = desk_that_looks(acme)
    page = desk.get("accounting_invoice_change", books.posted.pk)
    for verb in ("print", "send"):
        address = reverse(f"admin:accounting_invoice_{verb}", args=[books.posted.pk])
        assert address not in page
        desk.post(f"accounting_invoice_{verb}", books.posted.pk, status=403)
    for name, action in (("invoice", "send_selected"), ("contact", "send_statements")):
        ids: list[Any] = [books.posted.pk if name == "invoice" else books.contact.pk]
        desk.act(f"accounting_{name}_changelist", action, ids, status=403)
    assert states(acme) == []


def desk_that_looks(company: Company) -> Desk:
    codes = ("accounting.invoices.view", "accounting.contacts.view")
    return staff(company, role=role_of(company, *codes)["code"])
