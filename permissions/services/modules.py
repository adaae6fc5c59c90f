"""Which modules the platform lets a super admin of a tenant have."""

from collections.abc import Sequence
from uuid import UUID

from core.errors import Conflict, Invalid, require
from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions import catalog
from permissions.events import ModuleAssignmentsChanged
from permissions.models import Membership, ModuleAssignment
from permissions.services.invalidation import permissions_void
from permissions.services.members import require_platform_admin
from permissions.services.safeguards import governance_lock


class NoSuperAdmin(Conflict):
    def __init__(self) -> None:
        super().__init__("Modules are assigned to super admins. Make this member one first.")


@command
def modules_assign(ctx: Context, *, user_id: UUID, modules: Sequence[str]) -> list[str]:
    """Set the whole list of a super admin's modules; returns it. For the platform's admins."""
    require_platform_admin(ctx)
    governance_lock(ctx)
    for module in modules:
        known = module in catalog.modules()
        require(known, Invalid.field("modules", f"There is no module {module[:40]}."))
    member = Membership.objects.filter(tenant=ctx.tenant_id, user=user_id).first()
    if member is None:
        raise Invalid.field("user_id", "There is no such member.")
    require(member.is_super_admin or not modules, NoSuperAdmin())
    assigned = ModuleAssignment.objects.filter(user=user_id)
    held = set(assigned.values_list("module", flat=True))
    if held == set(modules):
        return sorted(held)
    assigned.exclude(module__in=modules).delete()
    modules_give(ctx, user_id=user_id, modules=set(modules) - held)
    permissions_void(ctx, ModuleAssignmentsChanged(user_id))
    return sorted(set(modules))


def modules_give(ctx: Context, *, user_id: UUID, modules: set[str]) -> None:
    """More modules for a super admin. Part of a command, which voids and announces."""
    ModuleAssignment.objects.bulk_create(
        ModuleAssignment(
            user_id=user_id, module=module, assigned_at=ctx.now, assigned_by_id=ctx.actor_id
        )
        for module in sorted(modules)
    )
