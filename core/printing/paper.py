"""What a paper says, as finished texts: `paper.typ` lays it out and computes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose paper it is: `lines` beside the logo, `line` small above the reader's address."""

    name: str
    lines: Sequence[str] = ()
    line: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """`side` is `start` for texts and `end` for numbers; one column at least is wide."""

    title: str
    side: Literal["start", "end"] = "end"
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A cell is a text, or a text with smaller lines below it. `sum` is what the rows up
    to and with this one come to."""

    cells: Sequence[str | Sequence[str]]
    sum: str = ""


@dataclass(frozen=True, slots=True)
class Carried:
    """What stands before the sum at the head and at the foot of a page."""

    brought: str
    forward: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A small table beside the totals."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Total:
    label: str
    amount: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside of the PDF, such as the invoice for machines. Source: ISO 19005-3."""

    name: str
    content: bytes
    mime_type: str
    description: str
    relationship: Literal["source", "data", "alternative", "supplement"] = "alternative"


@dataclass(frozen=True, slots=True)
class Paper:
    """`made_at` is the moment that the file says it was made: of its content, not of its printing.

    `language` is an ISO 639 code; `page_of` holds `{page}` and `{pages}`.
    """

    title: str
    language: str
    made_at: datetime
    sender: Sender
    page_of: str
    recipient: Sequence[str] = ()
    subtitle: str = ""
    stamp: str | None = None
    facts: Sequence[Pair] = ()
    intro: str = ""
    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    carried: Carried | None = None
    totals: Sequence[Total] = ()
    summary: Summary | None = None
    payment_title: str = ""
    payment: Sequence[Pair] = ()
    notes: Sequence[str] = ()
    footer: Sequence[Sequence[str]] = ()
    accent: str = "#0b6e78"
    logo: bytes = b""
    attachments: Sequence[Attachment] = field(default=())
