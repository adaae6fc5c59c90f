"""Doors to the log: all of it, and `history/` of each record."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import Model

from core.api.endpoints import reads
from core.api.rendering import CSV
from core.api.requests import TenantRequest
from core.api.views import TenantView
from core.audit.filters import AuditFilter
from core.audit.looks import audit_look
from core.audit.selectors import audit_get, audit_list, record_history
from core.audit.serializers import AuditEntry, HistoryEntry, history_shape
from core.listing import Page, PageRequest
from core.tenancy.context import PLATFORM, Context

Row = dict[str, Any]
#: Finds what the address names, or raises NotFound, as the record's own view does.
Find = Callable[..., Any]


class LookingView(TenantView):
    """What it shows is looked at, which is written down once for each request."""

    is_noted = False

    def note(self, request: TenantRequest, ctx: Context, looked_at: Row) -> None:
        """Before the first byte is sent, and not again for the further pages of a CSV."""
        if not self.is_noted:
            is_csv = request.accepted_renderer.media_type == CSV
            asked = {name: value for name, value in looked_at.items() if value not in (None, "")}
            audit_look(ctx, looked_at=asked | ({"export": "csv"} if is_csv else {}))
            self.is_noted = True


class AuditView(LookingView):
    resource = "audit"

    @reads(
        "audit.log.view",
        AuditEntry,
        many=True,
        filters=AuditFilter,
        csv=True,
        summary="Who changed what, newest first",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        """Looking at it is an entry as well."""
        found = audit_list(request.ctx, page=page)
        self.note(request, request.ctx, page.filters)
        return found


class PlatformAuditView(LookingView):
    resource = "audit"

    @reads(
        "audit.platform.view",
        AuditEntry,
        many=True,
        filters=AuditFilter,
        summary="Who changed what is no company's: users, their second factors, who is an admin of "
        "the platform",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        """For the platform's admins. Looking at it is an entry of the platform as well."""
        ctx = replace(request.ctx, tenant_id=PLATFORM)
        found = audit_list(ctx, page=page)
        self.note(request, ctx, page.filters)
        return found


class AuditEntryView(LookingView):
    resource = "audit"

    @reads("audit.log.view", AuditEntry, summary="One change")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        found = audit_get(request.ctx, entry_id=id)
        self.note(request, request.ctx, {"id": id})
        return found


def history_view(permission: str, model: type[Model], find: Find) -> type[LookingView]:
    """The view of `history/` of one resource: whoever may see a record may see what became of it.

    `find(ctx, id)` takes the id in the address, if there is one, and returns the row of `model`
    that it is about, or a mapping with its `id`.
    """
    table = model._meta.db_table

    class HistoryView(LookingView):
        @reads(
            permission,
            HistoryEntry,
            many=True,
            csv=True,
            summary="What happened to it, newest first",
        )
        def get(self, request: TenantRequest, page: PageRequest, **named: UUID) -> Page:
            """Lines that came or went with one request are one entry, under `rows`."""
            record = find(request.ctx, *named.values())
            row_id = record["id"] if isinstance(record, dict) else record.pk
            found = record_history(request.ctx, table=table, row_id=row_id, page=page)
            self.note(request, request.ctx, {"table": table, "row_id": row_id})
            return found.shaped(history_shape)

    return HistoryView
