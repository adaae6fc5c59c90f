"""Login, refresh, logout: tokens handed out once and stored as hashes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth import authenticate
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from core.errors import DomainError, Invalid, NotFound, require
from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions.events import UserLoggedOut
from permissions.models import Membership, SpentRefreshToken, User, UserSession
from permissions.selectors.sessions import membership_list
from permissions.services.invalidation import sessions_void
from permissions.tokens import new_token, token_hash


class LoginRefused(DomainError):
    """Says the same for an unknown e-mail, a wrong password and a foreign tenant."""

    code = "NOT_AUTHENTICATED"
    status = 401

    def __init__(self, message: str = "E-mail and password do not match.") -> None:
        super().__init__(message)


class RefreshRefused(LoginRefused):
    """Says the same for a token that is unknown, expired, spent, or of an ended session."""

    def __init__(self) -> None:
        super().__init__("This refresh token is not valid, or no longer.")


class LoginLocked(DomainError):
    code = "RATE_LIMITED"
    status = 429
    retry_after_seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())

    def __init__(self) -> None:
        super().__init__("Too many wrong passwords. Try again later.")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a login comes from: what the client calls itself, and its network address."""

    device: str = ""
    address: str | None = None


UNKNOWN = Origin()


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client holds after login; neither token can be read again."""

    access: str
    refresh: str
    session: UserSession


# --- in -----------------------------------------------------------------------------


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
def session_open(
    ctx: Context, *, user_id: UUID, origin: Origin = UNKNOWN, verified: str | None = None
) -> Tokens:
    """A new login of `user_id` in the context's tenant.

    `verified` is the stored hash that the password was compared with. Locks the user:
    a login that began before a change of password must not outlive it.
    """
    stored = User.objects.select_for_update(no_key=True).values_list("password", flat=True)
    if verified is not None and stored.get(pk=user_id) != verified:
        raise LoginRefused
    session = UserSession(
        user_id=user_id,
        tenant_id=ctx.tenant_id,
        device=origin.device,
        address=origin.address,
        created_at=ctx.now,
        last_seen_at=ctx.now,
    )
    tokens = _fresh_tokens(session, ctx.now)
    session.save(force_insert=True)
    return tokens


# --- refresh ------------------------------------------------------------------------


def session_of_refresh_token(refresh_token: str) -> UserSession:
    """The session that a refresh token belongs to, or belonged to before it was spent."""
    digest = token_hash(refresh_token)
    session = UserSession.objects.filter(refresh_hash=digest).first()
    if session is None:
        spent = SpentRefreshToken.objects.filter(pk=digest).select_related("session").first()
        session = spent.session if spent else None
    if session is None:
        raise RefreshRefused
    return session


def session_refresh(ctx: Context, *, session_id: UUID, refresh_token: str) -> Tokens:
    """New tokens for a session; the old ones are worth nothing from now on.

    A refresh token seen a second time is in two hands: the session ends for both.
    So of many calls at once with one token exactly one is answered with tokens, and
    any other ends them.
    """
    tokens = _session_rotate(ctx, session_id=session_id, digest=token_hash(refresh_token))
    if tokens is None:
        raise RefreshRefused  # only now: raised within, it would undo the end of the session
    return tokens


@command
def _session_rotate(ctx: Context, *, session_id: UUID, digest: bytes) -> Tokens | None:
    """Locks the session, so that each token is exchanged once."""
    mine = UserSession.objects.filter(pk=session_id, tenant_id=ctx.tenant_id, revoked_at=None)
    session = mine.select_for_update(no_key=True).first()
    if session is None:
        return None
    if bytes(session.refresh_hash) != digest:
        sessions_end(ctx, mine)
        return None
    if session.refresh_expires_at <= ctx.now or not _may_enter(session):
        return None
    sessions_void(ctx, [session])
    SpentRefreshToken.objects.create(token_hash=digest, session=session, spent_at=ctx.now)
    tokens = _fresh_tokens(session, ctx.now)
    session.last_seen_at = ctx.now
    session.save(
        update_fields=[
            "access_hash", "access_expires_at", "refresh_hash", "refresh_expires_at",
            "last_seen_at",
        ]
    )  # fmt: skip
    return tokens


def _may_enter(session: UserSession) -> bool:
    return Membership.objects.filter(
        user=session.user_id,
        tenant=session.tenant_id,
        is_active=True,
        user__is_active=True,
        tenant__is_active=True,
    ).exists()


def _fresh_tokens(session: UserSession, now: datetime) -> Tokens:
    access, refresh = new_token(), new_token()
    session.access_hash = token_hash(access)
    session.access_expires_at = now + timedelta(seconds=settings.ACCESS_TOKEN_SECONDS)
    session.refresh_hash = token_hash(refresh)
    session.refresh_expires_at = now + timedelta(seconds=settings.REFRESH_TOKEN_SECONDS)
    return Tokens(access, refresh, session)


# --- out ----------------------------------------------------------------------------


@command
def session_close(ctx: Context, *, session_id: UUID) -> None:
    """Log out: the session's tokens are refused from the commit on."""
    sessions_end(ctx, UserSession.objects.filter(_own(ctx), pk=session_id))


@command
def session_revoke(ctx: Context, *, session_id: UUID) -> None:
    """End one of one's own sessions of this company."""
    ended = sessions_end(ctx, UserSession.objects.filter(_own(ctx), pk=session_id))
    require(bool(ended), NotFound())


@command
def sessions_revoke_own(ctx: Context, *, keep_id: UUID | None = None) -> None:
    """Log out everywhere: on every device and in every company, but for `keep_id`."""
    sessions = UserSession.objects.filter(user=ctx.acting_user)
    sessions_end(ctx, sessions.exclude(pk=keep_id) if keep_id else sessions)


@command
def sessions_revoke_of(ctx: Context, *, user_id: UUID) -> int:
    """End a member's sessions of this company, and of no other; how many there were."""
    is_member = Membership.objects.filter(user=user_id, tenant=ctx.tenant_id).exists()
    require(is_member, NotFound())
    return len(sessions_end(ctx, UserSession.objects.filter(user=user_id, tenant=ctx.tenant_id)))


@command
def sessions_revoke(ctx: Context, *, session_ids: Iterable[UUID]) -> int:
    """End these sessions, of whichever members of this company; how many there were."""
    found = UserSession.objects.filter(pk__in=list(session_ids), tenant=ctx.tenant_id)
    return len(sessions_end(ctx, found))


def sessions_end(ctx: Context, sessions: "QuerySet[UserSession]") -> list[UserSession]:
    """Part of a command: end what is alive of `sessions`, and tell each one's company.

    Locks them first, in the order of their ids: a refresh that is under way must be
    waited for, because the tokens that it hands out are the ones to void.
    """
    alive = sessions.filter(revoked_at=None).order_by("tenant_id", "pk")
    ended = list(alive.select_for_update(no_key=True))
    UserSession.objects.filter(pk__in=[s.pk for s in ended]).update(revoked_at=ctx.now)
    for tenant_id, group in groupby(ended, key=lambda session: session.tenant_id):
        theirs = list(group)
        events = [UserLoggedOut(session.user_id, session.pk) for session in theirs]
        sessions_void(replace(ctx, tenant_id=tenant_id), theirs, *events)
    return ended


def _own(ctx: Context) -> Q:
    return Q(user=ctx.acting_user, tenant=ctx.tenant_id)
