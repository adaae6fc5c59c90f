"""Roles: what each grants as a table of checkboxes, and who holds it."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from core.errors import DomainError
from core.exports.console import ExportedList
from core.tenancy.admin import ServiceForm, ServiceModelAdmin, StaffRequest, Values
from core.tenancy.context import Context
from permissions import catalog
from permissions.models import Role
from permissions.selectors.members import holders_of, members_of
from permissions.serializers.roles import CODE
from permissions.services.roles import RoleInput, role_create, role_delete, role_update

#: Members named on a role's page; the list of members has them all.
HOLDERS_SHOWN = 50


class Cell(NamedTuple):
    """One checkbox; without a code, the page has no such action."""

    code: str
    is_granted: bool


class Grid(NamedTuple):
    """A module: its pages down, its actions across."""

    module: str
    actions: list[str]
    pages: list[tuple[str, list[Cell]]]


def grids_of(granted: Collection[str]) -> list[Grid]:
    """Every code that a role may grant, in grids by module."""
    found = []
    for module in catalog.modules():
        codes = [c for c in catalog.declared() if c.module == module and not c.is_platform]
        actions = _in_order({code.action for code in codes})
        known = {str(code) for code in codes}
        pages = []
        for page in sorted({code.page for code in codes}):
            row = [f"{module}.{page}.{action}" for action in actions]
            cells = [Cell(c, c in granted) if c in known else Cell("", False) for c in row]
            pages.append((page, cells))
        found.append(Grid(module, actions, pages))
    return found


def _in_order(actions: Collection[str]) -> list[str]:
    """Looking and changing first, then what is particular to some pages."""
    usual = ["view", "create", "update", "delete"]
    return [a for a in usual if a in actions] + sorted(set(actions).difference(usual))


class GrantGrid(forms.CheckboxSelectMultiple):
    """The checkboxes as grids; plain HTML, which a keyboard and a reader of screens can use."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        granted = {str(one) for one in value or ()}
        shown = {"name": name, "grids": grids_of(granted), "may_change": True}
        return render_to_string("admin/grant_grid.html", shown)


class RoleForm(ServiceForm):
    code = forms.RegexField(CODE, help_text="Lower case, digits and hyphens. It stays as it is.")
    grants = forms.MultipleChoiceField(
        label="Permissions",
        required=False,
        widget=GrantGrid,
        choices=lambda: [(code, code) for code in sorted(catalog.tenant_codes())],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            codes = self.instance.grants.values_list("code", flat=True)
            self.initial["grants"] = sorted(catalog.tenant_codes().intersection(codes))


@admin.display(description="permissions", ordering="granted")
def grant_count(role: Any) -> int:
    return int(role.granted)


@admin.register(Role)
class RoleAdmin(ExportedList, ServiceModelAdmin):
    page = "permissions.roles"
    form = RoleForm
    list_display = ("name", "code", grant_count, "is_active")
    list_filter = ("is_active",)
    search_fields = ("name__icontains", "code__istartswith")
    ordering = ("name", "id")
    actions = ("delete_unheld",)

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.annotate(granted=Count("grants"))

    def get_fields(self, request: StaffRequest, obj: Any = None) -> Sequence[Any]:
        plain = (("code", "name"), ("description", "is_active"))
        if obj is None:
            return (*plain, "grants", "version")
        may_see = request.user.has_perm("permissions.memberships.view")
        return (*plain, *(["holders"] if may_see else []), "grants", "version")

    def get_readonly_fields(self, request: StaffRequest, obj: Any = None) -> Sequence[str]:
        return ("code", "holders") if obj else ()

    def has_delete_unheld_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "delete")

    @admin.display(description="held by")
    def holders(self, role: Any) -> SafeString | str:
        members = members_of(role.tenant_id).filter(user__in=holders_of(role.pk))
        rows = [
            (reverse("admin:permissions_membership_change", args=[one.pk]), one.user)
            for one in members.order_by("user__email")[:HOLDERS_SHOWN]
        ]
        return format_html_join(", ", '<a class="erp-link" href="{}">{}</a>', rows) or "nobody"

    @admin.display(description="permissions")
    def grants(self, role: Any) -> str:
        """To who may look only."""
        codes = set(role.grants.values_list("code", flat=True))
        shown = {"grids": grids_of(codes), "may_change": False}
        return render_to_string("admin/grant_grid.html", shown)

    def save_record(
        self, ctx: Context, record_id: UUID | None, values: Values, version: int | None
    ) -> Any:
        if record_id is None:
            row = role_create(ctx, role=RoleInput(**values))
        else:
            row = role_update(ctx, role_id=record_id, values=values, expected_version=version)
        return Role(pk=row["id"])

    @admin.action(description="Delete, if nobody holds it", permissions=["delete_unheld"])
    def delete_unheld(self, request: StaffRequest, queryset: QuerySet[Any]) -> None:
        for role in queryset:
            try:
                role_delete(request.ctx, role_id=role.pk)
                messages.success(request, f"{role.name} is deleted.")
            except DomainError as refusal:
                messages.error(request, f"{role.name} was left as it is: {refusal.message}")
