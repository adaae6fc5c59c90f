"""Doors of files: what is known of one, and its bytes by a link."""

from typing import Any
from uuid import UUID

from core.api.callers import caller_of
from core.api.downloads import AnyAccepted, Download
from core.api.endpoints import downloads, reads
from core.api.guards import AUTHENTICATED, PUBLIC
from core.api.requests import TenantRequest
from core.api.views import TenantView, context_of
from core.files import selectors, services
from core.files.filters import LinkFilter
from core.files.links import file_link, link_holder
from core.files.serializers import FileOutput

Row = dict[str, Any]


class FileView(TenantView):
    resource = "files"

    @reads(AUTHENTICATED, FileOutput, summary="One's own, or a shared one that one may see")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        """With a fresh link."""
        file = selectors.file_get(request.ctx, file_id=id, holds=request.user.has_perm)
        link = file_link(request.ctx, file_id=id)
        shown = {
            name: getattr(file, name) for name in FileOutput._declared_fields if hasattr(file, name)
        }
        return shown | {
            "link": link.address,
            "link_expires_at": min(link.expires_at, file.expires_at),
        }


class ContentView(TenantView):
    """Its address says who calls, so no header has to."""

    resource = "files"
    authentication_classes = ()
    content_negotiation_class = AnyAccepted

    @downloads(PUBLIC, filters=LinkFilter, summary="The bytes, to whom the link was made for")
    def get(self, request: TenantRequest, id: UUID, filters: Row) -> Download:
        """404 also where the link is too old, or its owner may not fetch the file any more."""
        holder = link_holder(filters["token"], file_id=id)
        request.user = caller_of(holder.tenant_id, holder.user_id)
        file, stream = services.file_fetch(
            context_of(request), file_id=id, holds=request.user.has_perm
        )
        return Download(file.name, file.media_type, file.size, stream)
