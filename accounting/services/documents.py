"""Invoices, bills, credit and debit notes: draft, post, reverse."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from accounting.errors import DocumentNotDraft, NotPosted
from accounting.events import DocumentPosted, DocumentReversed
from accounting.ledger import document_postings
from accounting.models import Document, DocumentLine, DocumentState
from accounting.selectors.documents import BookedDocument, document_get, line_rows
from accounting.selectors.facts import Facts, facts_get
from accounting.services.booking import Booking, ToPost, book, series_of
from accounting.services.drafts import (
    DocumentInput,
    Draft,
    LineInput,
    control_account,
    draft_of,
    facts_for,
    posted_amounts,
)
from accounting.services.reversals import journal_reversal_book
from core.errors import Conflict, NotFound, StaleVersion, require
from core.jobs import outbox
from core.tenancy.context import Context
from core.tenancy.transactions import command

Row = dict[str, Any]
#: Documents of one call; longer imports come in chunks.
BATCH_MAX = 1_000


@command
def document_create(ctx: Context, *, document: DocumentInput, post: bool = False) -> BookedDocument:
    """A draft with its lines; with `post` it is numbered and in the ledger as well."""
    return documents_create(ctx, documents=[document], post=post)[0]


@command
def documents_create(
    ctx: Context, *, documents: Sequence[DocumentInput], post: bool = False
) -> list[BookedDocument]:
    """Many documents of one kind at once, all or none, in the order given."""
    assert 0 < len(documents) <= BATCH_MAX
    assert len({document.kind for document in documents}) == 1
    kind = documents[0].kind
    facts = facts_for(ctx, kind, documents)
    drafts = [draft_of(facts, document) for document in documents]
    booking = Booking(
        documents=[draft.row for draft in drafts],
        document_lines=[line for draft in drafts for line in draft.lines],
    )
    if post:
        return _insert_and_post(ctx, facts, kind, drafts, booking)
    book(ctx, booking)
    return [_booked(ctx, draft, None) for draft in drafts]


@command
def document_update(
    ctx: Context,
    *,
    kind: str,
    document_id: UUID,
    changes: Row,
    expected_version: int | None = None,
) -> BookedDocument:
    """Change a draft: `changes` are fields of DocumentInput; `lines` replaces all of them."""
    found = document_lock(ctx, kind, [document_id])[0]
    require(found.is_draft, DocumentNotDraft())
    require_version(found, expected_version)
    document = replace(_as_asked_for(found), **changes)
    draft = draft_of(facts_for(ctx, kind, [document]), document, document_id=document_id)
    DocumentLine.objects.filter(document=document_id).delete()
    kept = {name: value for name, value in draft.row.items() if name not in ("id", "kind")}
    Document.objects.filter(pk=document_id).update(
        **kept, total=draft.row["net"] + draft.row["tax"], version=found.version + 1
    )
    book(ctx, Booking(document_lines=draft.lines))
    return document_get(ctx, kind=kind, document_id=document_id)


@command
def document_delete(
    ctx: Context, *, kind: str, document_id: UUID, expected_version: int | None = None
) -> None:
    """Delete a draft. It never had a number, so none is missing."""
    document = document_lock(ctx, kind, [document_id])[0]
    require(document.is_draft, DocumentNotDraft())
    require_version(document, expected_version)
    document.delete()


@command
def document_post(ctx: Context, *, kind: str, document_id: UUID) -> BookedDocument:
    """Number a draft and write it to the ledger."""
    return documents_post(ctx, kind=kind, document_ids=[document_id])[0]


@command
def documents_post(
    ctx: Context, *, kind: str, document_ids: Sequence[UUID]
) -> list[BookedDocument]:
    """Post drafts of one kind, all or none, numbered in the order given."""
    found = {document.id: document for document in document_lock(ctx, kind, document_ids)}
    documents = [found[document_id] for document_id in document_ids]
    require(all(document.is_draft for document in documents), DocumentNotDraft())
    lines = line_rows(document_ids)
    facts = _facts_of_drafts(ctx, kind, documents, [r for rows in lines.values() for r in rows])
    booking, postings = Booking(), []
    for document in documents:
        row = {"id": document.id, "kind": kind, "contact_id": document.contact_id,
               "issued_on": document.issued_on, "reference": document.reference}  # fmt: skip
        journal = _add_journal(facts, booking, row, lines[document.id])
        series_id = series_of(ctx, facts, kind, document.issued_on)
        postings.append(ToPost(journal["id"], series_id, document_id=document.id))
    book(ctx, booking, postings, [DocumentPosted(d.id, kind) for d in documents])
    return [document_get(ctx, kind=kind, document_id=d.id) for d in documents]


@command
def document_reverse(
    ctx: Context, *, kind: str, document_id: UUID, effective_on: date | None = None
) -> BookedDocument:
    """Take a posted document out of the ledger by a linked reversal of its journal."""
    document = document_lock(ctx, kind, [document_id])[0]
    posted = document.state == DocumentState.POSTED
    require(posted, NotPosted("Only a posted document can be reversed."))
    require(
        document.allocated == 0,
        Conflict("Payments or credits are allocated to this document; undo them first."),
    )
    assert document.journal_id is not None
    reversal_id = journal_reversal_book(ctx, document.journal_id, effective_on)
    Document.objects.filter(pk=document_id).update(
        state=DocumentState.REVERSED, reversal=reversal_id, version=document.version + 1
    )
    outbox.announce(ctx, DocumentReversed(document_id))
    return document_get(ctx, kind=kind, document_id=document_id)


def document_lock(ctx: Context, kind: str, document_ids: Sequence[UUID]) -> list[Document]:
    """The documents, locked in id order; NotFound when one is missing or of another kind."""
    documents = list(
        Document.objects.select_for_update().filter(kind=kind, id__in=document_ids).order_by("id")
    )
    require(len(documents) == len(set(document_ids)), NotFound())
    return documents


def require_version(record: Any, expected_version: int | None) -> None:
    """Refuse to change a record that somebody changed since it was read."""
    if expected_version is not None and record.version != expected_version:
        raise StaleVersion("Somebody changed this record since you read it.")


def _facts_of_drafts(
    ctx: Context, kind: str, documents: Sequence[Document], lines: Sequence[Row]
) -> Facts:
    """Facts for drafts that were checked when they were made: accounts may have closed since."""
    facts = facts_get(
        ctx,
        kind=kind,
        accounts={line["account_id"] for line in lines},
        taxes={line["tax_id"] for line in lines if line["tax_id"]},
        contacts={document.contact_id for document in documents},
    )
    for document in documents:
        facts.contact(document.contact_id)
    for line in lines:
        facts.postable(line["account_id"], f"lines.{line['position'] - 1}.account_id")
    return facts


def _as_asked_for(document: Document) -> DocumentInput:
    """A draft as the input that would make it again."""
    lines = [
        LineInput(
            quantity=line["quantity"],
            unit_price=line["unit_price"],
            description=line["description"],
            item_code=line["item_code"],
            discount_percent=line["discount_percent"],
            account_id=line["account_id"],
            tax_id=line["tax_id"],
        )
        for line in line_rows([document.id])[document.id]
    ]
    return DocumentInput(
        kind=document.kind,
        contact_id=document.contact_id,
        issued_on=document.issued_on,
        due_on=document.due_on,
        country=document.country,
        reference=document.reference,
        narration=document.narration,
        corrects_id=document.corrects_id,
        lines=lines,
    )


def _insert_and_post(
    ctx: Context, facts: Facts, kind: str, drafts: Sequence[Draft], booking: Booking
) -> list[BookedDocument]:
    journals = [_add_journal(facts, booking, draft.row, draft.lines) for draft in drafts]
    postings = [
        ToPost(
            journal["id"],
            series_of(ctx, facts, kind, draft.row["issued_on"]),
            document_id=draft.row["id"],
        )
        for journal, draft in zip(journals, drafts, strict=True)
    ]
    events = [DocumentPosted(draft.row["id"], kind) for draft in drafts]
    numbers = book(ctx, booking, postings, events)
    return [
        _booked(ctx, draft, {**journal, "number": numbers[journal["id"]].text})
        for journal, draft in zip(journals, drafts, strict=True)
    ]


def _add_journal(facts: Facts, booking: Booking, row: Row, lines: Sequence[Row]) -> Row:
    postings = document_postings(
        row["kind"],
        control_account(facts, row["kind"]),
        row["contact_id"],
        posted_amounts(facts, lines),
    )
    return booking.add_journal(row["issued_on"], postings, reference=row["reference"])


def _booked(ctx: Context, draft: Draft, journal: Row | None) -> BookedDocument:
    """What was just written, as a read would show it."""
    row = draft.row | {
        "state": DocumentState.POSTED if journal else DocumentState.DRAFT,
        "total": draft.row["net"] + draft.row["tax"],
        "allocated": draft.row["net"] * 0,
        "number": journal["number"] if journal else None,
        "created_at": ctx.now,
        "posted_at": ctx.now if journal else None,
        "version": 1,
        "contact_name": draft.contact_name,
    }
    return BookedDocument(row, draft.lines, journal)
