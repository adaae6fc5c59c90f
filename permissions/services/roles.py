"""Roles of a tenant and what they grant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError

from core.errors import Conflict, FieldError, Invalid, NotFound, require
from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions import catalog
from permissions.events import UserPermissionsChanged
from permissions.models import Grant, Role, RoleAssignment
from permissions.selectors.roles import grant_get, role_get
from permissions.services.invalidation import permissions_void
from permissions.services.safeguards import (
    OwnerStays,
    governance_lock,
    require_grantable,
    require_held,
    require_version,
)

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RoleInput:
    """A role to make. `code` is short, of one kind, and stays."""

    code: str
    name: str
    description: str = ""
    is_active: bool = True
    grants: Sequence[str] = ()


class RoleHeld(Conflict):
    def __init__(self) -> None:
        super().__init__("Somebody holds this role. Take it from him first, or deactivate it.")


class TemplateRole(Conflict):
    def __init__(self, role: Role) -> None:
        super().__init__(
            f"Every company has the role {role.code}. It can be deactivated, unless it is owner."
        )


@command
def role_create(ctx: Context, *, role: RoleInput) -> Values:
    """A role that grants no more than its maker holds."""
    governance_lock(ctx)
    require_grantable(role.grants, "grants")
    require_held(ctx, role.grants)
    made = Role(
        code=role.code, name=role.name, description=role.description, is_active=role.is_active
    )
    _save(made, force_insert=True)
    _grants_insert(made, role.grants)
    permissions_void(ctx)
    return role_get(ctx, role_id=made.pk)


@command
def role_update(
    ctx: Context, *, role_id: UUID, values: Values, expected_version: int | None = None
) -> Values:
    """Change `name`, `description`, `is_active` or the whole list of `grants`."""
    governance_lock(ctx)
    role = role_lock(role_id, expected_version)
    if values.get("is_active", role.is_active) != role.is_active:
        _require_may_switch(ctx, role)
    if "grants" in values:
        _grants_set(ctx, role, values["grants"])
    for name in ("name", "description", "is_active"):
        setattr(role, name, values.get(name, getattr(role, name)))
    _changed(ctx, role)
    return role_get(ctx, role_id=role_id)


@command
def role_delete(ctx: Context, *, role_id: UUID, expected_version: int | None = None) -> None:
    """Only what nobody holds, and what did not come with the company."""
    governance_lock(ctx)
    role = role_lock(role_id, expected_version)
    require(role.code not in catalog.ROLE_TEMPLATES, TemplateRole(role))
    require(not RoleAssignment.objects.filter(role=role).exists(), RoleHeld())
    role.delete()
    permissions_void(ctx)


@command
def grant_add(ctx: Context, *, role_id: UUID, code: str) -> Values:
    """One more code for a role; Conflict when it grants it already."""
    governance_lock(ctx)
    role = Role.objects.select_for_update().filter(pk=role_id).first()
    if role is None:
        raise Invalid.field("role_id", "There is no such role.")
    require_grantable([code], "code")
    require_held(ctx, [code])
    known = Grant.objects.filter(role=role, code=code).exists()
    require(not known, Conflict("This role grants this already."))
    [grant] = _grants_insert(role, [code])
    _changed(ctx, role)
    return grant_get(ctx, grant_id=grant.pk)


@command
def grant_remove(ctx: Context, *, grant_id: UUID) -> None:
    """Take one code from a role."""
    governance_lock(ctx)
    grant = Grant.objects.filter(pk=grant_id).first()
    if grant is None:
        raise NotFound
    role = role_lock(grant.role_id)
    _require_owner_keeps(role, [grant.code])
    grant.delete()
    _changed(ctx, role)


def role_lock(role_id: UUID, expected_version: int | None = None) -> Role:
    """The role, locked; NotFound, or StaleVersion when somebody changed it since."""
    role: Role | None = Role.objects.select_for_update().filter(pk=role_id).first()
    if role is None:
        raise NotFound
    require_version(role.version, expected_version)
    return role


def _require_may_switch(ctx: Context, role: Role) -> None:
    """Switched on, a role gives its holders what it grants; `owner` is never switched off."""
    if role.is_active:
        require(role.code != catalog.OWNER, OwnerStays("The role owner is always active."))
    else:
        require_held(ctx, role.grants.values_list("code", flat=True))


def _grants_set(ctx: Context, role: Role, codes: Iterable[str]) -> None:
    wanted, held = set(codes), set(role.grants.values_list("code", flat=True))
    added, removed = wanted - held, held - wanted
    require_grantable(added, "grants")
    require_held(ctx, added)
    _require_owner_keeps(role, removed)
    role.grants.filter(code__in=removed).delete()
    _grants_insert(role, added)


def _require_owner_keeps(role: Role, removed: Iterable[str]) -> None:
    kept = catalog.governing_codes().intersection(removed) if role.code == catalog.OWNER else ()
    if kept:
        raise OwnerStays(f"The role owner keeps {min(kept)}: nobody could give it back.")


def _grants_insert(role: Role, codes: Iterable[str]) -> list[Grant]:
    rows = [Grant(role=role, code=code) for code in sorted(set(codes))]
    inserted: list[Grant] = Grant.objects.bulk_create(rows)
    return inserted


def _changed(ctx: Context, role: Role) -> None:
    """Write the role's next version and void what is remembered about its holders."""
    role.version += 1
    _save(role)
    holders = RoleAssignment.objects.filter(role=role).order_by("user_id")
    users = holders.values_list("user_id", flat=True)
    permissions_void(ctx, *(UserPermissionsChanged(user_id) for user_id in users))


def _save(role: Role, *, force_insert: bool = False) -> None:
    try:
        role.clean_fields(exclude=["tenant", "version"])
    except ValidationError as error:
        fields = [FieldError(n, str(m)) for n, ms in error.message_dict.items() for m in ms]
        raise Invalid(f"{fields[0].name}: {fields[0].message}", fields=fields) from error
    role.save(force_insert=force_insert)
