"""Doors of roles and grants."""

from typing import Any
from uuid import UUID

from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView, expected_version
from core.listing import Page, PageRequest
from permissions.caches import ROLES
from permissions.filters import GrantFilter, RoleFilter
from permissions.selectors.roles import grant_list, role_get, role_list
from permissions.serializers.roles import (
    GrantBody,
    GrantOutput,
    RoleBody,
    RoleDetail,
    RoleOutput,
    RolePatch,
)
from permissions.services import roles

Row = dict[str, Any]


class RolesView(TenantView):
    resource = "roles"

    @reads(
        "permissions.roles.view",
        RoleOutput,
        many=True,
        filters=RoleFilter,
        csv=True,
        cached=ROLES,
        summary="Roles, by code",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return role_list(request.ctx, page=page)

    @writes(
        "permissions.roles.create",
        RoleDetail,
        body=RoleBody,
        status=201,
        etag=True,
        summary="Add a role that grants no more than you hold",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        return roles.role_create(request.ctx, role=roles.RoleInput(**body))


class RoleView(TenantView):
    resource = "roles"

    @reads(
        "permissions.roles.view",
        RoleDetail,
        etag=True,
        cached=ROLES,
        summary="One, with what it grants",
    )
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return role_get(request.ctx, role_id=id)

    @writes(
        "permissions.roles.update",
        RoleDetail,
        body=RolePatch,
        partial=True,
        etag=True,
        summary="Change it, or its whole list of grants",
    )
    def patch(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        version = expected_version(request)
        return roles.role_update(request.ctx, role_id=id, values=body, expected_version=version)

    @writes("permissions.roles.delete", status=204, summary="Delete what nobody holds")
    def delete(self, request: TenantRequest, id: UUID) -> None:
        roles.role_delete(request.ctx, role_id=id, expected_version=expected_version(request))


class GrantsView(TenantView):
    resource = "grants"

    @reads(
        "permissions.grants.view",
        GrantOutput,
        many=True,
        filters=GrantFilter,
        csv=True,
        summary="Which role grants what, by code",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return grant_list(request.ctx, page=page)

    @writes(
        "permissions.grants.create",
        GrantOutput,
        body=GrantBody,
        status=201,
        summary="Let a role grant one more code, which you hold yourself",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        return roles.grant_add(request.ctx, role_id=body["role_id"], code=body["code"])


class GrantView(TenantView):
    resource = "grants"

    @writes("permissions.grants.delete", status=204, summary="Take one code from a role")
    def delete(self, request: TenantRequest, id: UUID) -> None:
        roles.grant_remove(request.ctx, grant_id=id)
