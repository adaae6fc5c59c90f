"""Links sent by mail: a token for one purpose, user and tenant, good once and for a while."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from core.errors import DomainError, FieldError
from core.ids import uuid7
from core.tenancy.context import Context
from permissions.models import OneTimeToken, User
from permissions.tokens import link_token, token_hash

Purpose = OneTimeToken.Purpose


class LinkRefused(DomainError):
    """Says the same for a link that is unknown, used, expired, voided, or of another company."""

    def __init__(self) -> None:
        message = "This link is not valid, or no longer."
        super().__init__(message, fields=[FieldError("token", message)])


@dataclass(frozen=True, slots=True)
class Link:
    """What a token was made for."""

    token_id: UUID
    tenant_id: UUID
    user_id: UUID
    purpose: str


def link_find(token: str, purpose: str, tenant_slug: str | None = None) -> Link:
    """What `token` is for; whether it is still good is decided by `link_use`."""
    found = OneTimeToken.objects.filter(
        token_hash=token_hash(token),
        purpose=purpose,
        used_at=None,
        user__is_active=True,
        tenant__is_active=True,
    )
    if tenant_slug is not None:
        found = found.filter(tenant__slug=tenant_slug)
    row = found.first()
    if row is None:
        raise LinkRefused
    return Link(row.pk, row.tenant_id, row.user_id, purpose)


@dataclass(frozen=True, slots=True)
class NewLink:
    id: UUID
    token: str


def link_make(ctx: Context, *, user_id: UUID, purpose: str) -> NewLink:
    """Part of a command: a new token; older ones of the same kind are void.

    Locks the user, so that of two made at once one remains.
    """
    User.objects.select_for_update(no_key=True).get(pk=user_id)
    links_void(ctx, OneTimeToken.objects.filter(
        user=user_id, tenant=ctx.tenant_id, purpose=purpose
    ))  # fmt: skip
    link_id = uuid7()
    token = link_token(link_id)
    OneTimeToken.objects.create(
        id=link_id,
        purpose=purpose,
        user_id=user_id,
        tenant_id=ctx.tenant_id,
        token_hash=token_hash(token),
        created_at=ctx.now,
        created_by_id=ctx.actor_id,
        expires_at=ctx.now + lifetime(purpose),
    )
    return NewLink(link_id, token)


def link_use(ctx: Context, link: Link) -> None:
    """Part of a command: spend the token. Of many at once, one succeeds."""
    alive = OneTimeToken.objects.filter(
        pk=link.token_id,
        tenant=ctx.tenant_id,
        purpose=link.purpose,
        used_at=None,
        expires_at__gt=ctx.now,
    )
    if alive.update(used_at=ctx.now) != 1:
        raise LinkRefused


def links_void(ctx: Context, links: "QuerySet[OneTimeToken]") -> None:
    """Part of a command."""
    links.filter(used_at=None).update(used_at=ctx.now)


def lifetime(purpose: str) -> timedelta:
    seconds = {
        Purpose.PASSWORD_RESET: settings.RESET_TOKEN_SECONDS,
        Purpose.INVITATION: settings.INVITATION_TOKEN_SECONDS,
    }
    return timedelta(seconds=seconds[Purpose(purpose)])


def lifetime_text(purpose: str) -> str:
    """For a mail: `7 days`, `1 hour`, `90 minutes`."""
    seconds = int(lifetime(purpose).total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds % length == 0:
            number = seconds // length
            return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    return f"{seconds} seconds"
