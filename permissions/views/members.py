"""Doors of members: as people, and as memberships."""

from typing import Any
from uuid import UUID

from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView, expected_version
from core.listing import Page, PageRequest
from permissions.filters import MembershipFilter, PersonFilter
from permissions.selectors.members import member_list, membership_get, person_get, person_list
from permissions.serializers.members import MembershipOutput, MembershipPatch, PersonOutput
from permissions.services import members
from permissions.views.invitations import InvitesView

Row = dict[str, Any]


class UsersView(TenantView):
    resource = "users"

    @reads(
        "permissions.users.view",
        PersonOutput,
        many=True,
        filters=PersonFilter,
        csv=True,
        summary="The people of this company, by e-mail",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return person_list(request.ctx, page=page)


class UserView(TenantView):
    resource = "users"

    @reads("permissions.users.view", PersonOutput, summary="One")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return person_get(request.ctx, user_id=id)


class MembershipsView(InvitesView):
    """The list, and invitations to it."""

    resource = "memberships"

    @reads(
        "permissions.memberships.view",
        MembershipOutput,
        many=True,
        filters=MembershipFilter,
        summary="Members with their roles and modules, by e-mail",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return member_list(request.ctx, page=page)


class MembershipView(TenantView):
    resource = "memberships"

    @reads("permissions.memberships.view", MembershipOutput, etag=True, summary="One")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return membership_get(request.ctx, membership_id=id)

    @writes(
        "permissions.memberships.update",
        MembershipOutput,
        body=MembershipPatch,
        partial=True,
        etag=True,
        summary="Activate or deactivate, make or unmake super admin, set the roles",
    )
    def patch(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        """Deactivated, he is logged out of this company. Nobody gives more than he holds."""
        wanted = "is_super_admin" in body
        self.require_also(request, "permissions.super-admins.update", wanted=wanted)
        version = expected_version(request)
        return members.membership_update(
            request.ctx, membership_id=id, values=body, expected_version=version
        )
