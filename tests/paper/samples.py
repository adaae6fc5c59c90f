"""Papers that are printed in tests."""

from datetime import UTC, datetime
from typing import Any

from accounting.printing.documents import document_paper
from accounting.selectors.papers import document_facts
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
