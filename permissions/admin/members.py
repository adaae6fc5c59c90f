"""Who may do what in the chosen company. Looked at only."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.html import format_html

from core.tenancy.admin import Column, Fact, Record, RecordAdmin, StaffRequest, Table
from permissions.models import Membership, Role
from permissions.selectors.members import members_of


@admin.register(Membership)
class MembershipAdmin(RecordAdmin):
    """Memberships and users are global tables, so the company is asked for by name."""

    page = "permissions.users"
    list_display = ("email", "name", "role_names", "is_active", "joined")
    list_filter = ("is_active",)
    search_fields = ("user__email__istartswith", "user__name__icontains")
    search_help_text = "E-mail or name"
    ordering = ("user__email", "id")

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        return members_of(request.ctx.tenant_id).order_by(*self.ordering)

    @admin.display(description="e-mail", ordering="user__email")
    def email(self, membership: Any) -> str:
        return str(membership.user.email)

    @admin.display(description="name", ordering="user__name")
    def name(self, membership: Any) -> str:
        return str(membership.user.name)

    @admin.display(description="roles")
    def role_names(self, membership: Any) -> str:
        return str(membership.roles or "none")

    @admin.display(description="since", ordering="created_at")
    def joined(self, membership: Any) -> str:
        return str(membership.created_at.date())

    def record(self, request: StaffRequest, obj: Any) -> Record:
        return Record(
            [
                Fact("E-mail", obj.user.email),
                Fact("Name", obj.user.name or "-"),
                Fact("Roles", self.role_names(obj)),
                Fact("Active", "yes" if obj.is_active and obj.user.is_active else "no"),
                Fact("May open this console", "yes" if obj.user.is_staff else "no"),
                Fact("Member since", self.joined(obj)),
            ]
        )


@admin.register(Role)
class RoleAdmin(RecordAdmin):
    page = "permissions.roles"
    list_display = ("name", "code", "grant_count")
    search_fields = ("name__icontains", "code__istartswith")
    ordering = ("name", "id")

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.annotate(granted=Count("grants"))

    @admin.display(description="permissions", ordering="granted")
    def grant_count(self, role: Any) -> int:
        return int(role.granted)

    def record(self, request: StaffRequest, obj: Any) -> Record:
        facts = [Fact("Name", obj.name), Fact("Code", obj.code), Fact("Permissions", obj.granted)]
        tables = [_grants_table(obj)]
        if request.user.has_perm("permissions.users.view"):
            tables.append(_members_table(request, obj))
        return Record(facts, tables)


def _grants_table(role: Role) -> Table:
    """One row for each page, its actions beside it."""
    actions: dict[tuple[str, str], list[str]] = {}
    for grant in role.grants.order_by("code"):
        module, page, action = grant.code.split(".")
        actions.setdefault((module, page), []).append(action)
    rows = [(module, page, ", ".join(names)) for (module, page), names in actions.items()]
    return Table("Permissions", [Column("Module"), Column("Page"), Column("May")], rows)


def _members_table(request: StaffRequest, role: Role) -> Table:
    holders = role.assignments.values("user")
    rows = [
        (
            format_html('<a class="erp-link" href="{}">{}</a>', _address(member), member.user),
            member.user.name,
        )
        for member in members_of(request.ctx.tenant_id).filter(user__in=holders)
    ]
    return Table("Held by", [Column("E-mail"), Column("Name")], rows)


def _address(membership: Membership) -> str:
    return reverse("admin:permissions_membership_change", args=[membership.pk])
