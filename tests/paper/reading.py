"""A PDF as a reader sees it: its words, page by page, in the order of the page."""

import io
import re
from decimal import Decimal

from pypdf import PdfReader

BREAK = "\N{ZERO WIDTH SPACE}"


def reader_of(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, its spaces made plain."""
    return [re.sub(r"[^\S\n]+", " ", page.extract_text()) for page in reader_of(pdf).pages]


def text_of(pdf: bytes) -> str:
    return "\n".join(pages_of(pdf)).replace(BREAK, "")


def amounts_in(text: str) -> list[Decimal]:
    """All that is written as an English amount with two decimals, in order."""
    found = re.findall(r"(?<![\d.,])-?\d{1,3}(?:,\d{3})*\.\d{2}(?!\d)", text)
    return [Decimal(one.replace(",", "")) for one in found]


def amounts_after(label: str, text: str) -> list[Decimal]:
    """The first amount after each place that says `label`."""
    return [amounts_in(part)[0] for part in text.split(label)[1:] if amounts_in(part)]
