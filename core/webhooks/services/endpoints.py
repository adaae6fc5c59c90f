"""Endpoints of a company: made, changed, switched off and on, given a new secret, tested."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from core.errors import Conflict, Invalid, NotFound, StaleVersion, require
from core.events import catalogue
from core.jobs.outbox import announce
from core.jobs.positions import tenant_tail
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_cursor
from core.webhooks.addresses import Forbidden, target_of
from core.webhooks.events import WebhookDisabled, WebhookTested
from core.webhooks.models import WebhookEndpoint, WebhookLine, WhyDisabled
from core.webhooks.sealing import seal, secret_make

Values = dict[str, Any]
ENDPOINTS_MAX = 20


@dataclass(frozen=True, slots=True)
class EndpointInput:
    url: str
    description: str = ""
    event_types: Sequence[str] = ()


class TooManyEndpoints(Conflict):
    def __init__(self) -> None:
        super().__init__(f"A company has at most {ENDPOINTS_MAX} webhooks; delete one first.")


class EndpointDisabled(Conflict):
    def __init__(self) -> None:
        super().__init__("This webhook is switched off; switch it on first.")


@command
def webhook_create(ctx: Context, *, endpoint: EndpointInput) -> tuple[UUID, str]:
    """A new endpoint and its secret, which is shown this once. It begins with the next event."""
    _lock_company(ctx)
    count = WebhookEndpoint.objects.filter(deleted_at=None).count()
    require(count < ENDPOINTS_MAX, TooManyEndpoints())
    secret = secret_make()
    made = WebhookEndpoint(
        url=_url(endpoint.url),
        description=endpoint.description,
        event_types=_types(endpoint.event_types),
        secret=seal(secret),
        created_at=ctx.now,
    )
    made.save(force_insert=True)
    WebhookLine.objects.create(
        endpoint_id=made.pk,
        tenant_id=ctx.tenant_id,
        after=tenant_tail(ctx.tenant_id).position,
    )
    return made.pk, secret


@command
def webhook_update(
    ctx: Context, *, endpoint_id: UUID, values: Values, expected_version: int | None = None
) -> None:
    """Change where it goes, what it hears of, or switch it off or on."""
    endpoint = endpoint_lock(endpoint_id, expected_version)
    if "url" in values:
        endpoint.url = _url(values["url"])
    if "event_types" in values:
        endpoint.event_types = _types(values["event_types"])
    endpoint.description = values.get("description", endpoint.description)
    wanted = values.get("is_enabled", endpoint.is_enabled)
    if wanted != endpoint.is_enabled:
        _switch(ctx, endpoint, wanted, WhyDisabled.BY_HAND)
    _save(endpoint)


@command
def webhook_enable(ctx: Context, *, endpoint_id: UUID) -> None:
    """It goes on where it stopped, as far back as events are kept."""
    endpoint = endpoint_lock(endpoint_id)
    if not endpoint.is_enabled:
        _switch(ctx, endpoint, True)
        _save(endpoint)


@command
def webhook_disable(ctx: Context, *, endpoint_id: UUID, why: WhyDisabled) -> None:
    """Switched off by itself: said where whoever is responsible can hear it."""
    endpoint = endpoint_lock(endpoint_id)
    if endpoint.is_enabled:
        _switch(ctx, endpoint, False, why)
        _save(endpoint)
        announce(ctx, WebhookDisabled(endpoint.pk, why.value))


@command
def webhook_delete(ctx: Context, *, endpoint_id: UUID, expected_version: int | None = None) -> None:
    """Nothing is sent from here on; its deliveries go with the next housekeeping."""
    endpoint = endpoint_lock(endpoint_id, expected_version)
    endpoint.deleted_at, endpoint.is_enabled = ctx.now, False
    endpoint.secret = endpoint.previous_secret = ""
    _save(endpoint)
    WebhookLine.objects.filter(pk=endpoint.pk).delete()


@command
def webhook_rotate(ctx: Context, *, endpoint_id: UUID, keep_previous: bool = True) -> str:
    """A new secret, shown this once. The one of before goes on signing beside it, or not."""
    endpoint = endpoint_lock(endpoint_id)
    secret = secret_make()
    endpoint.previous_secret = endpoint.secret if keep_previous else ""
    endpoint.secret, endpoint.rotated_at = seal(secret), ctx.now
    _save(endpoint)
    return secret


@command
def webhook_test(ctx: Context, *, endpoint_id: UUID) -> None:
    """Announce an event that this endpoint alone is sent, the way of all events."""
    endpoint = endpoint_lock(endpoint_id)
    require(endpoint.is_enabled, EndpointDisabled())
    announce(ctx, WebhookTested(endpoint.pk))


def endpoint_lock(endpoint_id: UUID, expected_version: int | None = None) -> WebhookEndpoint:
    """The endpoint, locked. Raises NotFound, or StaleVersion."""
    rows = WebhookEndpoint.objects.select_for_update()
    endpoint: WebhookEndpoint | None = rows.filter(pk=endpoint_id, deleted_at=None).first()
    if endpoint is None:
        raise NotFound
    if expected_version not in (None, endpoint.version):
        raise StaleVersion("Somebody has changed this webhook since you read it.")
    return endpoint


def _switch(
    ctx: Context, endpoint: WebhookEndpoint, on: bool, why: WhyDisabled | None = None
) -> None:
    endpoint.is_enabled = on
    endpoint.disabled_at = None if on else ctx.now
    endpoint.disabled_reason = why.value if why and not on else ""
    line = WebhookLine.objects.filter(pk=endpoint.pk)
    if on:
        line.update(is_enabled=True, failures=0, failing_since=None, next_at=Now())
    else:
        line.update(is_enabled=False)


def _save(endpoint: WebhookEndpoint) -> None:
    endpoint.version += 1
    endpoint.save(force_update=True)


def _url(text: str) -> str:
    try:
        target_of(text)
    except Forbidden as reason:
        raise Invalid.field("url", str(reason)) from reason
    return text


def _types(names: Sequence[str]) -> list[str]:
    if unknown := catalogue.unknown(names):
        raise Invalid.field("event_types", f"`{unknown[0]}` is not told; see events/types/.")
    return sorted(set(names))


def _lock_company(ctx: Context) -> None:
    """Two who add at once count one after the other."""
    with tenant_cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('webhooks:' || %s, 0))",
            [str(ctx.tenant_id)],
        )
