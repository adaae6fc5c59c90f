"""The page that invites somebody to the chosen company."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from core.errors import DomainError
from core.listing import LIMIT_MAX, PageRequest
from permissions.console.pages import show_refusal, text_field
from permissions.selectors.roles import role_list
from permissions.services.invitations import InvitationInput, invitation_create


class InviteForm(forms.Form):
    email = text_field("E-mail", max_length=254)
    name = text_field("Name", max_length=200, required=False)
    roles = forms.MultipleChoiceField(widget=UnfoldAdminCheckboxSelectMultipleWidget)


@require_http_methods(["GET", "POST"])
def invite(request: Any) -> HttpResponse:
    """Runs inside of the chosen company's transaction, as every page of the console."""
    if not request.user.has_perm("permissions.memberships.create"):
        raise PermissionDenied
    if request.POST.get("_tenant", str(request.ctx.tenant_id)) != str(request.ctx.tenant_id):
        raise PermissionDenied("Nothing was sent: this form was opened for another company.")
    form = InviteForm(request.POST if request.method == "POST" else None)
    roles = role_list(request.ctx, page=PageRequest(limit=LIMIT_MAX)).rows
    form.fields["roles"].choices = [  # type: ignore[attr-defined]
        (role["code"], role["name"]) for role in roles if role["is_active"]
    ]
    if request.method == "POST" and form.is_valid():
        try:
            made = invitation_create(request.ctx, invitation=InvitationInput(**form.cleaned_data))
        except DomainError as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, f"An invitation to {made.user.email} is on its way.")
            return HttpResponseRedirect(reverse("admin:permissions_membership_changelist"))
    context = admin.site.each_context(request) | {"form": form, "title": "Invite"}
    return render(request, "admin/invite.html", context)
