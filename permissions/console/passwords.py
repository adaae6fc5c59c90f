"""Pages of passwords and invitations: the links in our mails lead here."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from core.api.requests import address_of
from core.errors import DomainError
from core.tenancy.context import Context
from permissions.console.pages import (
    NewPasswordForm,
    page,
    password_field,
    show_refusal,
    text_field,
)
from permissions.services import invitations, passwords
from permissions.services.links import Link, Purpose, link_find

FORGOT_TEXT = "We mail you a link with which you choose a new one."
ON_ITS_WAY = "If there is such an account, a mail with a link is on its way."
JOINED_TEXT = "You have joined {company}. Log in with your e-mail address and password."


class ChangeForm(forms.Form):
    """The names are those of the page that django-unfold brings."""

    old_password = password_field("Old password", "current-password")
    new_password1 = password_field("New password")
    new_password2 = password_field("New password again")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, second = cleaned.get("new_password1"), cleaned.get("new_password2")
        if first and second and first != second:
            self.add_error("new_password2", "The two passwords differ.")
        return cleaned


class ForgotForm(forms.Form):
    email = text_field("E-mail", max_length=254, attributes={"autocomplete": "email"})


class JoinForm(NewPasswordForm):
    name = text_field("Your name", max_length=200, required=False)
    field_order = ("name", "password", "again")


@sensitive_post_parameters()
def password_change(request: Any) -> HttpResponse:
    """Inside of the console. This login goes on; all others end, in every company."""
    form = ChangeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = passwords.old_password_check(
                request, user_id=request.user.pk, password=form.cleaned_data["old_password"]
            )
            passwords.password_change(
                request.ctx, user=user, new_password=form.cleaned_data["new_password1"]
            )
        except DomainError as refusal:
            show_refusal(form, refusal, {"new_password": "new_password1", "": "old_password"})
        else:
            user.refresh_from_db()
            update_session_auth_hash(request, user)
            messages.success(request, "Your password is changed, and your other logins have ended.")
            return HttpResponseRedirect(reverse("admin:index"))
    context = admin.site.each_context(request) | {"form": form, "title": "Change password"}
    return render(request, "registration/password_change_form.html", context)


@require_http_methods(["GET", "POST"])
def forgot_password(request: HttpRequest) -> HttpResponse:
    form = ForgotForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            passwords.password_forgotten(
                datetime.now(UTC),
                email=form.cleaned_data["email"],
                tenant_slug=None,
                address=address_of(request),
            )
        except DomainError as refusal:
            show_refusal(form, refusal)
        else:
            return page(request, "Forgot your password?", text=ON_ITS_WAY, to_login=True)
    title = "Forgot your password?"
    return page(request, title, text=FORGOT_TEXT, form=form, button="Send the link", to_login=True)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def reset_password(request: HttpRequest) -> HttpResponse:
    """The link is looked at, and used by sending the form only: mail programs follow links."""
    title = "Choose a new password"
    try:
        link = _link(request, Purpose.PASSWORD_RESET)
    except DomainError as refusal:
        return page(request, title, text=refusal.message, to_login=True)
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            passwords.password_reset(
                _context(request, link), link=link, password=form.cleaned_data["password"]
            )
        except DomainError as refusal:
            show_refusal(form, refusal)
        else:
            return page(request, title, text="Your password is changed.", to_login=True)
    return page(request, title, form=form, button="Change password", **_carried(request))


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def accept_invitation(request: HttpRequest) -> HttpResponse:
    title = "Join"
    try:
        link = _link(request, Purpose.INVITATION)
    except DomainError as refusal:
        return page(request, title, text=refusal.message)
    kind = JoinForm if invitations.invitation_needs_password(link) else forms.Form
    form = kind(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        acceptance = invitations.Acceptance(said.get("password"), said.get("name"))
        try:
            tenant = invitations.invitation_accept(
                _context(request, link), link=link, acceptance=acceptance
            )
        except DomainError as refusal:
            show_refusal(form, refusal)
        else:
            return page(request, title, text=JOINED_TEXT.format(company=tenant.name))
    return page(request, title, form=form, button="Join", **_carried(request))


def _link(request: HttpRequest, purpose: str) -> Link:
    sent = request.POST if request.method == "POST" else request.GET
    token, slug = sent.get("token", ""), sent.get("tenant", "")
    return link_find(token, purpose, slug)


def _carried(request: HttpRequest) -> dict[str, Any]:
    """What the form sends along."""
    sent = request.POST if request.method == "POST" else request.GET
    return {"hidden": {name: sent.get(name, "") for name in ("tenant", "token")}}


def _context(request: Any, link: Link) -> Context:
    return Context(
        link.tenant_id,
        link.user_id,
        datetime.now(UTC),
        request.request_id,
        address=address_of(request),
    )
