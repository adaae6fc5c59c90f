"""Separation of duties: who can do alone what takes two. The rules are the apps' own data."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from core.tenancy.context import Context
from core.tenancy.transactions import query
from permissions import catalog
from permissions.catalog import Duty
from permissions.models import Grant, Membership, ModuleAssignment, RoleAssignment

Row = dict[str, Any]
#: User to code to the names of what gives it to him.
Ways = dict[UUID, dict[str, list[str]]]

SUPER_ADMIN = "super admin"


@query
def duties_report(ctx: Context, *, user_id: UUID | None = None) -> Row:
    """A row for each active member and pair of duties that he holds both, by e-mail.

    `first_by` and `second_by` name the roles that give each, or `super admin`.
    """
    members = Membership.objects.filter(
        tenant=ctx.tenant_id, is_active=True, user__is_active=True
    ).select_related("user")
    if user_id is not None:
        members = members.filter(user=user_id)
    rules = catalog.duties()
    people = list(members.order_by("user__email", "id"))
    ways = _ways(people, {code for duty in rules for code in (duty.first, duty.second)})
    rows = [
        _row(member, duty, ways[member.user_id])
        for member in people
        for duty in rules
        if duty.first in ways[member.user_id] and duty.second in ways[member.user_id]
    ]
    return {"rules": [_rule(duty) for duty in rules], "rows": rows}


def _ways(people: list[Membership], codes: set[str]) -> Ways:
    """By which roles, or as super admin, each of them holds which of `codes`."""
    users = {member.user_id for member in people}
    found: Ways = {user_id: defaultdict(list) for user_id in users}
    roles: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    granted = Grant.objects.filter(code__in=codes, role__is_active=True).order_by("role__code")
    for role_id, role, code in granted.values_list("role_id", "role__code", "code"):
        roles[role_id].append((role, code))
    for held in RoleAssignment.objects.filter(user__in=users, role__in=roles).order_by("role_id"):
        for role, code in roles[held.role_id]:
            found[held.user_id][code].append(role)
    super_admins = {member.user_id for member in people if member.is_super_admin}
    for assigned in ModuleAssignment.objects.filter(user__in=super_admins):
        for code in catalog.codes_of_modules([assigned.module]) & codes:
            found[assigned.user_id][code].append(SUPER_ADMIN)
    return found


def _row(member: Membership, duty: Duty, ways: dict[str, list[str]]) -> Row:
    return {
        "user_id": member.user_id,
        "email": member.user.email,
        "name": member.user.name,
        "duty": duty.name,
        "first": duty.first,
        "first_by": ", ".join(sorted(ways[duty.first])),
        "second": duty.second,
        "second_by": ", ".join(sorted(ways[duty.second])),
        "why": duty.why,
    }


def _rule(duty: Duty) -> Row:
    return {"duty": duty.name, "first": duty.first, "second": duty.second, "why": duty.why}
