"""Mails leave the system once each, over real SMTP, whatever the mail server does."""

import io
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command

from accounting.printing.papers import Wanted
from accounting.services.papers import paper_send
from core.files.models import StoredFile
from core.jobs.models import JobTicket
from core.mail.message_ids import mail_of, message_id
from core.mail.models import Mail, MailState
from core.mail.outgoing import Deferred
from core.mail.selectors import mail_ready
from core.mail.services import AGAIN_AFTER, mail_conclude, mail_send, mail_send_again
from core.mail.settings import mail_settings_update
from core.tenancy.context import Context
from core.tenancy.transactions import query
from tests.accounting.books import Books, open_books
from tests.cast import Api, Company, api_of, join, new_user
from tests.jobs.desk import hurry, job_of, run_all, states, tickets
from tests.paper.desk import found, letter, mail_to, template_of
from tests.paper.mail_server import mail_server
from tests.paper.reading import amounts_after, text_of
from tests.permissions.mails import mails_of, token_to

READER = "reader@example.test"


@pytest.fixture(autouse=True)
def nothing_waits(database: None) -> None:
    """What other tests left in line would reach the server of this one."""
    JobTicket.objects.all().delete()


@pytest.fixture
def books() -> Books:
    return open_books()


@pytest.fixture
def owner(books: Books) -> Api:
    return api_of(books.company, books.company.owner)


def invoice(books: Books, owner: Api, **more: Any) -> str:
    owner.ok("PATCH", f"contacts/{books.customer}/", {"email": READER})
    return str(books.document("120.00", **more).row["id"])


# --- from the order to the reader ---------------------------------------------------------


def test_an_invoice_reaches_its_reader(books: Books, owner: Api, settings: Any) -> None:
    values = {"sender_name": "Dawson Bücher", "sender_address": "bills@dawson.example",
              "reply_to": "ask@dawson.example"}  # fmt: skip
    owner.ok("PATCH", "mail-settings/", values)
    document_id = invoice(books, owner)
    with mail_server(settings) as server:
        job_id = owner.ok("POST", f"invoices/{document_id}/send/", {"message": "Hello Ann."})[
            "job_id"
        ]
        assert server.taken == [], "never in the request"
        run_all(books.company)
    [mail] = server.mails
    assert server.envelopes == [("no-reply@localhost", [READER])]
    assert str(mail["From"]) == "Dawson Bücher <bills@dawson.example>"
    assert (str(mail["To"]), str(mail["Reply-To"])) == (READER, "ask@dawson.example")
    assert str(mail["Subject"]).startswith("Invoice INV-2026-00001 from ")
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content().replace("\r\n", "\n")
    assert text.startswith("Hello Ann.\n\nDear Dawson & Sons,")
    assert "over 120.00 GBP" in text
    [pdf] = mail.iter_attachments()
    assert pdf.get_filename() == "Invoice INV-2026-00001.pdf"
    assert [str(a) for a in amounts_after("Total GBP", text_of(pdf.get_content()))] == ["120.00"]
    result = owner.ok("GET", f"jobs/{job_id}/")["result"]
    shown = owner.ok("GET", f"mails/{result['mail_ids'][0]}/")
    assert (shown["state"], shown["recipient"]) == ("sent", READER)
    assert shown["message_id"] == mail["Message-ID"].strip()
    assert owner.ok("GET", f"files/{result['file_id']}/")["name"] == pdf.get_filename()


def test_a_pdf_is_made_by_a_job_and_fetched_by_whoever_may_print(books: Books, owner: Api) -> None:
    document_id = invoice(books, owner)
    response = owner.post(f"invoices/{document_id}/pdf/")
    assert response.status_code == 202
    run_all(books.company)
    file_id = owner.ok("GET", f"jobs/{response.data['job_id']}/")["result"]["file_id"]
    viewer = api_of(books.company, join(books.company, new_user("bob"), "viewer"))
    assert viewer.get(f"files/{file_id}/").status_code == 200
    clerk = api_of(books.company, new_user("clerk"))
    assert clerk.get(f"files/{file_id}/").status_code in (401, 404)


