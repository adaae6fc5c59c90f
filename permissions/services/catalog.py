"""The declared codes brought to the database, and new ones to the roles of every tenant, once."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from uuid import UUID

from core.tenancy.context import Context
from core.tenancy.selectors import tenant_ids
from core.tenancy.transactions import command
from permissions import catalog
from permissions.events import UserPermissionsChanged
from permissions.models import Grant, Membership, Permission, Role, RoleAssignment
from permissions.services.invalidation import permissions_void
from permissions.services.safeguards import governance_lock

#: Called with (tenants done, tenants known of).
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Changes:
    """What the apps declare now and the table does not know, and the other way round."""

    added: frozenset[str]
    removed: frozenset[str]
    #: Codes that roles may not grant any more: gone, or the platform's now.
    ungrantable: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.ungrantable)


def permissions_sync(ctx: Context, *, progress: Progress) -> Changes:
    """Visit every tenant in a transaction of its own, then write the table. Idempotent.

    The table is written last: what was interrupted is begun again, and gives again only
    what somebody took from a template's role in between. A code is new once, so what a
    tenant takes away later stays away. The tenant of `ctx` is not looked at.
    """
    changes = _changes()
    if not changes:
        return changes
    done: set[UUID] = set()
    # A process of the version before may open a tenant meanwhile, without the new codes.
    while todo := [tenant_id for tenant_id in tenant_ids() if tenant_id not in done]:
        for tenant_id in todo:
            roles_sync(
                replace(ctx, tenant_id=tenant_id),
                added=changes.added,
                ungrantable=changes.ungrantable,
            )
            done.add(tenant_id)
            progress(len(done), len(done | set(todo)))
    _table_write(changes)
    return changes


@command
def roles_sync(ctx: Context, *, added: Collection[str], ungrantable: Collection[str]) -> None:
    """Grant new codes to the tenant's template roles, and take back what no role may grant."""
    governance_lock(ctx)
    touched = set()
    for role in Role.objects.filter(code__in=catalog.ROLE_TEMPLATES).order_by("id"):
        codes = set(catalog.codes_of_template(role.code, added))
        codes -= set(role.grants.filter(code__in=codes).values_list("code", flat=True))
        Grant.objects.bulk_create(Grant(role=role, code=code) for code in sorted(codes))
        touched.update([role.pk] if codes else [])
    taken = Grant.objects.filter(code__in=ungrantable)
    touched.update(taken.values_list("role_id", flat=True))
    taken.delete()
    for role in Role.objects.filter(pk__in=touched).order_by("id"):
        role.version += 1
        role.save(update_fields=["version"])
    permissions_void(ctx, *(UserPermissionsChanged(user) for user in _affected(ctx, touched)))


def _affected(ctx: Context, roles: Collection[UUID]) -> list[UUID]:
    """Holders of these roles, and super admins, whose pages are read from the code itself."""
    holders = RoleAssignment.objects.filter(role__in=roles).values_list("user_id", flat=True)
    supers = Membership.objects.filter(tenant=ctx.tenant_id, is_super_admin=True)
    return sorted({*holders, *supers.values_list("user_id", flat=True)})


def _changes() -> Changes:
    known = dict(Permission.objects.values_list("code", "is_platform"))
    now_platform = catalog.platform_codes().intersection(
        c for c, theirs in known.items() if not theirs
    )
    removed = frozenset(known) - catalog.all_codes()
    now_tenant = catalog.tenant_codes().intersection(c for c, theirs in known.items() if theirs)
    return Changes(
        added=(catalog.all_codes() - frozenset(known)) | now_tenant,
        removed=removed,
        ungrantable=removed | now_platform,
    )


def _table_write(changes: Changes) -> None:
    """Global table, written by deployments only."""
    Permission.objects.filter(code__in=changes.removed).delete()
    Permission.objects.bulk_create(
        (
            Permission(
                code=str(code),
                module=code.module,
                page=code.page,
                action=code.action,
                is_platform=code.is_platform,
            )
            for code in catalog.declared()
        ),
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["module", "page", "action", "is_platform"],
    )
