from typing import Any
from uuid import UUID

from accounting.filters import JournalFilter
from accounting.selectors import journals as selectors
from accounting.serializers.documents import ReverseBody
from accounting.serializers.journals import (
    JournalBody,
    JournalOutput,
    JournalPatch,
    ListedJournal,
    journal_changes,
    journal_input,
    journal_shape,
    listed_shape,
)
from accounting.services import journals
from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView, expected_version
from core.listing import Page, PageRequest

Row = dict[str, Any]


class JournalsView(TenantView):
    resource = "journals"

    @reads(
        "accounting.journals.view",
        ListedJournal,
        many=True,
        filters=JournalFilter,
        orderings=("effective_on", "-effective_on"),
        expand=("lines",),
        csv=True,
        summary="List, newest first",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return selectors.journal_list(request.ctx, page=page).shaped(listed_shape)

    @writes(
        "accounting.journals.create",
        JournalOutput,
        body=JournalBody,
        status=201,
        etag=True,
        summary="Create a draft, or post at once",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        """With `post` the caller also needs the permission to post."""
        journal, post = journal_input(body)
        self.require_also(request, "accounting.journals.post", wanted=post)
        return journal_shape(journals.journal_create(request.ctx, journal=journal, post=post))


class JournalView(TenantView):
    resource = "journals"

    @reads("accounting.journals.view", JournalOutput, etag=True, summary="One, with its lines")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return journal_shape(selectors.journal_get(request.ctx, journal_id=id))

    @writes(
        "accounting.journals.update",
        JournalOutput,
        body=JournalPatch,
        etag=True,
        summary="Change a draft",
    )
    def patch(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        changed = journals.journal_update(
            request.ctx,
            journal_id=id,
            changes=journal_changes(body),
            expected_version=expected_version(request),
        )
        return journal_shape(changed)

    @writes("accounting.journals.delete", status=204, summary="Delete a draft")
    def delete(self, request: TenantRequest, id: UUID) -> None:
        journals.journal_delete(
            request.ctx, journal_id=id, expected_version=expected_version(request)
        )


class JournalPostView(TenantView):
    resource = "journals"

    @writes(
        "accounting.journals.post",
        JournalOutput,
        transition=True,
        etag=True,
        summary="Number it and post it",
    )
    def post(self, request: TenantRequest, id: UUID) -> Row:
        return journal_shape(journals.journal_post(request.ctx, journal_id=id))


class JournalReverseView(TenantView):
    resource = "journals"

    @writes(
        "accounting.journals.reverse",
        JournalOutput,
        body=ReverseBody,
        status=201,
        transition=True,
        etag=True,
        summary="Book the linked reversal",
    )
    def post(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        """Answers with the reversal."""
        return journal_shape(journals.journal_reverse(request.ctx, journal_id=id, **body))
