"""What no change of rights may do: give more than the giver holds, or lock everyone out.

Parts of a command. A change of rights starts with `governance_lock`, so that two of
them cannot each see the other's last owner, or a right that is just being taken away.
"""

from collections.abc import Iterable

from core.errors import Conflict, Forbidden, Invalid, StaleVersion, require
from core.tenancy.context import Context
from permissions import catalog
from permissions.models import Membership, PermissionStamp, RoleAssignment
from permissions.policy import codes_load


class MoreThanHeld(Forbidden):
    """Somebody gives what he does not hold himself."""

    def __init__(self, code: str) -> None:
        super().__init__(f"You do not hold {code} yourself, so you cannot give it to anybody.")


class LastOwner(Conflict):
    def __init__(self) -> None:
        super().__init__(
            "No active member would be left who holds the role owner. Give it to somebody first."
        )


class OwnerStays(Conflict):
    """The role `owner` would lose what nobody could give back."""


def governance_lock(ctx: Context) -> None:
    """One change of rights at a time in a tenant; held until the transaction ends."""
    stamps = PermissionStamp.objects.select_for_update()
    if stamps.first() is None:
        PermissionStamp.objects.bulk_create([PermissionStamp()], ignore_conflicts=True)
        stamps.first()


def require_held(ctx: Context, codes: Iterable[str]) -> None:
    """The actor holds all of `codes`, which he gives; the system may give anything.

    Read from the tables, not from memory, and before anything is changed: nobody
    gives himself what he then holds.
    """
    given = catalog.tenant_codes().intersection(codes)
    if ctx.actor_id is None or not given:
        return
    missing = sorted(given - codes_load(ctx, ctx.actor_id))
    if missing:
        raise MoreThanHeld(missing[0])


def require_grantable(codes: Iterable[str], field: str) -> None:
    """Codes that are declared and that roles may grant."""
    for code in sorted(codes):
        known = code in catalog.all_codes()
        require(known, Invalid.field(field, f"There is no permission {code[:100]}."))
        theirs = code in catalog.platform_codes()
        require(not theirs, Invalid.field(field, f"{code} is the platform's; no role grants it."))


def require_owner_left(ctx: Context) -> None:
    """After a change that may have taken it away: an active member who holds `owner`."""
    owners = RoleAssignment.objects.filter(role__code=catalog.OWNER, role__is_active=True)
    left = Membership.objects.filter(
        tenant=ctx.tenant_id, is_active=True, user__is_active=True, user__in=owners.values("user")
    )
    require(left.exists(), LastOwner())


def require_version(version: int, expected_version: int | None) -> None:
    """Refuse to change a record that somebody changed since it was read."""
    if expected_version is not None and version != expected_version:
        raise StaleVersion("Somebody changed this record since you read it.")
