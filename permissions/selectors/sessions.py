"""Reads about sessions and memberships. Global tables: filtered explicitly."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from core.tenancy.context import Context
from core.tenancy.transactions import query
from permissions.models import Membership, Role, User
from permissions.tokens import token_hash

FoundSession = tuple[UUID, UUID, UUID, list[str]]


def session_actor(token: str, moment: datetime) -> FoundSession | None:
    """(session, tenant, user, permission codes) of a valid access token, or None."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT session_id, tenant_id, user_id, codes FROM permissions_authenticate(%s, %s)",
            [token_hash(token), moment],
        )
        found: FoundSession | None = cursor.fetchone()
    return found


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
    held = Role.objects.filter(assignments__user=ctx.actor_id).order_by("code")
    roles = list(held.prefetch_related("grants"))
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
        "roles": [role.code for role in roles],
        "permissions": sorted({grant.code for role in roles for grant in role.grants.all()}),
    }


@query
def codes_held(ctx: Context) -> frozenset[str]:
    """The permission codes of the actor in this tenant."""
    held = Role.objects.filter(assignments__user=ctx.actor_id)
    return frozenset(held.values_list("grants__code", flat=True).distinct())
