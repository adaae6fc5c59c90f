"""Doors of questions about permissions: why, and who can do too much alone."""

from typing import Any

from core.api.endpoints import reads
from core.api.requests import TenantRequest
from core.api.views import TenantView
from permissions.filters import DutyFilter, ExplainFilter
from permissions.selectors.duties import duties_report
from permissions.selectors.permissions import explain
from permissions.serializers.modules import DutiesOutput, ExplanationOutput, explanation_shape

Row = dict[str, Any]


class ExplainView(TenantView):
    resource = "permissions"

    @reads(
        "permissions.explain.view",
        ExplanationOutput,
        filters=ExplainFilter,
        summary="By which grants somebody may do something, or why he may not",
    )
    def get(self, request: TenantRequest, filters: Row) -> Row:
        user_id = filters["user"] or request.user.pk
        return explanation_shape(explain(request.ctx, user_id, filters["code"]))


class DutiesView(TenantView):
    resource = "permissions"

    @reads(
        "permissions.duties.view",
        DutiesOutput,
        filters=DutyFilter,
        csv=True,
        summary="Who can do alone what takes two: separation of duties",
    )
    def get(self, request: TenantRequest, filters: Row) -> Row:
        return duties_report(request.ctx, user_id=filters["user_id"])
