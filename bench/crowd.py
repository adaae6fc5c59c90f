"""Many users of a few companies, with a role and a session each, made in bulk."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from bench.world import Company
from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions.models import Membership, Role, RoleAssignment, User
from permissions.services.sessions import session_open


@dataclass(frozen=True, slots=True)
class Member:
    user_id: UUID
    token: str


def crowd(companies: Sequence[Company], count: int) -> list[Member]:
    """`count` viewers, evenly over the companies. They have no password: that takes 0.1 s each."""
    each = max(1, count // len(companies))
    return [member for company in companies for member in _viewers(company.ctx(), each)]


@command
def _viewers(ctx: Context, count: int) -> list[Member]:
    users = User.objects.bulk_create(
        User(email=f"{secrets.token_hex(8)}@example.test", password="!") for _ in range(count)
    )
    Membership.objects.bulk_create(
        Membership(tenant_id=ctx.tenant_id, user=user, joined_at=ctx.now) for user in users
    )
    viewer = Role.objects.get(code="viewer")
    RoleAssignment.objects.bulk_create(RoleAssignment(role=viewer, user=user) for user in users)
    return [_logged_in(ctx, user) for user in users]


def _logged_in(ctx: Context, user: User) -> Member:
    as_user = Context(ctx.tenant_id, user.pk, datetime.now(UTC), "bench")
    return Member(user.pk, session_open(as_user, user_id=user.pk).access)
