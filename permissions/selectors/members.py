"""Who belongs to a company. Membership is a global table: filtered explicitly."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Value, When

from core.errors import NotFound
from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query
from permissions.models import Membership, ModuleAssignment, RoleAssignment

Row = dict[str, Any]

MEMBERSHIP = ("id", "user_id", "is_active", "is_super_admin", "created_at", "joined_at", "version")
#: Until he accepts, an invited person is an e-mail address: what else we know of him comes
#: from other companies, and would tell that he has an account there.
INVITED = Q(joined_at=None, is_active=False)
KNOWN_NAME = Case(When(INVITED, Value("")), default="user__name")
BY_EMAIL = Order("memberships", ("email", "id"), descending=False)
PEOPLE = Order("users", ("email", "user_id"), descending=False)


def members_of(tenant_id: UUID) -> QuerySet[Membership, Any]:
    """The tenant's memberships with `roles` and `modules`, each in one text. Part of a query."""
    roles = (
        RoleAssignment.objects.filter(user=OuterRef("user"))
        .order_by()
        .values("user")
        .annotate(names=StringAgg("role__name", Value(", "), order_by="role__name"))
    )
    modules = (
        ModuleAssignment.objects.filter(user=OuterRef("user"))
        .order_by()
        .values("user")
        .annotate(names=StringAgg("module", Value(", "), order_by="module"))
    )
    return (
        Membership.objects.filter(tenant=tenant_id)
        .select_related("user")
        .annotate(
            roles=Subquery(roles.values("names")),
            modules=Subquery(modules.values("names")),
            known_name=KNOWN_NAME,
        )
    )


def holders_of(role_id: UUID) -> QuerySet[RoleAssignment, Any]:
    """The users who hold a role. Part of a query."""
    held: QuerySet[RoleAssignment, Any] = RoleAssignment.objects.filter(role=role_id)
    return held.values("user")


@query
def member_list(ctx: Context, *, page: PageRequest) -> Page:
    """Memberships with their people, roles and modules, by e-mail."""
    found = page_of(ctx, page.narrow(_memberships(ctx)), BY_EMAIL, page)
    return _with_rights(found)


@query
def membership_get(ctx: Context, *, membership_id: UUID) -> Row:
    """One membership as the list shows it."""
    row = _memberships(ctx).filter(pk=membership_id).first()
    if row is None:
        raise NotFound
    return _with_rights(Page([row], 1)).rows[0]


@query
def person_list(ctx: Context, *, page: PageRequest) -> Page:
    """The members as people, by e-mail."""
    found = page_of(ctx, page.narrow(_people(ctx)), PEOPLE, page)
    return found.shaped(_person_shape)


@query
def person_get(ctx: Context, *, user_id: UUID) -> Row:
    """One member as a person."""
    row = _people(ctx).filter(user=user_id).first()
    if row is None:
        raise NotFound
    return _person_shape(row)


@query
def member_by_email(ctx: Context, *, email: str) -> Membership | None:
    """The membership of the user with this address, however it is typed."""
    mine = Membership.objects.filter(tenant=ctx.tenant_id).select_related("user")
    return mine.filter(user__email=email.strip().lower()).first()


def _memberships(ctx: Context) -> QuerySet[Membership, Row]:
    return Membership.objects.filter(tenant=ctx.tenant_id).values(
        *MEMBERSHIP, email=F("user__email"), name=KNOWN_NAME
    )


def _people(ctx: Context) -> QuerySet[Membership, Row]:
    """`membership_id` is the key of these rows, `user_id` that of the person."""
    members = Membership.objects.filter(tenant=ctx.tenant_id).exclude(INVITED)
    rows: QuerySet[Membership, Any] = members.values(
        "user_id",
        "is_active",
        membership_id=F("id"),
        email=F("user__email"),
        name=F("user__name"),
        is_staff=F("user__is_staff"),
        user_active=F("user__is_active"),
    )
    return rows


def _person_shape(row: Row) -> Row:
    """Active here is who may enter here: as a member, and as a user at all."""
    may_log_in = row.pop("user_active")
    return row | {"id": row.pop("user_id"), "is_active": row["is_active"] and may_log_in}


def _with_rights(page: Page) -> Page:
    """Each row with `role_ids`, `roles` and `modules`, in two statements."""
    users = [row["user_id"] for row in page.rows]
    roles, modules = _roles(users), _modules(users)

    def shape(row: Row) -> Row:
        mine = roles[row["user_id"]]
        is_invited = row["joined_at"] is None and not row["is_active"]
        return row | {
            "user_id": None if is_invited else row["user_id"],
            "role_ids": [role_id for role_id, _ in mine],
            "roles": [code for _, code in mine],
            "modules": modules[row["user_id"]],
        }

    return page.shaped(shape)


def _roles(users: Iterable[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    found: dict[UUID, list[tuple[UUID, str]]] = defaultdict(list)
    held = RoleAssignment.objects.filter(user__in=users).order_by("role__code")
    for user_id, role_id, code in held.values_list("user_id", "role_id", "role__code"):
        found[user_id].append((role_id, code))
    return found


def _modules(users: Iterable[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    assigned = ModuleAssignment.objects.filter(user__in=users).order_by("module")
    for user_id, module in assigned.values_list("user_id", "module"):
        found[user_id].append(module)
    return found
