"""The one policy: which permission codes somebody holds in a tenant.

Everything that asks "may he" asks this: API, staff console, reports, exports, tasks.
"""

from uuid import UUID

from core.tenancy.context import Context
from core.tenancy.transactions import query
from permissions import catalog
from permissions.caches import USER_PERMISSIONS
from permissions.models import Grant, Membership, ModuleAssignment


def codes_held(ctx: Context, user_id: UUID) -> frozenset[str]:
    """The codes that `user_id` holds in the context's tenant; from memory where possible."""
    return USER_PERMISSIONS.get(ctx.tenant_id, user_id.hex, lambda: codes_load(ctx, user_id))


@query
def codes_load(ctx: Context, user_id: UUID) -> frozenset[str]:
    """The same from the tables that say so."""
    membership = Membership.objects.filter(
        tenant=ctx.tenant_id, user=user_id, is_active=True, user__is_active=True
    ).first()
    if membership is None:
        return frozenset()
    granted = Grant.objects.filter(role__assignments__user=user_id, role__is_active=True)
    held = set(granted.values_list("code", flat=True))
    if membership.is_super_admin:
        modules = ModuleAssignment.objects.filter(user=user_id).values_list("module", flat=True)
        held.update(catalog.codes_of_modules(modules))
    return frozenset(held)