def test_statements_and_remittances_are_made_and_sent(
    books: Books, owner: Api, settings: Any
) -> None:
    invoice(books, owner)
    payment = books.payment("20.00")
    with mail_server(settings) as server:
        for path in (f"contacts/{books.customer}/statement/", f"payments/{payment.id}/remittance/"):
            owner.ok("POST", path)
            owner.ok("POST", f"{path}send/", {"recipients": [READER, "two@example.test"]})
        run_all(books.company)
    assert len(server.taken) == 4
    assert set(states(books.company)) == {"done"}
    subjects = {str(mail["Subject"]).split(" from ")[0].split(" to ")[0] for mail in server.mails}
    assert subjects == {"Statement of account", "Your payment"}


def test_many_are_sent_at_once_all_or_none(books: Books, owner: Api, settings: Any) -> None:
    ids = [invoice(books, owner) for _ in range(3)]
    draft = invoice(books, owner, post=False)
    with mail_server(settings) as server:
        assert owner.post("invoices/send/", {"ids": [*ids, draft]}).status_code == 409
        run_all(books.company)
        assert server.taken == []
        assert len(owner.ok("POST", "invoices/send/", {"ids": ids})["job_ids"]) == 3
        run_all(books.company)
    assert len({str(mail["Subject"]) for mail in server.mails}) == 3


def test_what_cannot_be_sent_is_refused_in_the_request(books: Books, owner: Api) -> None:
    posted = books.document("1.00").row["id"]
    refused = owner.post(f"invoices/{posted}/send/")
    assert (refused.status_code, refused.data["error"]["code"]) == (422, "INVALID")
    assert "no e-mail address" in refused.data["error"]["message"]
    draft = books.document("1.00", post=False).row["id"]
    assert owner.post(f"invoices/{draft}/send/", {"recipients": [READER]}).status_code == 409
    assert tickets(books.company).count() == 0
    assert mails_of(books.company) == []


def test_the_job_holds_no_words_of_people(books: Books, owner: Api) -> None:
    document_id = invoice(books, owner)
    body = {"recipients": ["secret.reader@example.test"], "message": "Between us two."}
    job_id = owner.ok("POST", f"invoices/{document_id}/send/", body)["job_id"]
    told = str(job_of(books.company, job_id).arguments)
    assert "reader" not in told
    assert "Between" not in told


# --- once ---------------------------------------------------------------------------------


def test_one_mail_for_each_effect_key(acme: Company) -> None:
    first = mail_to(acme, effect_key="order:1")
    second = mail_send(acme.ctx(), letter=letter("other@example.test", effect_key="order:1"))
    assert (first.pk, second.recipient) == (second.pk, READER)
    assert len(mails_of(acme)) == tickets(acme).count() == 1


def test_a_worker_that_dies_in_between_makes_no_second_mail(
    books: Books, owner: Api, settings: Any
) -> None:
    """The paper's job runs twice: the mail has its file already, and goes once."""
    document_id = invoice(books, owner)
    owner.ok("POST", f"invoices/{document_id}/send/")
    [written] = mails_of(books.company)
    wanted = Wanted("invoice", UUID(document_id))
    paper_send(books.ctx, wanted=wanted, mail_ids=[written.pk])
    with mail_server(settings) as server:
        run_all(books.company)
    assert len(server.taken) == 1


def test_a_server_that_dies_after_data_gets_the_same_bytes_again(
    acme: Company, settings: Any
) -> None:
    """It may have delivered the first one; its reader's program sees one Message-ID."""
    mail = mail_to(acme)
    with mail_server(settings, dies_after_data=True) as server:
        run_all(acme)
        assert found(acme, mail.pk).state == MailState.QUEUED
        hurry(acme)
        run_all(acme)
    first, second = server.taken
    assert first == second
    assert b"\r\nMessage-ID: <" in first, "on one line"
    assert server.mails[0]["Message-ID"].strip() == message_id(acme.tenant_id, mail.pk)
    assert found(acme, mail.pk).state == MailState.SENT


