"""Reads of roles and grants."""

from typing import Any
from uuid import UUID

from django.db.models import F

from core.errors import NotFound
from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query
from permissions import catalog
from permissions.models import Grant, Role

Row = dict[str, Any]

ROLE = ("id", "code", "name", "description", "is_active", "version")
ROLES = Order("roles", ("code", "id"), descending=False)
GRANTS = Order("grants", ("code", "id"), descending=False)


@query
def role_list(ctx: Context, *, page: PageRequest) -> Page:
    """Roles by code."""
    rows = page.narrow(Role.objects.all()).values(*ROLE)
    return page_of(ctx, rows, ROLES, page).shaped(_shape)


@query
def role_get(ctx: Context, *, role_id: UUID) -> Row:
    """One role with the codes that it grants."""
    role = Role.objects.filter(pk=role_id).values(*ROLE).first()
    if role is None:
        raise NotFound
    grants = Grant.objects.filter(role=role_id).order_by("code").values_list("code", flat=True)
    return _shape(role) | {"grants": list(grants)}


@query
def grant_list(ctx: Context, *, page: PageRequest) -> Page:
    """Grants by code, each with the role that holds it."""
    rows = page.narrow(Grant.objects.all()).values(
        "id", "code", "role_id", role_code=F("role__code")
    )
    return page_of(ctx, rows, GRANTS, page)


@query
def grant_get(ctx: Context, *, grant_id: UUID) -> Row:
    """One grant as the list shows it."""
    found = Grant.objects.filter(pk=grant_id).values(
        "id", "code", "role_id", role_code=F("role__code")
    )
    row = found.first()
    if row is None:
        raise NotFound
    return dict(row)


@query
def role_choices(ctx: Context) -> list[tuple[str, str]]:
    """(id, name) of every role by name, for a form."""
    rows = Role.objects.order_by("name", "id").values_list("id", "name", "is_active")
    return [(str(pk), name if active else f"{name} (deactivated)") for pk, name, active in rows]


def _shape(row: Row) -> Row:
    return row | {"is_template": row["code"] in catalog.ROLE_TEMPLATES}
