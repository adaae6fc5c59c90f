"""Roles, members and modules, set up through services, and what somebody holds."""

import secrets
from typing import Any
from uuid import UUID

from core.jobs.models import OutboxEvent
from core.tenancy.context import Context
from core.tenancy.transactions import query
from permissions.models import Grant, Membership, Role, User
from permissions.policy import codes_load
from permissions.services.members import membership_update
from permissions.services.roles import RoleInput, role_create
from tests.cast import Company, join, new_user

VIEW, POST = "accounting.invoices.view", "accounting.invoices.post"
GOVERN = (
    "permissions.roles.view", "permissions.roles.create", "permissions.roles.update",
    "permissions.roles.delete", "permissions.grants.view", "permissions.grants.create",
    "permissions.grants.delete", "permissions.memberships.view", "permissions.users.view",
    "permissions.memberships.update", "permissions.super-admins.update",
)  # fmt: skip


def role_of(company: Company, *codes: str, **values: Any) -> dict[str, Any]:
    """A new role that grants `codes`, made by the owner."""
    code = values.pop("code", f"r-{secrets.token_hex(4)}")
    role = RoleInput(code, values.pop("name", "Role"), grants=codes, **values)
    return role_create(company.ctx(), role=role)


def member_of(company: Company, *codes: str, name: str = "bob") -> User:
    """A new colleague who holds exactly `codes`, by a role of his own."""
    return join(company, new_user(name), role_of(company, *codes)["code"])


def platform_admin(company: Company) -> User:
    """Somebody of the platform, who is a member here but holds no role that matters."""
    admin = member_of(company, name="pat")
    User.objects.filter(pk=admin.pk).update(is_platform_admin=True)
    return admin


def membership_of(company: Company, user: User) -> Membership:
    return Membership.objects.get(tenant=company.tenant_id, user=user)


def update(company: Company, user: User, actor: User | None = None, **values: Any) -> Any:
    member = membership_of(company, user)
    return membership_update(company.ctx(actor), membership_id=member.pk, values=values)


def held(company: Company, user: User) -> frozenset[str]:
    """What the policy says, from the tables."""

    @query
    def load(ctx: Context) -> frozenset[str]:
        return codes_load(ctx, user.pk)

    return load(company.ctx())


def role_id(company: Company, code: str) -> UUID:
    @query
    def find(ctx: Context) -> UUID:
        return Role.objects.get(code=code).pk

    return find(company.ctx())


def grant_id(company: Company, role: Any, code: str) -> UUID:
    @query
    def find(ctx: Context) -> UUID:
        return Grant.objects.get(role=role["id"], code=code).pk

    return find(company.ctx())


def grants_of(company: Company, code: str) -> set[str]:
    @query
    def find(ctx: Context) -> set[str]:
        return set(Grant.objects.filter(role__code=code).values_list("code", flat=True))

    return find(company.ctx())


def events_of(company: Company, user: User) -> list[str]:
    """Names of what was announced about this user in this company, oldest first."""
    rows = OutboxEvent.objects.filter(tenant_id=company.tenant_id, payload__user_id=str(user.pk))
    return list(rows.order_by("id").values_list("name", flat=True))
