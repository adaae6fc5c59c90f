"""Doors of invitations."""

from typing import Any
from uuid import UUID

from core.api.endpoints import writes
from core.api.guards import PUBLIC
from core.api.requests import TenantRequest
from core.api.views import TenantView
from permissions.serializers.invitations import (
    AcceptInvitationInput,
    InvitationBody,
    InvitationOutput,
    JoinedOutput,
    invitation_shape,
    joined_shape,
)
from permissions.services import invitations
from permissions.services.links import Purpose, link_find
from permissions.views.auth import PublicView, context_for

Row = dict[str, Any]


class InvitesView(TenantView):
    """What `memberships/` takes; what it gives is added where the list is."""

    @writes(
        "permissions.memberships.create",
        InvitationOutput,
        body=InvitationBody,
        status=201,
        summary="Invite somebody by mail",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        """He is no member before he accepts. No role may grant more than the caller holds."""
        invitation = invitations.InvitationInput(**body)
        return invitation_shape(invitations.invitation_create(request.ctx, invitation=invitation))


class InviteAgainView(TenantView):
    @writes("permissions.memberships.create", InvitationOutput, summary="Send the invitation again")
    def post(self, request: TenantRequest, id: UUID) -> Row:
        """The links sent before are void."""
        return invitation_shape(invitations.invitation_send(request.ctx, membership_id=id))


class AcceptInvitationView(PublicView):
    @writes(
        PUBLIC,
        JoinedOutput,
        body=AcceptInvitationInput,
        idempotent=False,
        summary="Join the company of an invitation",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        """Who has no account yet chooses a password; nobody else's is changed by this."""
        link = link_find(body["token"], Purpose.INVITATION, body.get("tenant"))
        ctx = context_for(request, link.tenant_id, link.user_id)
        acceptance = invitations.Acceptance(body.get("password"), body.get("name"))
        return joined_shape(invitations.invitation_accept(ctx, link=link, acceptance=acceptance))
