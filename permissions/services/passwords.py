"""Passwords: changed by who knows the old one, or set anew by who reads the account's mail."""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from core.errors import Conflict, FieldError, Invalid, require
from core.jobs.services import QueueFull
from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions.events import UserPasswordChanged
from permissions.models import (
    Membership,
    OneTimeToken,
    PasswordRequest,
    User,
    UserSession,
)
from permissions.services.invalidation import sessions_void
from permissions.services.link_mails import link_mail_write
from permissions.services.links import (
    Link,
    LinkRefused,
    Purpose,
    link_make,
    link_use,
    links_void,
)
from permissions.services.mail_limits import mail_count
from permissions.services.sessions import LoginRefused, credentials_check, sessions_end

#: Looked at in one go; the next one goes on.
REQUESTS_MAX = 100
#: Who has waited longer for a mail has asked for another one.
REQUESTS_KEPT = timedelta(hours=1)


class WrongPassword(Invalid):
    """Not a 401: the caller's token is good, and a client must not throw it away."""

    def __init__(self) -> None:
        message = "This is not your password."
        super().__init__(message, fields=[FieldError("old_password", message)])


# --- change -------------------------------------------------------------------------


def old_password_check(request: HttpRequest, *, user_id: UUID, password: str) -> User:
    """The user, if this is his password; a wrong one counts like a failed login."""
    email = User.objects.values_list("email", flat=True).get(pk=user_id)
    try:
        return credentials_check(request, email=email, password=password)
    except LoginRefused:
        raise WrongPassword from None


@command
def password_change(
    ctx: Context, *, user: User, new_password: str, keep_session_id: UUID | None = None
) -> None:
    """A new password for `user`, as `old_password_check` returned him.

    Ends all of his sessions in all companies but `keep_session_id`, and voids links
    that would set his password.
    """
    password_require(new_password, user=user, field="new_password")
    verified, encoded = user.password, make_password(new_password)
    changed = User.objects.filter(pk=user.pk, password=verified).update(password=encoded)
    require(changed == 1, Conflict("The password was changed in the meantime."))
    _password_changed(ctx, user.pk, keep_session_id)


def password_require(password: str, *, user: User, field: str) -> None:
    """Raise Invalid with each reason why this password is not good enough."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        reasons = [FieldError(field, message) for message in error.messages]
        raise Invalid(reasons[0].message, fields=reasons) from None


def _password_changed(ctx: Context, user_id: UUID, keep_session_id: UUID | None = None) -> None:
    sessions = UserSession.objects.filter(user=user_id)
    sessions_end(ctx, sessions.exclude(pk=keep_session_id) if keep_session_id else sessions)
    resets = OneTimeToken.objects.filter(user=user_id, purpose=Purpose.PASSWORD_RESET)
    links_void(ctx, resets)
    sessions_void(ctx, [], UserPasswordChanged(user_id))


# --- forgotten ----------------------------------------------------------------------


def password_forgotten(
    moment: datetime, *, email: str, tenant_slug: str | None, address: str | None
) -> None:
    """Count the request and write it down; a worker looks for the account afterwards.

    So the answer, and the time it takes, are the same whether there is one or not.
    """
    mail_count(moment, account=email, address=address)
    PasswordRequest.objects.create(
        email=email.strip().lower(), tenant_slug=tenant_slug, asked_at=moment
    )


def password_requests_serve(moment: datetime) -> int:
    """Make the links that were asked for, the oldest first; how many requests. Global.

    Where a company's line of mails is full, its requests wait, for a while.
    """
    PasswordRequest.objects.filter(asked_at__lt=moment - REQUESTS_KEPT).delete()
    requests = list(PasswordRequest.objects.order_by("id")[:REQUESTS_MAX])
    for asked in requests:
        member = _member_asking(asked)
        if member is None:
            asked.delete()
            continue
        with suppress(QueueFull):
            _reset_link_make(Context(member.tenant_id, None, moment, ""), member, asked)
    return len(requests)


def _member_asking(asked: PasswordRequest) -> Membership | None:
    """Of the account, where there is one that can enter a company."""
    memberships = Membership.objects.filter(
        user__email=asked.email,
        user__is_active=True,
        is_active=True,
        tenant__is_active=True,
    )
    if asked.tenant_slug is not None:
        memberships = memberships.filter(tenant__slug=asked.tenant_slug)
    return memberships.order_by("tenant__slug").first()


@command
def _reset_link_make(ctx: Context, member: Membership, asked: PasswordRequest) -> None:
    gone, _ = PasswordRequest.objects.filter(pk=asked.pk).delete()
    if gone:  # or another worker was faster
        link = link_make(ctx, user_id=member.user_id, purpose=Purpose.PASSWORD_RESET)
        link_mail_write(ctx, link_id=link.id)


def password_reset(ctx: Context, *, link: Link, password: str) -> None:
    """Set the password of the link's user; ends all of his sessions, and the lock on him.

    A refusal of the password leaves the link as it is.
    """
    _password_reset(ctx, link=link, password=password)


@command
def _password_reset(ctx: Context, *, link: Link, password: str) -> None:
    """Private, so that its refusals look like those of `link_find`."""
    entry = Membership.objects.filter(user=link.user_id, tenant=ctx.tenant_id, is_active=True)
    require(entry.exists(), LinkRefused())
    link_use(ctx, link)
    user = User.objects.select_for_update(no_key=True).get(pk=link.user_id)
    password_require(password, user=user, field="password")
    User.objects.filter(pk=user.pk).update(password=make_password(password))
    _password_changed(ctx, user.pk)
    AxesProxyHandler.reset_attempts(username=user.email)
