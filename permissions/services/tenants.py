"""Opening a tenant, and letting people in."""

from uuid import UUID

from core.errors import Conflict, require
from core.tenancy.context import Context
from core.tenancy.models import Tenant
from core.tenancy.transactions import command
from permissions import catalog
from permissions.catalog import ROLE_TEMPLATES, codes_of_template
from permissions.events import ModuleAssignmentsChanged, UserPermissionsChanged
from permissions.models import (
    Grant,
    Membership,
    PermissionStamp,
    Role,
    RoleAssignment,
    User,
)
from permissions.services.invalidation import permissions_void
from permissions.services.modules import modules_give


@command
def tenant_open(ctx: Context, *, slug: str, name: str) -> Tenant:
    """Create the context's tenant, whose id is new, with its roles."""
    taken = Tenant.objects.filter(slug=slug).exists()
    require(not taken, Conflict(f"There is a company with the short name {slug}."))
    tenant = Tenant(id=ctx.tenant_id, slug=slug, name=name)
    tenant.full_clean(validate_unique=False)
    tenant.save(force_insert=True)
    PermissionStamp.objects.create()
    roles = Role.objects.bulk_create(Role(code=c, name=c.capitalize()) for c in ROLE_TEMPLATES)
    Grant.objects.bulk_create(
        Grant(role_id=role.pk, code=code) for role in roles for code in codes_of_template(role.code)
    )
    return tenant


@command
def owner_install(ctx: Context, *, user_id: UUID) -> Membership:
    """Let the first owner in: he holds the role `owner`, and is super admin of every module."""
    membership = Membership.objects.create(
        tenant_id=ctx.tenant_id, user_id=user_id, is_super_admin=True, joined_at=ctx.now
    )
    RoleAssignment.objects.create(user_id=user_id, role=Role.objects.get(code=catalog.OWNER))
    modules_give(ctx, user_id=user_id, modules=set(catalog.modules()))
    permissions_void(ctx, UserPermissionsChanged(user_id), ModuleAssignmentsChanged(user_id))
    return membership


@command
def member_add(ctx: Context, *, user_id: UUID, role: str) -> Membership:
    """Let a user into the tenant in one of its roles; adds the role if he is in already.

    For those who open companies and load data: that the actor may give this role is
    theirs to check.
    """
    joined = {"is_active": True, "joined_at": ctx.now}
    membership, _ = Membership.objects.update_or_create(
        tenant_id=ctx.tenant_id,
        user_id=user_id,
        defaults={"is_active": True},
        create_defaults=joined,
    )
    RoleAssignment.objects.get_or_create(user_id=user_id, role=Role.objects.get(code=role))
    permissions_void(ctx, UserPermissionsChanged(user_id))
    return membership


def user_create(*, email: str, password: str, name: str = "", **flags: bool) -> User:
    """A new user, member of nothing yet; `flags` are `is_staff` and `is_platform_admin`.

    Global table; callers check who may do this.
    """
    user = User(email=email.strip().lower(), name=name, **flags)
    user.set_password(password)
    user.full_clean()
    user.save(force_insert=True)
    return user
