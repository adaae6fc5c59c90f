"""The modules that the apps declare, and to which super admins the platform assigned them."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from core.errors import Invalid
from core.listing import Cursor, Order, Page, PageRequest
from core.tenancy.context import Context
from core.tenancy.transactions import query
from permissions import catalog
from permissions.models import Membership, ModuleAssignment

Row = dict[str, Any]

MODULES = Order("modules", ("module",), descending=False)


@query
def module_list(ctx: Context, *, page: PageRequest) -> Page:
    """Modules by name, each with its pages, their actions, and who may have all of it."""
    assigned = _assigned(ctx)
    rows = [
        {"module": module, "pages": pages, "assigned_to": assigned[module]}
        for module, pages in _pages().items()
    ]
    return _page_of_rows(ctx, rows, page)


@query
def modules_of(ctx: Context, *, user_id: UUID) -> Row:
    """The modules assigned to one member."""
    if not Membership.objects.filter(tenant=ctx.tenant_id, user=user_id).exists():
        raise Invalid.field("user_id", "There is no such member.")
    found = ModuleAssignment.objects.filter(user=user_id).order_by("module")
    return {"user_id": user_id, "modules": list(found.values_list("module", flat=True))}


@query
def super_admin_list(ctx: Context) -> list[tuple[Membership, set[str]]]:
    """Super admins by e-mail, active or not, with the modules that each was assigned."""
    modules: dict[UUID, set[str]] = defaultdict(set)
    for assignment in ModuleAssignment.objects.all():
        modules[assignment.user_id].add(assignment.module)
    members = Membership.objects.filter(tenant=ctx.tenant_id, is_super_admin=True)
    ordered = members.select_related("user").order_by("user__email")
    return [(member, modules[member.user_id]) for member in ordered]


def _pages() -> dict[str, list[Row]]:
    """Module to its pages, in order of their names."""
    found: dict[str, dict[str, Row]] = defaultdict(dict)
    for code in catalog.declared():
        page = found[code.module].setdefault(
            code.page, {"page": code.page, "actions": [], "platform_actions": []}
        )
        page["platform_actions" if code.is_platform else "actions"].append(code.action)
    return {module: list(found[module].values()) for module in sorted(found)}


def _assigned(ctx: Context) -> dict[str, list[UUID]]:
    found: dict[str, list[UUID]] = defaultdict(list)
    for row in ModuleAssignment.objects.order_by("module", "user_id"):
        found[row.module].append(row.user_id)
    return found


def _page_of_rows(ctx: Context, rows: list[Row], asked: PageRequest) -> Page:
    """A page of a list that is no table: as many modules as there are apps."""
    if asked.number is not None:
        start = (asked.number - 1) * asked.limit
        shown = rows[start : start + asked.limit]
        following = asked.number + 1 if start + asked.limit < len(rows) else None
        previous = asked.number - 1 if asked.number > 1 else None
        return Page(shown, asked.limit, following, previous, asked.number, len(rows))
    cursor = Cursor(ctx, MODULES)
    place = cursor.place(asked)
    if place.values is not None:
        [last] = place.values
        rows = [r for r in rows if (r["module"] < last if place.backwards else r["module"] > last)]
    if place.backwards:
        rows.reverse()
    return cursor.page(rows[: asked.limit + 1], asked, place)
