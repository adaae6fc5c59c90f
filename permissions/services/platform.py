"""Who belongs to the platform itself. Said on its own machines only: no door leads here."""

from dataclasses import replace

from core.errors import NotFound, require
from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions.events import UserPermissionsChanged
from permissions.models import Membership, Role, User
from permissions.services.invalidation import permissions_void
from permissions.services.tenants import member_add


def platform_admin_set(ctx: Context, *, email: str, is_platform_admin: bool) -> User:
    """Make a user an admin of the platform, or unmake him; then tell every company of his.

    Each company in a transaction of its own. What was interrupted is said again, and
    nobody's memory of it is older than seconds anyway. The tenant of `ctx` is not used.
    """
    user = _user(email)
    User.objects.filter(pk=user.pk).update(is_platform_admin=is_platform_admin)
    for membership in Membership.objects.filter(user=user).order_by("tenant_id"):
        _tell(replace(ctx, tenant_id=membership.tenant_id), user)
    user.refresh_from_db(fields=["is_platform_admin"])
    return user


@command
def member_install(ctx: Context, *, email: str, role: str) -> Membership:
    """Let a user in without an invitation, such as an owner where the last is locked out."""
    user = _user(email)
    known = Role.objects.filter(code=role).exists()
    require(known, NotFound(f"This company has no role {role}."))
    return member_add(ctx, user_id=user.pk, role=role)


def _user(email: str) -> User:
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        raise NotFound(f"There is no user {email}.")
    return user


@command
def _tell(ctx: Context, user: User) -> None:
    permissions_void(ctx, UserPermissionsChanged(user.pk))
