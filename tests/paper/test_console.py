"""Mails and the letterhead in the staff console."""

from io import BytesIO

import pytest

from accounting.selectors.papers import letterhead_get
from core.errors import Invalid
from core.printing.logos import BYTES_MAX, SIDE_MAX, SIGNATURE, logo_require
from core.printing.typesetter import pdf_of
from tests.cast import Company
from tests.console.desk import staff
from tests.paper.desk import failed_mail, found, mail_to
from tests.paper.reading import reader_of
from tests.paper.samples import paper, png


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
