"""Reads of journals."""

from typing import Any
from uuid import UUID

from accounting.models import Journal
from core.errors import NotFound
from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query

HEADER = (
    "id", "state", "number", "effective_on", "narration", "reference", "reverses_id",
    "created_at", "posted_at", "version",
)  # fmt: skip
ORDERS = {
    None: Order("journals", ("effective_on", "id")),
    "effective_on": Order("journals", ("effective_on", "id"), descending=False),
    "-effective_on": Order("journals", ("effective_on", "id")),
}


@query
def journal_get(ctx: Context, *, journal_id: UUID) -> Journal:
    """One journal with its lines prefetched."""
    journal: Journal | None = (
        Journal.objects.prefetch_related("lines").filter(pk=journal_id).first()
    )
    if journal is None:
        raise NotFound
    return journal


@query
def journal_list(ctx: Context, *, page: PageRequest) -> Page:
    """Headers, newest first; with lines when expanded."""
    rows: Any = page.narrow(Journal.objects.all())
    found = page_of(ctx, rows.values(*HEADER), ORDERS[page.ordering], page)
    if "lines" in page.expand:
        ids = [row["id"] for row in found.rows]
        journals = Journal.objects.prefetch_related("lines").in_bulk(ids)
        for row in found.rows:
            row["lines"] = list(journals[row["id"]].lines.all())
    return found
