"""Papers: the letterhead, and what is printed and sent by jobs."""

from typing import Any

from accounting.selectors.papers import letterhead_get
from accounting.serializers.letterheads import (
    LetterheadBody,
    LetterheadOutput,
    letterhead_shape,
)
from accounting.services.reference import letterhead_update
from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView, expected_version

Row = dict[str, Any]


class LetterheadView(TenantView):
    resource = "letterhead"

    @reads(
        "accounting.letterhead.view",
        LetterheadOutput,
        etag=True,
        summary="What the company's papers say of it",
    )
    def get(self, request: TenantRequest) -> Row:
        return letterhead_shape(letterhead_get(request.ctx))

    @writes(
        "accounting.letterhead.update",
        LetterheadOutput,
        body=LetterheadBody,
        partial=True,
        etag=True,
        summary="Change it",
    )
    def patch(self, request: TenantRequest, body: Row) -> Row:
        version = expected_version(request)
        return letterhead_shape(
            letterhead_update(request.ctx, values=body, expected_version=version)
        )
