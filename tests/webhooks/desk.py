"""Endpoints and deliveries of a company, and a deliverer that runs until nothing is due."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from core.jobs.positions import place_all
from core.tenancy.context import Context
from core.tenancy.transactions import command, query
from core.webhooks.deliverer import Deliverer
from core.webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint, WebhookLine
from core.webhooks.services.endpoints import EndpointInput, webhook_create, webhook_test
from core.webhooks.services.fanout import deliveries_owe
from tests.cast import Company
from tests.webhooks.receiver import Receiver

PATIENCE_SECONDS = 60.0
#: Endpoints that were given a dead delivery, and that delivery.
DEAD: dict[str, UUID] = {}


def subscribe(
    company: Company, receiver: Receiver, settings: Any, types: Sequence[str] = ()
) -> tuple[UUID, str]:
    """An endpoint at `receiver`, whose host is allowed by name; its id and secret."""
    settings.WEBHOOK_ALLOWED_HOSTS = [*settings.WEBHOOK_ALLOWED_HOSTS, receiver.host]
    return webhook_create(
        company.ctx(), endpoint=EndpointInput(url=receiver.url, event_types=types)
    )


@query
def _deliveries(ctx: Context, endpoint_id: UUID) -> list[WebhookDelivery]:
    return list(WebhookDelivery.objects.filter(endpoint=endpoint_id).order_by("number"))


def deliveries(company: Company, endpoint_id: UUID) -> list[WebhookDelivery]:
    return _deliveries(company.ctx(), endpoint_id)


@query
def _endpoint(ctx: Context, endpoint_id: UUID) -> WebhookEndpoint:
    return WebhookEndpoint.objects.get(pk=endpoint_id)


def endpoint(company: Company, endpoint_id: UUID) -> WebhookEndpoint:
    return _endpoint(company.ctx(), endpoint_id)


def line(endpoint_id: UUID) -> WebhookLine:
    return WebhookLine.objects.get(pk=endpoint_id)


def deliver() -> int:
    """What is due at this moment; how many attempts that made."""
    return Deliverer(should_stop=lambda: True).run_until_idle()


def deliver_all(company: Company, endpoint_id: UUID) -> None:
    """Until nothing waits for another attempt either."""
    until = time.monotonic() + PATIENCE_SECONDS
    deliver()
    while line(endpoint_id).next_at is not None:
        assert time.monotonic() < until, "deliveries wait for ever"
        time.sleep(0.02)
        deliver()


def hook(company: Company) -> UUID:
    """An endpoint that nothing listens at, for tests that only look at it."""
    asked = EndpointInput(url="https://hooks.example.com/", description="Books")
    return webhook_create(company.ctx(), endpoint=asked)[0]


def dead_delivery(company: Company) -> tuple[UUID, UUID]:
    """Ids of an endpoint and of its one delivery, which was given up."""
    place_all()  # what happened before is not sent
    endpoint_id = hook(company)
    webhook_test(company.ctx(), endpoint_id=endpoint_id)
    place_all()
    deliveries_owe(company.ctx())
    [delivery] = deliveries(company, endpoint_id)
    _give_up(company.ctx(), endpoint_id)
    DEAD[str(endpoint_id)] = delivery.pk
    return endpoint_id, delivery.pk


@command
def _give_up(ctx: Context, endpoint_id: UUID) -> None:
    WebhookDelivery.objects.filter(endpoint=endpoint_id).update(
        state=DeliveryState.DEAD, next_attempt_at=None, ended_at=ctx.now
    )
