"""Doors of passwords: changed, forgotten, set anew."""

from datetime import UTC, datetime
from typing import Any

from core.api.endpoints import writes
from core.api.guards import AUTHENTICATED, PUBLIC
from core.api.requests import TenantRequest, address_of
from core.api.views import TenantView
from permissions.serializers.auth import (
    AcceptedOutput,
    ForgotPasswordInput,
    PasswordChangeInput,
    ResetPasswordInput,
)
from permissions.services import passwords
from permissions.services.links import Purpose, link_find
from permissions.views.auth import PublicView, context_for

Row = dict[str, Any]
ON_ITS_WAY = "If there is such an account, a mail with a link is on its way."


class PasswordView(TenantView):
    @writes(
        AUTHENTICATED,
        body=PasswordChangeInput,
        status=204,
        idempotent=False,
        summary="Change my password",
    )
    def post(self, request: TenantRequest, body: Row) -> None:
        """Ends all other logins, in every company. A wrong password counts as at the login."""
        user = passwords.old_password_check(
            request._request, user_id=request.user.pk, password=body["old_password"]
        )
        passwords.password_change(
            request.ctx,
            user=user,
            new_password=body["new_password"],
            keep_session_id=request.user.session_id,
        )


class ForgotPasswordView(PublicView):
    @writes(
        PUBLIC,
        AcceptedOutput,
        body=ForgotPasswordInput,
        status=202,
        idempotent=False,
        summary="Ask for a link that sets a new password",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        """Answers the same whether there is such an account or not."""
        passwords.password_forgotten(
            datetime.now(UTC),
            email=body["email"],
            tenant_slug=body.get("tenant"),
            address=address_of(request._request),
        )
        return {"message": ON_ITS_WAY}


class ResetPasswordView(PublicView):
    @writes(
        PUBLIC,
        body=ResetPasswordInput,
        status=204,
        idempotent=False,
        summary="Set a new password with the token of a link",
    )
    def post(self, request: TenantRequest, body: Row) -> None:
        """Ends all logins, in every company, and the lock after wrong passwords."""
        link = link_find(body["token"], Purpose.PASSWORD_RESET, body.get("tenant"))
        ctx = context_for(request, link.tenant_id, link.user_id)
        passwords.password_reset(ctx, link=link, password=body["password"])
