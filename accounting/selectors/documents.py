"""Reads of documents: one with everything, many as rows."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import F

from accounting.models import Document, DocumentLine, DocumentState, JournalLine
from accounting.models.documents import status_of
from core.errors import NotFound
from core.listing import Cursor, Order, Page, PageRequest, Place, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_rows

Row = dict[str, Any]

HEADER = (
    "id", "kind", "state", "number", "contact_id", "issued_on", "due_on", "currency", "country",
    "reference", "narration", "net", "tax", "total", "allocated", "corrects_id", "created_at",
    "posted_at", "version",
)  # fmt: skip
LINE = (
    "id", "document_id", "position", "item_code", "description", "quantity", "unit_price",
    "discount_percent", "account_id", "tax_id", "tax_rate", "tax_inclusive", "net", "tax_amount",
)  # fmt: skip
JOURNAL_LINE = ("id", "account_id", "contact_id", "effective_on", "amount", "memo", "position")

#: The columns of `document_page.sql`.
LISTED = (
    "id", "kind", "status", "number", "contact_id", "contact_name", "issued_on", "due_on",
    "currency", "country", "reference", "narration", "net", "tax", "total", "allocated",
    "outstanding", "corrects_id", "created_at", "posted_at", "version",
)  # fmt: skip
PAGE_SQL = (Path(__file__).parent / "sql" / "document_page.sql").read_text(encoding="utf-8")
#: The place before the newest document.
BEFORE_ALL = ("infinity", "ffffffff-ffff-ffff-ffff-ffffffffffff")


@dataclass(frozen=True, slots=True)
class BookedDocument:
    """A document with all that belongs to it, as rows: header, lines, and its journal if posted."""

    row: Row
    lines: list[Row]
    journal: Row | None


@query
def document_get(ctx: Context, *, kind: str, document_id: UUID) -> BookedDocument:
    """One document with lines and journal; NotFound when missing or of another kind."""
    row = (
        Document.objects.filter(kind=kind, id=document_id)
        .annotate(
            contact_name=F("contact__name"),
            journal_number=F("journal__number"),
        )
        .values(*HEADER, "journal_id", "contact_name", "journal_number")
        .first()
    )
    if row is None:
        raise NotFound
    journal_id, number = row.pop("journal_id"), row.pop("journal_number")
    lines = line_rows([document_id])[document_id]
    return BookedDocument(row, lines, journal_id and _journal_row(journal_id, number, row))


@query
def document_list(ctx: Context, *, kind: str, page: PageRequest) -> Page:
    """Headers of one kind with the contact's name and `status`, newest first."""
    if page.is_plain:
        cursor = Cursor(ctx, order_of(kind))
        place = cursor.place(page)
        if not place.backwards:
            return cursor.page(_plain_rows(ctx, kind, place, page.limit + 1), page, place)
    rows = page.narrow(Document.objects.filter(kind=kind)).values(
        *HEADER, contact_name=F("contact__name")
    )
    found = page_of(ctx, rows, order_of(kind, page.ordering), page).shaped(header_shape)
    if "lines" in page.expand:
        lines = line_rows([row["id"] for row in found.rows])
        for row in found.rows:
            row["lines"] = lines[row["id"]]
    return found


def order_of(kind: str, ordering: str | None = None) -> Order:
    """`issued_on` or `due_on`, newest first with a minus; newest issued first by default."""
    column = (ordering or "-issued_on").removeprefix("-")
    return Order(f"documents.{kind}", (column, "id"), descending=not ordering or ordering[0] == "-")


def header_shape(row: Row) -> Row:
    """A header as it is shown: `status` and `outstanding` follow from state and sums."""
    state = row.pop("state")
    row["status"] = status_of(state, row["total"], row["allocated"])
    open_amount = row["total"] - row["allocated"]
    row["outstanding"] = open_amount if state == DocumentState.POSTED else open_amount * 0
    return row


def _plain_rows(ctx: Context, kind: str, place: Place, rows: int) -> list[Row]:
    """What clients ask for most: newest first, unfiltered. One prepared statement, no parsing."""
    issued_on, document_id = place.values or BEFORE_ALL
    found = tenant_rows(
        PAGE_SQL.format(rows=int(rows)),
        {"tenant": ctx.tenant_id, "kind": kind, "issued_on": issued_on, "id": document_id},
    )
    return [dict(zip(LISTED, row, strict=True)) for row in found]


def line_rows(document_ids: Iterable[UUID]) -> dict[UUID, list[Row]]:
    """Lines of these documents by document, in order. Part of a query or command."""
    found: dict[UUID, list[Row]] = defaultdict(list)
    lines = DocumentLine.objects.filter(document__in=list(document_ids))
    for row in lines.order_by("document_id", "position").values(*LINE):
        found[row["document_id"]].append(row)
    return found


def _journal_row(journal_id: UUID, number: str, document: Row) -> Row:
    lines = JournalLine.objects.filter(journal=journal_id).order_by("position")
    return {
        "id": journal_id,
        "number": number,
        "effective_on": document["issued_on"],
        "lines": list(lines.values(*JOURNAL_LINE)),
    }
