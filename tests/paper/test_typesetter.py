"""What the typesetter makes of any paper: the same bytes, and nothing that a text commands."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.printing.glyphs import MISSING, PLAIN
from core.printing.paper import Attachment
from core.printing.typesetter import has_sign, pdf_of
from tests.paper.reading import reader_of, text_of
from tests.paper.samples import paper

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = """
import hashlib, django
django.setup()
from core.printing.typesetter import pdf_of
from tests.paper.samples import paper
print(hashlib.sha256(pdf_of(paper("Καλημέρα / Привет / 漢字"))).hexdigest())
"""
MARKUP = [
    '#eval("1 + 1")', "#read(\"/etc/passwd\")", "$x^2$", "*bold*", "= Heading", "@ref", "<label>",
    "`raw`", "// comment", "/* open", "\\", "#", "]", "})", '"', "{page} {pages}", "https://a.test",
    "#import \"@preview/cetz:0.4.0\": *", "-- ---", "~", "'single' \"double\"",
]  # fmt: skip


def test_the_same_paper_is_the_same_bytes_in_another_process() -> None:
    text = "Καλημέρα / Привет / 漢字"
    here = pdf_of(paper(text))
    assert pdf_of(paper(text)) == here
    there = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert there.stdout.strip() == hashlib.sha256(here).hexdigest()


def test_it_says_when_its_content_was_made_and_by_whom() -> None:
    said = reader_of(pdf_of(paper())).metadata
    assert said is not None
    assert (said.title, said.author) == ("Invoice 1", "Dawson & Sons")
    assert str(said.creation_date) == "2026-03-02 10:30:00+00:00"


def test_it_is_a_pdf_a_3b_that_carries_files() -> None:
    xml = Attachment("factur-x.xml", b"<rsm:Invoice/>", "text/xml", "The invoice for machines")
    reader = reader_of(pdf_of(paper(attachments=(xml,))))
    assert {name: bytes(one[0]) for name, one in reader.attachments.items()} == {
        "factur-x.xml": b"<rsm:Invoice/>"
    }
    metadata = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in metadata
    [file] = reader.trailer["/Root"]["/AF"]
    assert file.get_object()["/AFRelationship"] == "/Alternative"


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_printed_as_it_was_written(text: str) -> None:
    assert text_of(pdf_of(paper(text))).count(text) == 3


def test_texts_of_many_scripts_are_printed() -> None:
    for text in ("Ελληνικά", "Български", "Łódź", "İstanbul", "ქართული", "Հայերեն"):
        assert text in text_of(pdf_of(paper(text))), text


def test_what_no_font_shows_is_marked_and_controls_are_left_out() -> None:
    assert f"a{MISSING}{MISSING}b" in text_of(pdf_of(paper("a漢字b")))
    assert "abc" in text_of(pdf_of(paper("a\x00\x07\x1bb\u202e\u2066c\ufeff")))


def test_a_text_without_a_place_to_break_stays_on_its_page() -> None:
    pdf = pdf_of(paper("W" * 4_000))
    assert len(reader_of(pdf).pages) > 2
    assert text_of(pdf).replace("\n", "").count("W") == 12_000


def test_the_fonts_have_every_sign_that_is_not_asked_for() -> None:
    plain = "".join(chr(one) for one in range(0x500) if PLAIN.fullmatch(chr(one)))
    assert has_sign(plain)
    assert not has_sign(plain + "漢")


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_printed(text: str) -> None:
    assert pdf_of(paper(text)).startswith(b"%PDF-1.7")
