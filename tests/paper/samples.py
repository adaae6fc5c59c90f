"""Papers that are printed in tests."""

import struct
import zlib
from datetime import UTC, datetime
from typing import Any

from accounting.printing.documents import document_paper
from accounting.selectors.papers import document_facts
from core.printing.logos import SIGNATURE
from core.printing.paper import Carried, Column, Paper, Row, Sender, Total
from core.printing.typesetter import pdf_of
from core.tenancy.context import Context

MOMENT = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


def paper(text: str = "A thing", **values: Any) -> Paper:
    said: dict[str, Any] = {
        "title": "Invoice 1",
        "language": "en",
        "made_at": MOMENT,
        "sender": Sender("Dawson & Sons"),
        "page_of": "Page {page} of {pages}",
        "recipient": [text],
        "columns": [Column("Description", "start", wide=True), Column("Net")],
        "rows": [Row([[text, text], "1.00"], "1.00")],
        "carried": Carried("Brought forward", "Carried forward"),
        "totals": [Total("Total", "1.00", strong=True)],
    }
    return Paper(**(said | values))


def document_pdf(ctx: Context, kind: str, document_id: Any) -> bytes:
    return pdf_of(document_paper(document_facts(ctx, kind=kind, document_id=document_id)))


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int = 8, height: int = 8, pixels: bytes | None = None) -> bytes:
    """A grey one, of RGB."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\x80" * 3 * width) * height if pixels is None else pixels
    return SIGNATURE + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    )