def test_a_mail_with_a_file_is_the_same_bytes_each_time(
    books: Books, owner: Api, settings: Any
) -> None:
    document_id = invoice(books, owner)
    with mail_server(settings, dies_after_data=True) as server:
        owner.ok("POST", f"invoices/{document_id}/send/")
        run_all(books.company)
        hurry(books.company)
        run_all(books.company)
    first, second = server.taken
    assert first == second


# --- the moods of mail servers ------------------------------------------------------------


def test_a_refusal_for_good_is_noted_and_not_tried_again(acme: Company, settings: Any) -> None:
    mail = mail_to(acme)
    with mail_server(settings, refusals=["550 5.1.1 No such user reader"]) as server:
        run_all(acme)
    kept = found(acme, mail.pk)
    assert (kept.state, kept.error, kept.attempts) == ("failed", "550 5.1.1", 1)
    assert tickets(acme).count() == 0
    assert server.taken == []


def test_a_greylisted_mail_is_sent_later(acme: Company, settings: Any) -> None:
    mail = mail_to(acme)
    with mail_server(settings, refusals=["451 4.7.1 Come back later"]) as server:
        run_all(acme)
        kept = found(acme, mail.pk)
        assert (kept.state, kept.error) == ("queued", "451 4.7.1")
        assert run_all(acme) == 0, "not at once"
        hurry(acme)
        run_all(acme)
    assert len(server.taken) == 1
    assert found(acme, mail.pk).state == MailState.SENT


def test_a_server_that_hangs_or_is_away_is_not_waited_for(acme: Company, settings: Any) -> None:
    settings.EMAIL_TIMEOUT = 0.5
    mail = mail_to(acme)
    with mail_server(settings, hangs=True):
        run_all(acme)
    assert found(acme, mail.pk).state == MailState.QUEUED
    hurry(acme)
    run_all(acme)  # nobody listens there any more
    kept = found(acme, mail.pk)
    assert (kept.state, kept.attempts) == ("queued", 2)
    assert set(states(acme)) == {"done", "queued"}, "it is no failure of the job"


def test_after_some_hours_it_has_failed(acme: Company) -> None:
    mail = mail_to(acme)
    said = [
        mail_conclude(acme.ctx(), mail_id=mail.pk, outcome=Deferred("451"))
        for _ in range(len(AGAIN_AFTER) + 1)
    ]
    assert said == ["queued"] * len(AGAIN_AFTER) + ["failed"]


def test_a_file_that_is_gone_is_no_mail_without_it(acme: Company, settings: Any) -> None:
    mail = mail_to(acme, attachment_id=acme.tenant_id)
    with mail_server(settings) as server:
        run_all(acme)
    assert server.taken == []
    assert found(acme, mail.pk).state == MailState.FAILED


# --- bounces ------------------------------------------------------------------------------


def report(message_id_: str, action: str = "failed", status: str = "5.1.1") -> bytes:
    """As mail servers write it. Source: RFC 3464, appendix."""
    return (
        "From: MAILER-DAEMON@mx.example.test\r\nTo: no-reply@localhost\r\n"
        "Subject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt did not work.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.test\r\n\r\n"
        f"Final-Recipient: rfc822; {READER}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {message_id_}\r\nSubject: Invoice\r\n\r\n--b--\r\n"
    ).encode()


def sent(company: Company) -> Mail:
    mail = mail_to(company)
    mail_conclude(company.ctx(), mail_id=mail.pk, outcome=None)
    return mail


