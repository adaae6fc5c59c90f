"""Mails and the letterhead in the staff console."""

from io import BytesIO

import pytest
from django.test import override_settings

from accounting.selectors.papers import letterhead_get
from core.errors import Invalid
from core.mail.models import MailTemplate
from core.mail.selectors import mail_settings_get
from core.printing.logos import BYTES_MAX, SIDE_MAX, SIGNATURE, logo_require
from core.printing.typesetter import pdf_of
from tests.cast import Company
from tests.console.desk import read, staff
from tests.paper.desk import KIND, failed_mail, found, mail_to, template_of
from tests.paper.reading import reader_of
from tests.paper.samples import paper, png


def templates(company: Company) -> list[MailTemplate]:
    found: list[MailTemplate] = read(company.ctx(), lambda: list(MailTemplate.objects.all()))
    return found


def test_staff_see_why_a_mail_failed_and_send_it_again(acme: Company) -> None:
    desk, mail = staff(acme), failed_mail(acme)
    assert "reader@example.test" in desk.get("mail_mail_changelist")
    assert "550 5.1.1" in desk.get("mail_mail_change", mail.pk)
    desk.post("mail_mail_send_again", mail.pk)
    assert "sent again" in desk.said()
    assert found(acme, mail.pk).state == "queued"
    desk.post("mail_mail_send_again", mail.pk)
    assert "only what failed" in desk.said()


def test_who_may_not_sees_no_mails_and_sends_none(acme: Company, globex: Company) -> None:
    mail = failed_mail(acme)
    viewer = staff(acme, role="viewer")
    viewer.get("mail_mail_changelist", status=403)
    viewer.post("mail_mail_send_again", mail.pk, status=403)
    stranger = staff(globex)
    assert "reader@example.test" not in stranger.get("mail_mail_changelist")
    stranger.post("mail_mail_send_again", mail.pk)
    assert found(acme, mail.pk).state == "failed"


def test_a_mail_is_looked_at_and_never_typed_into(acme: Company) -> None:
    desk, mail = staff(acme), mail_to(acme)
    desk.get("mail_mail_add", status=403)
    desk.post("mail_mail_change", mail.pk, body={"subject": "x"}, status=403)


def test_staff_write_the_letterhead_with_its_logo(acme: Company) -> None:
    desk = staff(acme)
    desk.get("accounting_letterhead_changelist", status=302)
    body = {"legal_name": "Acme plc", "language": "nl", "color": "#112233", "version": "0"}
    upload = BytesIO(png())
    upload.name = "logo.png"
    desk.post("accounting_letterhead_add", body=body | {"picture": upload})
    kept = letterhead_get(acme.ctx())
    assert (kept.legal_name, kept.language, bytes(kept.logo)) == ("Acme plc", "nl", png())
    pdf = pdf_of(paper(logo=bytes(kept.logo)))
    assert len(reader_of(pdf).pages[0].images) == 1


@override_settings(MAIL_SENDER_DOMAINS=[])
def test_staff_say_who_the_companys_mails_come_from(acme: Company) -> None:
    desk = staff(acme)
    desk.get("mail_mailsettings_changelist", status=302)
    body = {"sender_name": "Acme books", "reply_to": "books@acme.example.test", "version": "0"}
    desk.post("mail_mailsettings_add", body=body)
    kept = mail_settings_get(acme.ctx())
    assert (kept.sender_name, kept.reply_to, kept.version) == (*list(body.values())[:2], 1)
    desk.post("mail_mailsettings_add", body=body, status=200)
    foreign = body | {"sender_address": "books@bank.example.com", "version": "1"}
    page = desk.post("mail_mailsettings_change", kept.pk, body=foreign, status=200)
    assert "does not write for this domain" in page.content.decode()
    assert mail_settings_get(acme.ctx()).sender_address == ""


def test_staff_write_the_words_of_mails(acme: Company) -> None:
    desk = staff(acme)
    assert "{number}" in desk.get("mail_mailtemplate_add"), "the placeholders are told"
    body = {"kind": KIND, "language": "nl", "subject": "Factuur {number}", "text": "Dag {nobody}"}
    refused = desk.post("mail_mailtemplate_add", body=body, status=200)
    assert "Known here" in refused.content.decode()
    desk.post("mail_mailtemplate_add", body=body | {"text": "Dag {contact}"})
    [kept] = templates(acme)
    assert (kept.language, kept.text) == ("nl", "Dag {contact}")
    assert "Factuur {number}" in desk.get("mail_mailtemplate_changelist")
    page = desk.get("mail_mailtemplate_change", kept.pk)
    assert "system&#x27;s own words" in page
    changed = {"subject": "Uw factuur", "text": "Dag", "version": "1"}
    desk.post("mail_mailtemplate_change", kept.pk, body=changed)
    assert [one.subject for one in templates(acme)] == ["Uw factuur"]
    desk.post("mail_mailtemplate_change", kept.pk, body=changed, status=200)
    desk.act("mail_mailtemplate_changelist", "delete_selected_words", [kept.pk])
    assert templates(acme) == []


def test_who_may_not_writes_no_words(acme: Company, globex: Company) -> None:
    kept = template_of(acme)
    viewer = staff(acme, role="viewer")
    viewer.get("mail_mailtemplate_add", status=403)
    page = "mail_mailtemplate_changelist"
    viewer.act(page, "delete_selected_words", [kept.pk], status=403)
    stranger = staff(globex)
    assert "Bill {number}" not in stranger.get(page)
    stranger.act(page, "delete_selected_words", [kept.pk])
    assert len(templates(acme)) == 1


def test_a_viewer_may_look_at_the_letterhead(acme: Company) -> None:
    viewer = staff(acme, role="viewer")
    viewer.get("accounting_letterhead_changelist")
    viewer.get("accounting_letterhead_add", status=403)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "is a PNG"),
        (b"\xff\xd8\xff\xe0 JFIF", "is a PNG"),
        (SIGNATURE, "not whole"),
        (png()[:-5], "not whole|damaged"),
        (png().replace(b"IDAT", b"IDAU"), "damaged"),
        (png(SIDE_MAX + 1, 1), "pixels"),
        (png(pixels=b"\0" * 10_000_000), "damaged"),
        (png(pixels=b""), "damaged"),
        (SIGNATURE + b"x" * BYTES_MAX, "kB"),
    ],
    ids=["svg", "jpeg", "empty", "cut off", "changed", "wide", "bomb", "no pixels", "large"],
)
def test_what_is_no_small_whole_png_is_no_logo(content: bytes, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        logo_require(content)
