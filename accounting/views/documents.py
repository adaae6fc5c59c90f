from typing import Any
from uuid import UUID

from accounting.filters import DocumentFilter
from accounting.selectors import documents as selectors
from accounting.serializers.documents import (
    CreditBody,
    DocumentBody,
    DocumentOutput,
    DocumentPatch,
    ListedDocument,
    ReverseBody,
    credit_input,
    document_changes,
    document_input,
    document_shape,
    listed_shape,
)
from accounting.services import documents
from accounting.services.credits import document_credit
from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView, expected_version
from core.listing import Page, PageRequest

Row = dict[str, Any]


class DocumentsView(TenantView):
    """Documents of one `kind`, which the address says."""

    kind = ""

    @reads(
        "accounting.{resource}.view",
        ListedDocument,
        many=True,
        filters=DocumentFilter,
        orderings=("issued_on", "-issued_on", "due_on", "-due_on"),
        expand=("lines",),
        csv=True,
        summary="List, newest first",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        found = selectors.document_list(request.ctx, kind=self.kind, page=page)
        return found.shaped(listed_shape)

    @writes(
        "accounting.{resource}.create",
        DocumentOutput,
        body=DocumentBody,
        status=201,
        etag=True,
        summary="Create a draft, or post at once",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        """With `post` the caller also needs the permission to post."""
        document, post = document_input(self.kind, body)
        self.require_also(request, f"accounting.{self.resource}.post", wanted=post)
        return document_shape(documents.document_create(request.ctx, document=document, post=post))


class DocumentView(TenantView):
    kind = ""

    @reads("accounting.{resource}.view", DocumentOutput, etag=True, summary="One, with its lines")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        found = selectors.document_get(request.ctx, kind=self.kind, document_id=id)
        return document_shape(found)

    @writes(
        "accounting.{resource}.update",
        DocumentOutput,
        body=DocumentPatch,
        etag=True,
        summary="Change a draft",
    )
    def patch(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        changed = documents.document_update(
            request.ctx,
            kind=self.kind,
            document_id=id,
            changes=document_changes(body),
            expected_version=expected_version(request),
        )
        return document_shape(changed)

    @writes("accounting.{resource}.delete", status=204, summary="Delete a draft")
    def delete(self, request: TenantRequest, id: UUID) -> None:
        documents.document_delete(
            request.ctx,
            kind=self.kind,
            document_id=id,
            expected_version=expected_version(request),
        )


class DocumentPostView(TenantView):
    kind = ""

    @writes(
        "accounting.{resource}.post",
        DocumentOutput,
        transition=True,
        etag=True,
        summary="Number it and write it to the ledger",
    )
    def post(self, request: TenantRequest, id: UUID) -> Row:
        posted = documents.document_post(request.ctx, kind=self.kind, document_id=id)
        return document_shape(posted)


class DocumentReverseView(TenantView):
    kind = ""

    @writes(
        "accounting.{resource}.reverse",
        DocumentOutput,
        body=ReverseBody,
        transition=True,
        etag=True,
        summary="Take it out of the ledger by a linked reversal",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        reversed_ = documents.document_reverse(request.ctx, kind=self.kind, document_id=id, **body)
        return document_shape(reversed_)


class DocumentCreditView(TenantView):
    kind = ""

    @writes(
        "accounting.{resource}.credit",
        DocumentOutput,
        body=CreditBody,
        status=201,
        transition=True,
        etag=True,
        summary="Credit some or all of its lines",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        """Answers with the posted note, which is allocated as far as something was open."""
        note = document_credit(request.ctx, kind=self.kind, document_id=id, **credit_input(body))
        return document_shape(note)