def record(content: bytes, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> str:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    call_command("record_bounces")
    printed: str = capsys.readouterr().out
    return printed


def test_a_bounce_is_noted_on_its_mail(
    acme: Company, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    mail = sent(acme)
    content = report(message_id(acme.tenant_id, mail.pk))
    assert "1 read, 1 bounces noted" in record(content, monkeypatch, capsys)
    kept = found(acme, mail.pk)
    assert (kept.state, kept.error) == ("bounced", "5.1.1")
    assert "1 read, 0 bounces noted" in record(content, monkeypatch, capsys)


def test_bounces_are_read_from_an_mbox_and_a_maildir(
    acme: Company, tmp_path: Path, capsys: Any
) -> None:
    first, second = sent(acme), sent(acme)
    mbox = tmp_path / "mbox"
    mbox.write_bytes(
        b"From x Mon Mar  2 10:00:00 2026\n" + report(message_id(acme.tenant_id, first.pk))
    )
    for name in ("cur", "new", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    (tmp_path / "box" / "new" / "1").write_bytes(report(message_id(acme.tenant_id, second.pk)))
    for place in (mbox, tmp_path / "box"):
        call_command("record_bounces", str(place))
        assert "1 bounces noted" in capsys.readouterr().out
    assert {found(acme, one.pk).state for one in (first, second)} == {"bounced"}


def test_what_is_no_bounce_of_ours_changes_nothing(
    acme: Company, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    mail = sent(acme)
    true_id = message_id(acme.tenant_id, mail.pk)
    forged = true_id.replace(true_id.split(".")[2][:24], "0" * 24)
    plain = EmailMessage()
    plain["Message-ID"] = true_id
    plain.set_content("I am on holiday.")
    for content in (
        report(true_id, action="delayed", status="4.4.1"), report(forged), report("<x@y>"),
        plain.as_bytes(), b"", b"\xff" * 1000,
    ):  # fmt: skip
        assert "0 bounces noted" in record(content, monkeypatch, capsys)
    assert found(acme, mail.pk).state == MailState.SENT
    assert mail_of(forged) is None


def test_what_bounced_is_sent_again_as_the_same_mail(
    acme: Company, alice: Api, settings: Any
) -> None:
    mail = mail_to(acme)
    with mail_server(settings, refusals=["550 no"]) as server:
        run_all(acme)
        alice.ok("POST", f"mails/{mail.pk}/send-again/")
        assert alice.post(f"mails/{mail.pk}/send-again/").status_code == 409
        run_all(acme)
    assert server.mails[0]["Message-ID"].strip() == message_id(acme.tenant_id, mail.pk)
    assert found(acme, mail.pk).state == MailState.SENT


# --- words --------------------------------------------------------------------------------


def test_a_company_writes_in_its_own_words(acme: Company) -> None:
    template_of(acme)
    mail = mail_to(acme)
    assert (mail.subject, mail.text) == ("Bill INV-1", "Pay 1.00.")
    german = mail_to(acme, language="de")
    assert german.subject == "Rechnung INV-1 von Acme"


@pytest.mark.parametrize(
    "text",
    ["{nothing}", "{contact.name}", "{contact[0]}", "{contact!r}", "{contact:>99}", "{}", "{0}"],
)
def test_an_unknown_placeholder_is_refused_when_it_is_saved(alice: Api, text: str) -> None:
    body = {"kind": "accounting.invoice", "language": "en", "subject": "Bill", "text": text}
    refused = alice.post("mail-templates/", body)
    assert refused.status_code == 422
    assert refused.data["error"]["fields"][0]["name"] == "text"
    body |= {"subject": text, "text": "Pay."}
    assert alice.post("mail-templates/", body).data["error"]["fields"][0]["name"] == "subject"


def test_words_of_an_invitation_hold_the_link_and_those_of_a_password_are_ours(alice: Api) -> None:
    body = {"kind": "permissions.invitation", "language": "en", "subject": "Come", "text": "Now."}
    assert "{link}" in alice.post("mail-templates/", body).data["error"]["message"]
    assert alice.post("mail-templates/", body | {"text": "Now: {link}"}).status_code == 201
    ours = body | {"kind": "permissions.password_reset", "text": "{link}"}
    assert alice.post("mail-templates/", ours).status_code == 422


def test_what_is_put_in_is_never_looked_at_again(acme: Company) -> None:
    values = {"company": "{contact}", "contact": "{link} {company.name}", "number": "{number}"}
    mail = mail_to(acme, values=values, language="en")
    assert mail.subject == "Invoice {number} from {contact}"
    assert "Dear {link} {company.name}," in mail.text


# --- safety -------------------------------------------------------------------------------


def test_no_line_of_people_becomes_a_header(books: Books, owner: Api, settings: Any) -> None:
    evil = "Dawson\r\nBcc: everybody@example.test"
    mail = mail_to(books.company, values={"company": evil, "number": evil})
    with mail_server(settings) as server:
        run_all(books.company)
    [taken] = server.mails
    assert taken["Bcc"] is None
    assert "\n" not in mail.subject
    for body in ({"sender_name": evil}, {"reply_to": "a@b.test\nBcc: c@d.test"}):
        assert owner.call("PATCH", "mail-settings/", body).status_code == 422
    document_id = invoice(books, owner)
    for address in ("a@b.test\nBcc: c@d.test", "a@b.test, c@d.test", "Ann <a@b.test>"):
        refused = owner.post(f"invoices/{document_id}/send/", {"recipients": [address]})
        assert refused.status_code == 422, address


def test_a_sender_is_of_a_domain_that_we_write_for(
    acme: Company, alice: Api, settings: Any
) -> None:
    settings.MAIL_SENDER_DOMAINS = ["acme.example"]
    settings.DEFAULT_FROM_EMAIL = "ERP <no-reply@erp.example>"
    for address, status in (
        ("a@acme.example", 200), ("a@erp.example", 200), ("a@bank.example", 422),
        ("a@evil-acme.example", 422),
    ):  # fmt: skip
        answer = alice.call("PATCH", "mail-settings/", {"sender_address": address})
        assert answer.status_code == status, address


def test_no_secret_of_a_link_is_written_down(acme: Company, alice: Api) -> None:
    guest = "guest-of-acme@example.test"
    alice.ok("POST", "memberships/", {"email": guest, "roles": ["viewer"]})
    token = token_to(guest)
    [mail] = mails_of(acme)
    assert "{link}" in mail.text
    assert token not in str(Mail.__dict__) + mail.text + mail.subject + mail.effect_key
    shown = alice.ok("GET", f"mails/{mail.pk}/")
    assert token not in str(shown)


def test_who_may_not_see_mails_does_not(acme: Company, bob: Api, charlie: Api) -> None:
    mail = mail_to(acme)
    assert bob.get("mails/").status_code == 403
    assert charlie.get(f"mails/{mail.pk}/").status_code == 404
    assert charlie.ok("GET", "mails/")["data"] == []


@query
def files_of(ctx: Context) -> list[StoredFile]:
    return list(StoredFile.objects.filter(expires_at__gt=ctx.now))


def test_who_is_erased_takes_his_mails_with_him(books: Books, owner: Api, settings: Any) -> None:
    payment = books.payment("5.00")
    refunded = books.document("5.00").row["id"]
    books.settle(refunded, "5.00", payment_id=payment.id)
    owner.ok("PATCH", "settings/", {"books_kept_years": 0})
    owner.ok("POST", f"invoices/{refunded}/send/", {"recipients": [READER]})
    with mail_server(settings):
        run_all(books.company)
    assert len(files_of(books.company.ctx())) == 1
    owner.ok("POST", f"contacts/{books.customer}/erase/")
    assert mails_of(books.company) == []
    assert files_of(books.company.ctx()) == []


def test_what_is_not_wanted_any_more_is_not_sent(acme: Company) -> None:
    mail = mail_to(acme)
    mail_conclude(acme.ctx(), mail_id=mail.pk, outcome=None)
    assert mail_ready(acme.ctx(), mail_id=mail.pk) is None
    assert mail_settings_update(acme.ctx(), values={}).version == 1
    with pytest.raises(Exception, match="only what failed"):
        mail_send_again(acme.ctx(), mail_id=mail.pk)
