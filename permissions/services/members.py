"""Members of a tenant: active or not, their roles, super admins. Memberships are global rows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from core.errors import Conflict, Forbidden, Invalid, NotFound, require
from core.jobs.outbox import Event
from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions import catalog
from permissions.events import SuperAdminDeactivated, UserPermissionsChanged
from permissions.models import (
    Grant,
    Membership,
    ModuleAssignment,
    Role,
    RoleAssignment,
    User,
    UserSession,
)
from permissions.selectors.members import membership_get
from permissions.services.invalidation import permissions_void, sessions_void
from permissions.services.safeguards import (
    governance_lock,
    require_held,
    require_owner_left,
    require_version,
)
from permissions.services.sessions import sessions_end

Values = dict[str, Any]


class NotJoined(Conflict):
    def __init__(self) -> None:
        super().__init__("This member was invited and becomes active by accepting.")


class UserErased(Conflict):
    def __init__(self) -> None:
        super().__init__("This user was erased; there is nobody to do this with.")


class PlatformOnly(Forbidden):
    def __init__(self) -> None:
        super().__init__("Only an admin of the platform may do this.")


@command
def membership_update(
    ctx: Context, *, membership_id: UUID, values: Values, expected_version: int | None = None
) -> Values:
    """Change `is_active`, `is_super_admin` or the whole list of `role_ids` of a member.

    Nothing is given that the actor does not hold, and an active owner stays.
    """
    governance_lock(ctx)
    member = membership_lock(ctx, membership_id, expected_version)
    was_owner = _roles_of(member).filter(code=catalog.OWNER).exists()
    was_super = member.is_super_admin and member.is_active
    added, removed = _role_changes(member, values.get("role_ids"))
    switched: Values = {
        name: values[name]
        for name in ("is_active", "is_super_admin")
        if name in values and values[name] != getattr(member, name)
    }
    if not (added or removed or switched):
        return membership_get(ctx, membership_id=membership_id)
    _require_may_give(ctx, member, added, switched)
    RoleAssignment.objects.bulk_create(RoleAssignment(user=member.user, role=r) for r in added)
    RoleAssignment.objects.filter(user=member.user_id, role__in=removed).delete()
    _write(member, switched)
    if was_owner:
        require_owner_left(ctx)
    if switched.get("is_active") is False:
        sessions_end(ctx, UserSession.objects.filter(tenant=ctx.tenant_id, user=member.user_id))
    is_super = member.is_super_admin and member.is_active
    permissions_void(ctx, *_events(member.user_id, lost_super=was_super and not is_super))
    return membership_get(ctx, membership_id=membership_id)


@command
def role_assign(ctx: Context, *, membership_id: UUID, role_id: UUID) -> Values:
    """Give a member one more role; nothing happens when he holds it."""
    held = _held_roles(ctx, membership_id)
    return membership_update(
        ctx, membership_id=membership_id, values={"role_ids": [*held, role_id]}
    )


@command
def role_unassign(ctx: Context, *, membership_id: UUID, role_id: UUID) -> Values:
    """Take a role from a member; nothing happens when he does not hold it."""
    held = [one for one in _held_roles(ctx, membership_id) if one != role_id]
    return membership_update(ctx, membership_id=membership_id, values={"role_ids": held})


@command
def user_deactivate(ctx: Context, *, user_id: UUID) -> User:
    """Lock a member of this tenant out of every tenant. For the platform's admins.

    The platform may do so to the last owner of a company, and puts another in his place.
    """
    require_platform_admin(ctx)
    governance_lock(ctx)
    memberships = Membership.objects.filter(user=user_id).order_by("id")
    here = memberships.filter(tenant=ctx.tenant_id).first()
    if here is None:
        raise NotFound
    User.objects.filter(pk=user_id).update(is_active=False)
    for member in memberships.filter(is_active=True):
        # The stamps of other tenants are out of reach of this transaction. Nobody enters
        # them any more, and the policy asks for an active user within seconds.
        there = replace(ctx, tenant_id=member.tenant_id)
        sessions_void(there, [], *_events(user_id, lost_super=member.is_super_admin))
    sessions_end(ctx, UserSession.objects.filter(user=user_id))
    permissions_void(ctx)
    return User.objects.get(pk=user_id)


@command
def user_activate(ctx: Context, *, user_id: UUID) -> User:
    """Let somebody in again who was locked out everywhere. For the platform's admins.

    He logs in anew, and holds what he held, where his memberships are active.
    """
    require_platform_admin(ctx)
    governance_lock(ctx)
    member = Membership.objects.filter(tenant=ctx.tenant_id, user=user_id)
    require(member.exists(), NotFound())
    locked = User.objects.filter(pk=user_id, erased_at=None).update(is_active=True)
    require(locked == 1, UserErased())
    permissions_void(ctx, UserPermissionsChanged(user_id))
    return User.objects.get(pk=user_id)


def membership_lock(
    ctx: Context, membership_id: UUID, expected_version: int | None = None
) -> Membership:
    """The tenant's membership, locked, with its user."""
    member = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(tenant=ctx.tenant_id, pk=membership_id)
        .first()
    )
    if member is None:
        raise NotFound
    require_version(member.version, expected_version)
    return member


