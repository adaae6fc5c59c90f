"""Doors of `/api/v1/auth/`."""

from datetime import UTC, datetime
from typing import Any

from core.api.endpoints import reads, writes
from core.api.guards import AUTHENTICATED, PUBLIC
from core.api.requests import TenantRequest, address_of
from core.api.views import TenantView
from core.tenancy.context import Context
from permissions.origins import origin_of
from permissions.selectors.sessions import profile_get
from permissions.serializers.auth import (
    LoginInput,
    ProfileOutput,
    RefreshInput,
    TokensOutput,
    tokens_shape,
)
from permissions.services import sessions


class PublicView(TenantView):
    """No token is looked at: an expired one must not keep anybody from logging in."""

    authentication_classes = []


class LoginView(PublicView):
    @writes(
        PUBLIC, TokensOutput, body=LoginInput, idempotent=False, summary="Log in to one company"
    )
    def post(self, request: TenantRequest, body: dict[str, Any]) -> dict[str, Any]:
        """Five wrong passwords lock the account for 15 minutes."""
        user = sessions.credentials_check(
            request._request, email=body["email"], password=body["password"]
        )
        membership = sessions.membership_choose(user, body.get("tenant"))
        ctx = context_for(request, membership.tenant_id, user.pk)
        origin = origin_of(request._request)
        tokens = sessions.session_open(ctx, user_id=user.pk, origin=origin, verified=user.password)
        return tokens_shape(tokens)


class RefreshView(PublicView):
    @writes(PUBLIC, TokensOutput, body=RefreshInput, idempotent=False, summary="New tokens for old")
    def post(self, request: TenantRequest, body: dict[str, Any]) -> dict[str, Any]:
        """The tokens sent stop working. A refresh token sent twice ends the login altogether."""
        token = body["refresh_token"]
        session = sessions.session_of_refresh_token(token)
        ctx = context_for(request, session.tenant_id, session.user_id)
        return tokens_shape(
            sessions.session_refresh(ctx, session_id=session.pk, refresh_token=token)
        )


class LogoutView(TenantView):
    @writes(AUTHENTICATED, status=204, idempotent=False, summary="End this login")
    def post(self, request: TenantRequest) -> None:
        sessions.session_close(request.ctx, session_id=request.user.session_id)


class MeView(TenantView):
    @reads(AUTHENTICATED, ProfileOutput, summary="Who am I, and what may I do")
    def get(self, request: TenantRequest) -> dict[str, Any]:
        return profile_get(request.ctx)


def context_for(request: TenantRequest, tenant_id: Any, actor_id: Any) -> Context:
    """The context of a call without an access token, of whoever its body stands for."""
    return Context(
        tenant_id,
        actor_id,
        datetime.now(UTC),
        request.request_id,
        address=address_of(request),
    )
