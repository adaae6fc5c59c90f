"""Doors of exports."""

from typing import Any
from uuid import UUID

from core.api.endpoints import reads, writes
from core.api.guards import AUTHENTICATED
from core.api.requests import TenantRequest
from core.api.views import TenantView
from core.exports import selectors, services
from core.exports.lists import OpenList, Wanted
from core.exports.serializers import ExportBody, ExportOutput
from core.listing import Page, PageRequest

Row = dict[str, Any]
VIEW = "exports.exports.view"


class ExportsView(TenantView):
    resource = "exports"

    @reads(AUTHENTICATED, ExportOutput, many=True, summary="One's own, newest first")
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        """With `exports.exports.view` everybody's, but others' without a link."""
        only_own = not request.user.has_perm(VIEW)
        return selectors.export_list(request.ctx, page=page, only_own=only_own)

    @writes(
        AUTHENTICATED,
        ExportOutput,
        body=ExportBody,
        status=202,
        summary="A list as CSV or XLSX, made by a job",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        """Needs the permission of the list; while it is made, too."""
        wanted = Wanted(body["list"].strip("/"), body["filters"], tuple(body["fields"]))
        OpenList(request.ctx, request.user, wanted)  # which refuses what cannot be
        export_id = services.export_start(request.ctx, wanted=wanted, format=body["format"])
        return selectors.export_get(request.ctx, export_id=export_id, only_own=True)


class ExportView(TenantView):
    resource = "exports"

    @reads(AUTHENTICATED, ExportOutput, summary="How far it is, and its link")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        only_own = not request.user.has_perm(VIEW)
        return selectors.export_get(request.ctx, export_id=id, only_own=only_own)


class CancelView(TenantView):
    resource = "exports"

    @writes(AUTHENTICATED, ExportOutput, transition=True, summary="Call off one's own")
    def post(self, request: TenantRequest, id: UUID) -> Row:
        services.export_cancel(request.ctx, export_id=id)
        return selectors.export_get(request.ctx, export_id=id, only_own=True)
