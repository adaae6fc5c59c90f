"""Login, refresh, logout: tokens handed out once and stored as hashes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest

from core.errors import DomainError, Invalid
from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions.models import Membership, User, UserSession
from permissions.selectors.sessions import membership_list
from permissions.tokens import new_token, token_hash

FAILED_LOGINS_KEPT = timedelta(days=1)


class LoginRefused(DomainError):
    """Says the same for an unknown e-mail, a wrong password and a foreign tenant."""

    code = "NOT_AUTHENTICATED"
    status = 401

    def __init__(self, message: str = "E-mail and password do not match.") -> None:
        super().__init__(message)


class LoginLocked(DomainError):
    code = "RATE_LIMITED"
    status = 429
    retry_after_seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())

    def __init__(self) -> None:
        super().__init__("Too many wrong passwords. Try again later.")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client holds after login; neither token can be read again."""

    access: str
    refresh: str
    session: UserSession


def credentials_check(request: HttpRequest, *, email: str, password: str) -> User:
    """The user of these credentials; five failures lock the account for 15 minutes."""
    credentials = {"username": email.strip().lower(), "password": password}
    if AxesProxyHandler.is_locked(request, credentials):
        raise LoginLocked
    user = authenticate(request, **credentials)
    if user is None:
        raise LoginRefused
    assert isinstance(user, User)
    # Axes would do so at Django's login(), which a bearer token has no use for.
    AxesProxyHandler.reset_attempts(username=credentials["username"])
    return user


def membership_choose(user: User, tenant_slug: str | None) -> Membership:
    """The membership to log in to; which one must be said when there are several."""
    memberships = membership_list(user)
    if tenant_slug is not None:
        memberships = [m for m in memberships if m.tenant.slug == tenant_slug]
    if not memberships:
        raise LoginRefused
    if len(memberships) > 1:
        slugs = ", ".join(m.tenant.slug for m in memberships)
        raise Invalid.field("tenant", f"You are a member of several companies: {slugs}.")
    return memberships[0]


@command
def session_open(ctx: Context, *, user_id: UUID) -> Tokens:
    """A new login of `user_id` in the context's tenant."""
    session = UserSession(
        user_id=user_id, tenant_id=ctx.tenant_id, created_at=ctx.now, last_seen_at=ctx.now
    )
    tokens = _fresh_tokens(session, ctx.now)
    session.save(force_insert=True)
    return tokens


@command
def session_refresh(ctx: Context, *, session_id: UUID, refresh_token: str) -> Tokens:
    """New tokens for a session; the old ones are worth nothing from now on."""
    session = (
        UserSession.objects.select_for_update()
        .filter(pk=session_id, tenant_id=ctx.tenant_id, refresh_hash=token_hash(refresh_token))
        .first()
    )
    if session is None:
        raise LoginRefused("This refresh token is not valid, or no longer.")
    tokens = _fresh_tokens(session, ctx.now)
    session.save(
        update_fields=["access_hash", "access_expires_at", "refresh_hash", "refresh_expires_at"]
    )
    return tokens


def refreshable_session(refresh_token: str, moment: datetime) -> UserSession:
    """The session that a refresh token belongs to, while user, membership and tenant are active."""
    session = (
        UserSession.objects.filter(
            refresh_hash=token_hash(refresh_token),
            refresh_expires_at__gt=moment,
            revoked_at=None,
            user__is_active=True,
            tenant__is_active=True,
        )
        .select_related("user", "tenant")
        .first()
    )
    active = session and Membership.objects.filter(
        user=session.user_id, tenant=session.tenant_id, is_active=True
    )
    if session is None or not active:
        raise LoginRefused("This refresh token is not valid, or no longer.")
    return session


@command
def session_close(ctx: Context, *, session_id: UUID) -> None:
    """Log out: the session's tokens are refused from the commit on."""
    UserSession.objects.filter(
        pk=session_id, tenant_id=ctx.tenant_id, user_id=ctx.acting_user, revoked_at=None
    ).update(revoked_at=ctx.now)


def sessions_purge(moment: datetime) -> int:
    """Delete sessions that can no longer be refreshed; returns how many. Global table."""
    deleted, _ = UserSession.objects.filter(refresh_expires_at__lt=moment).delete()
    return deleted


def failed_logins_purge(moment: datetime) -> int:
    """Delete counts of failed logins whose lock is long over; returns how many. Global table."""
    over = moment - FAILED_LOGINS_KEPT
    deleted, _ = AccessAttempt.objects.filter(attempt_time__lt=over).delete()
    return deleted


def _fresh_tokens(session: UserSession, now: datetime) -> Tokens:
    access, refresh = new_token(), new_token()
    session.access_hash = token_hash(access)
    session.access_expires_at = now + timedelta(seconds=settings.ACCESS_TOKEN_SECONDS)
    session.refresh_hash = token_hash(refresh)
    session.refresh_expires_at = now + timedelta(seconds=settings.REFRESH_TOKEN_SECONDS)
    return Tokens(access, refresh, session)
