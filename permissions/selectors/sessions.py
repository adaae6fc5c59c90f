"""Reads about sessions and memberships. Global tables: filtered explicitly."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from core.errors import NotFound, require
from core.listing import Order, Page, PageRequest, Row, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query
from permissions.models import Membership, Role, User, UserSession
from permissions.policy import codes_held

COLUMNS = ("id", "device", "address", "created_at", "last_seen_at", "refresh_expires_at")


def membership_list(user: User) -> list[Membership]:
    """The tenants that `user` may enter, by slug."""
    return list(
        Membership.objects.filter(user=user, is_active=True, tenant__is_active=True)
        .select_related("tenant")
        .order_by("tenant__slug")
    )


@query
def profile_get(ctx: Context) -> dict[str, Any]:
    """Who the caller is: user, tenant, roles and permission codes."""
    membership = Membership.objects.select_related("user", "tenant").get(
        user_id=ctx.acting_user, tenant_id=ctx.tenant_id
    )
    held = Role.objects.filter(assignments__user=ctx.actor_id, is_active=True).order_by("code")
    return {
        "user": {
            "id": membership.user.id,
            "email": membership.user.email,
            "name": membership.user.name,
        },
        "tenant": {
            "id": membership.tenant.id,
            "slug": membership.tenant.slug,
            "name": membership.tenant.name,
        },
        "roles": [role.code for role in held],
        "permissions": sorted(codes_held(ctx, ctx.acting_user)),
    }


@query
def session_list(ctx: Context, *, current_id: UUID, page: PageRequest) -> Page:
    """The caller's logins to this company that can still be used, the latest first."""
    return _sessions_of(ctx, ctx.acting_user, current_id, page)


@query
def session_list_of(ctx: Context, *, user_id: UUID, current_id: UUID, page: PageRequest) -> Page:
    """The same of a member of this company."""
    members = Membership.objects.filter(user=user_id, tenant=ctx.tenant_id)
    require(members.exists(), NotFound())
    return _sessions_of(ctx, user_id, current_id, page)


def sessions_alive(ctx: Context) -> "QuerySet[UserSession]":
    """The company's sessions that can be used or refreshed. Part of a query."""
    return UserSession.objects.filter(
        tenant=ctx.tenant_id, revoked_at=None, refresh_expires_at__gt=ctx.now
    )


def _sessions_of(ctx: Context, user_id: UUID, current_id: UUID, page: PageRequest) -> Page:
    rows = sessions_alive(ctx).filter(user=user_id).values(*COLUMNS)
    order = Order(f"sessions of {user_id}", ("id",))

    def shape(row: Row) -> Row:
        expires_at = row.pop("refresh_expires_at")
        return row | {"expires_at": expires_at, "is_current": row["id"] == current_id}

    return page_of(ctx, rows, order, page).shaped(shape)
