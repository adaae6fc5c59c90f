"""Doors of `auth/sessions/` and of a member's sessions."""

from uuid import UUID

from core.api.endpoints import reads, writes
from core.api.guards import AUTHENTICATED
from core.api.parameters import flag
from core.api.requests import TenantRequest
from core.api.views import TenantView
from core.listing import Page, PageRequest
from permissions.filters import KeepCurrent
from permissions.selectors.sessions import session_list, session_list_of
from permissions.serializers.sessions import SessionOutput
from permissions.services import sessions


class OwnSessionsView(TenantView):
    @reads(AUTHENTICATED, SessionOutput, many=True, csv=True, summary="My logins to this company")
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return session_list(request.ctx, current_id=request.user.session_id, page=page)

    @writes(
        AUTHENTICATED,
        status=204,
        filters=KeepCurrent,
        idempotent=False,
        summary="Log out everywhere",
    )
    def delete(self, request: TenantRequest) -> None:
        """Ends all of one's logins, on every device and in every company."""
        keep = request.user.session_id if flag(request, "keep_current") else None
        sessions.sessions_revoke_own(request.ctx, keep_id=keep)


class OwnSessionView(TenantView):
    @writes(AUTHENTICATED, status=204, idempotent=False, summary="End one of my logins")
    def delete(self, request: TenantRequest, id: UUID) -> None:
        sessions.session_revoke(request.ctx, session_id=id)


class UserSessionsView(TenantView):
    @reads(
        "permissions.sessions.view", SessionOutput, many=True, csv=True, summary="A member's logins"
    )
    def get(self, request: TenantRequest, id: UUID, page: PageRequest) -> Page:
        """Those to this company."""
        return session_list_of(
            request.ctx, user_id=id, current_id=request.user.session_id, page=page
        )

    @writes(
        "permissions.sessions.revoke", status=204, idempotent=False, summary="End a member's logins"
    )
    def delete(self, request: TenantRequest, id: UUID) -> None:
        """Those to this company."""
        sessions.sessions_revoke_of(request.ctx, user_id=id)
