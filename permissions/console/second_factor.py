"""Between the password and the console: the second factor."""

from datetime import UTC, datetime

import segno
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from core.api.requests import address_of
from core.errors import DomainError
from core.tenancy.context import PLATFORM, Context
from permissions.console.pages import page, show_refusal, text_field
from permissions.models import User
from permissions.services import second_factor
from permissions.services.second_factor import Standing

#: In the session: the device that this login was confirmed with.
DEVICE_KEY = "second_factor_device"
#: In the session, while an app is being enrolled: its secret.
SECRET_KEY = "second_factor_secret"  # noqa: S105  a name
CODE = {"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}
ENROL_TEXT = "Scan this with an authenticator app, then type the code that it shows."


class CodeForm(forms.Form):
    code = text_field("Code of the app, or a recovery code", max_length=40, attributes=CODE)


class EnrolForm(forms.Form):
    code = text_field("Code of the app", max_length=10, attributes=CODE)


def standing_here(request: HttpRequest, user: User) -> Standing:
    """What this login still lacks."""
    return second_factor.standing_of(user, request.session.get(DEVICE_KEY))


def door_of(standing: Standing) -> str:
    """The address of the page where it is made good."""
    name = "second_factor" if standing is Standing.CODE else "second_factor_enrol"
    return reverse(f"admin:{name}")


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """Asks for the code; who gave it finds here how many recovery codes are left."""
    user = _staff(request)
    if user is None:
        return _to("login")
    standing = standing_here(request, user)
    if standing is Standing.ENROL:
        return _to("second_factor_enrol")
    if standing is Standing.NOTHING:
        return _renew(request, user) if request.method == "POST" else _overview(request, user)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            device_id = second_factor.second_factor_check(
                _context(request, user), user=user, code=form.cleaned_data["code"]
            )
        except DomainError as refusal:
            show_refusal(form, refusal)
        else:
            _confirmed(request, device_id)
            return _to("index")
    return page(request, "Second factor", form=form, button="Continue", leave=True)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Each visit has a secret of its own, so that nobody enrols what somebody else has seen."""
    user = _staff(request)
    if user is None:
        return _to("login")
    if second_factor.is_enrolled(user):
        return _to("second_factor")
    form = EnrolForm(request.POST or None)
    if request.method == "GET" or SECRET_KEY not in request.session:
        request.session[SECRET_KEY] = second_factor.secret_new()
        form = EnrolForm()
    secret = request.session[SECRET_KEY]
    if form.is_valid():
        try:
            enrolled = second_factor.second_factor_enrol(
                _context(request, user), user=user, secret=secret, code=form.cleaned_data["code"]
            )
        except DomainError as refusal:
            show_refusal(form, refusal)
        else:
            del request.session[SECRET_KEY]
            _confirmed(request, enrolled.device_id)
            return _codes(request, enrolled.recovery_codes)
    return page(
        request,
        "Second factor",
        text=ENROL_TEXT,
        picture=_picture(second_factor.secret_address(user, secret)),
        secret=second_factor.secret_text(secret),
        form=form,
        button="Confirm",
        leave=True,
    )


def _overview(request: HttpRequest, user: User) -> HttpResponse:
    if not second_factor.is_enrolled(user):
        text = "Your login has no second factor: whoever knows your password gets in."
        return page(
            request, "Second factor", text=text, link=reverse("admin:second_factor_enrol"),
            link_text="Set it up", home=True,
        )  # fmt: skip
    left = second_factor.recovery_codes_left(user)
    text = f"Your login has a second factor. Recovery codes left: {left}."
    button = "New recovery codes"
    return page(request, "Second factor", text=text, form=forms.Form(), button=button, home=True)


def _renew(request: HttpRequest, user: User) -> HttpResponse:
    try:
        ctx = _context(request, user)
        return _codes(request, second_factor.recovery_codes_renew(ctx, user=user))
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return _to("second_factor")


def _codes(request: HttpRequest, codes: object) -> HttpResponse:
    text = "Each of these gets you in once without the app. Keep them: they are shown only now."
    return page(request, "Recovery codes", text=text, codes=codes, home=True)


def _confirmed(request: HttpRequest, device_id: int) -> None:
    """The session gets a new key, so that one known from before is worth nothing more."""
    request.session[DEVICE_KEY] = device_id
    request.session.cycle_key()


def _staff(request: HttpRequest) -> User | None:
    user = request.user
    return user if isinstance(user, User) and user.is_staff and user.is_active else None


def _context(request: HttpRequest, user: User) -> Context:
    """Of the platform: a login belongs to no company."""
    request_id: str = request.request_id  # type: ignore[attr-defined]
    return Context(PLATFORM, user.pk, datetime.now(UTC), request_id, address=address_of(request))


def _picture(address: str) -> str:
    drawn = segno.make(address, error="m").svg_inline(scale=5, border=4, light="#fff")
    return mark_safe(drawn)  # noqa: S308  segno draws squares, not our text


def _to(name: str) -> HttpResponse:
    return HttpResponseRedirect(reverse(f"admin:{name}"))
