"""The members of the chosen company: active or not, their roles, super admins."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from core.tenancy.acts import perform
from core.tenancy.admin import (
    ServiceForm,
    ServiceModelAdmin,
    StaffRequest,
    Values,
)
from core.tenancy.context import Context
from permissions.admin.persons import PersonActions
from permissions.models import Membership, User
from permissions.selectors.members import members_of, membership_get
from permissions.selectors.roles import role_choices
from permissions.services.invitations import invitation_send
from permissions.services.members import membership_update, user_activate, user_deactivate


@admin.display(description="e-mail", ordering="user__email")
def email(membership: Any) -> str:
    return str(membership.user.email)


@admin.display(description="name", ordering="known_name")
def name(membership: Any) -> str:
    return str(membership.known_name or "-")


@admin.display(description="roles")
def roles(membership: Any) -> str:
    return str(membership.roles or "none")


@admin.display(description="modules, as super admin")
def modules(membership: Any) -> str:
    return str(membership.modules or "none")


@admin.display(description="since", ordering="joined_at")
def joined(membership: Any) -> str:
    return str(membership.joined_at.date()) if membership.joined_at else "invited"


@admin.display(description="may open this console")
def console(membership: Any) -> str:
    return "yes" if membership.user.is_staff and membership.joined_at else "no"


@admin.display(description="why may he?")
def explained(membership: Any) -> str:
    place = reverse("admin:permissions_permission_changelist")
    return format_html(
        '<a class="erp-link" href="{}?user={}">Ask for a permission</a>',
        place,
        membership.user.email,
    )


class MemberForm(ServiceForm):
    """Roles as checkboxes. `ctx` is set on the class that is made for one request."""

    ctx: Context

    role_ids = forms.MultipleChoiceField(
        label="Roles", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles: Any = self.fields.get("role_ids")
        if roles is not None:
            roles.choices = role_choices(self.ctx)
            member = membership_get(self.ctx, membership_id=self.instance.pk)
            self.initial["role_ids"] = [str(one) for one in member["role_ids"]]


@admin.register(Membership)
class MembershipAdmin(PersonActions, ServiceModelAdmin):
    """Memberships and users are global tables, so the company is asked for by name."""

    page = "permissions.memberships"
    form = MemberForm
    fields = (
        (email, name),
        ("is_active", "is_super_admin"),
        "role_ids",
        (modules, joined),
        (console, explained),
        "version",
    )
    list_display = (email, name, roles, "is_super_admin", "is_active", joined)
    list_filter = ("is_active", "is_super_admin")
    search_fields = ("user__email__istartswith", "known_name")
    search_help_text = "E-mail or name"
    ordering = ("user__email", "id")
    actions = ("invite_again", "deactivate_everywhere", "activate_again", "personal_data", "erase")
    change_list_template = "admin/members.html"

    def get_queryset(self, request: StaffRequest) -> QuerySet[Any]:
        return members_of(request.ctx.tenant_id).order_by(*self.ordering)

    def has_add_permission(self, request: StaffRequest) -> bool:
        """People are invited, and join by themselves."""
        return False

    def has_deactivate_permission(self, request: StaffRequest) -> bool:
        return bool(request.user.has_perm("permissions.users.deactivate"))

    def get_readonly_fields(self, request: StaffRequest, obj: Any = None) -> tuple[Any, ...]:
        shown = (email, name, modules, joined, console, explained)
        may_raise = request.user.has_perm("permissions.super-admins.update")
        return shown if may_raise else (*shown, "is_super_admin")

    def get_form(self, request: StaffRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        form.ctx = request.ctx
        return form

    def save_record(
        self, ctx: Context, record_id: UUID | None, values: Values, version: int | None
    ) -> Any:
        assert record_id is not None, "nobody is added here"
        if "role_ids" in values:
            values["role_ids"] = [UUID(one) for one in values["role_ids"]]
        row = membership_update(
            ctx, membership_id=record_id, values=values, expected_version=version
        )
        return Membership(pk=row["id"])

    @admin.display(description="roles")
    def role_ids(self, membership: Any) -> str:
        """To who may look only."""
        return roles(membership)

    def changelist_view(
        self, request: StaffRequest, extra_context: Values | None = None
    ) -> HttpResponse:
        invites = {"may_invite": self.has_create_permission(request)}
        return super().changelist_view(request, (extra_context or {}) | invites)

    def has_create_permission(self, request: StaffRequest) -> bool:
        return self.may(request, "create")

    @admin.action(description="Send the invitation again", permissions=["create"])
    def invite_again(self, request: StaffRequest, queryset: QuerySet[Any]) -> None:
        for member in queryset:
            send = partial(invitation_send, request.ctx, membership_id=member.pk)
            done = f"A new invitation to {member.user} is on its way."
            perform(request, send, done, f"{member.user}: ")

    @admin.action(description="Deactivate in every company", permissions=["deactivate"])
    def deactivate_everywhere(self, request: StaffRequest, queryset: QuerySet[Any]) -> None:
        _each(request, queryset, user_deactivate, "is locked out of every company")

    @admin.action(description="Activate again in every company", permissions=["deactivate"])
    def activate_again(self, request: StaffRequest, queryset: QuerySet[Any]) -> None:
        _each(request, queryset, user_activate, "may log in again")


def _each(
    request: StaffRequest, members: QuerySet[Any], service: Callable[..., User], word: str
) -> None:
    for member in members:
        work = partial(service, request.ctx, user_id=member.user_id)
        perform(request, work, f"{member.user} {word}.", f"{member.user} was left as he is: ")