def require_platform_admin(ctx: Context) -> None:
    """The system itself, or a user whom the platform made its admin."""
    if ctx.actor_id is None:
        return
    admins = User.objects.filter(pk=ctx.actor_id, is_active=True, is_platform_admin=True)
    require(admins.exists(), PlatformOnly())


def _require_may_give(
    ctx: Context, member: Membership, added: Sequence[Role], switched: Values
) -> None:
    """What the change gives, the actor holds, whether it is active yet or not."""
    given = set(Grant.objects.filter(role__in=added).values_list("code", flat=True))
    activated, made_super = switched.get("is_active"), switched.get("is_super_admin")
    if activated:
        require(member.joined_at is not None, NotJoined())
        roles = _roles_of(member)
        given.update(Grant.objects.filter(role__in=roles).values_list("code", flat=True))
    if made_super or (activated and member.is_super_admin):
        assigned = ModuleAssignment.objects.filter(user=member.user_id)
        given |= catalog.codes_of_modules(assigned.values_list("module", flat=True))
    require_held(ctx, given)


def _role_changes(
    member: Membership, role_ids: Iterable[UUID] | None
) -> tuple[list[Role], list[Role]]:
    """(roles to add, roles to take) for the member to hold exactly `role_ids`."""
    if role_ids is None:
        return [], []
    wanted = list(Role.objects.filter(pk__in=set(role_ids)).order_by("id"))
    known = {role.pk for role in wanted}
    if set(role_ids) - known:
        raise Invalid.field("role_ids", "There is no such role.")
    held = list(_roles_of(member))
    ids = {role.pk for role in held}
    return [r for r in wanted if r.pk not in ids], [r for r in held if r.pk not in known]


def _roles_of(member: Membership) -> QuerySet[Role, Any]:
    found: QuerySet[Role, Any] = Role.objects.filter(assignments__user=member.user_id)
    return found


def _held_roles(ctx: Context, membership_id: UUID) -> list[UUID]:
    """Ids of the roles of a member, which stay as they are until the transaction ends."""
    governance_lock(ctx)
    member = membership_lock(ctx, membership_id)
    return list(_roles_of(member).values_list("id", flat=True))


def _write(member: Membership, switched: Values) -> None:
    """The switches and the next version; who was active has joined, however long ago that was."""
    changes: Values = dict(switched)
    if "is_active" in switched:
        changes["joined_at"] = Coalesce(F("joined_at"), F("created_at"))
    Membership.objects.filter(pk=member.pk).update(version=F("version") + 1, **changes)
    member.refresh_from_db(fields=["version", "is_active", "is_super_admin", "joined_at"])


def _events(user_id: UUID, *, lost_super: bool) -> list[Event]:
    changed: list[Event] = [UserPermissionsChanged(user_id)]
    return changed + ([SuperAdminDeactivated(user_id)] if lost_super else [])
