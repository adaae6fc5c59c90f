"""`history/` of members, roles and grants."""

from uuid import UUID

from core.audit.views import history_view
from core.tenancy.context import Context
from permissions.models import Grant, Membership, Role
from permissions.selectors.members import membership_get, person_get
from permissions.selectors.roles import grant_get, role_get

MembershipHistoryView = history_view(
    "permissions.memberships.view",
    Membership,
    lambda ctx, key: membership_get(ctx, membership_id=key),
)
RoleHistoryView = history_view(
    "permissions.roles.view", Role, lambda ctx, key: role_get(ctx, role_id=key)
)


def _role_of(ctx: Context, key: UUID) -> dict[str, object]:
    """A grant is recorded under its role, with those that came or went with it."""
    return {"id": grant_get(ctx, grant_id=key)["role_id"]}


def _membership_of(ctx: Context, key: UUID) -> dict[str, object]:
    """A person is no company's: what a company sees of him is his membership of it."""
    return {"id": person_get(ctx, user_id=key)["membership_id"]}


GrantHistoryView = history_view("permissions.grants.view", Grant, _role_of)
UserHistoryView = history_view("permissions.users.view", Membership, _membership_of)
