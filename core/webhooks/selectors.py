"""Reads of webhooks: a company's own, and how all of them together stand."""

from typing import Any, NamedTuple
from uuid import UUID

from django.db import connections

from core.errors import NotFound
from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.router import write_alias
from core.tenancy.transactions import query
from core.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookLine

Row = dict[str, Any]

ENDPOINT = (
    "id", "url", "description", "event_types", "is_enabled", "disabled_at", "disabled_reason",
    "rotated_at", "created_at", "version",
)  # fmt: skip
DELIVERY = (
    "id", "number", "sequence", "event_id", "type", "occurred_at", "state", "attempts",
    "queued_at", "next_attempt_at", "status", "milliseconds", "error", "ended_at",
)  # fmt: skip
ENDPOINTS = Order("webhooks", ("id",))
DELIVERIES = Order("webhook_deliveries", ("number", "id"))
#: Of an endpoint that nobody has a line for any more.
NO_LINE = {"failures": 0, "failing_since": None, "paused_until": None}

STANDING_SQL = """
    SELECT count(*) FILTER (WHERE is_enabled AND failures = 0),
           count(*) FILTER (WHERE is_enabled AND failures > 0),
           count(*) FILTER (WHERE NOT is_enabled),
           coalesce(extract(epoch FROM clock_timestamp() - min(next_at)
               FILTER (WHERE is_enabled AND next_at < clock_timestamp())), 0)::float,
           coalesce(max(t.sequence - l.after) FILTER (WHERE is_enabled), 0)
    FROM webhooks_webhookline l LEFT JOIN jobs_tenanttail t USING (tenant_id)"""


class Standing(NamedTuple):
    """Of all companies: endpoints by how they fare, and what waits."""

    healthy: int
    failing: int
    disabled: int
    oldest_seconds: float
    #: Numbers of the sequence that the slowest endpoint's line has not walked.
    behind: int


@query
def webhook_list(ctx: Context, *, page: PageRequest) -> Page:
    """The company's endpoints, the newest first, each with how it fares."""
    found = page_of(ctx, page.narrow(_endpoints()), ENDPOINTS, page)
    lines = _lines([row["id"] for row in found.rows])
    return found.shaped(lambda row: row | lines.get(row["id"], NO_LINE))


@query
def webhook_get(ctx: Context, *, endpoint_id: UUID) -> Row:
    row: Row | None = _endpoints().filter(pk=endpoint_id).first()
    if row is None:
        raise NotFound
    return row | _lines([endpoint_id]).get(endpoint_id, NO_LINE)


@query
def delivery_list(ctx: Context, *, endpoint_id: UUID, page: PageRequest) -> Page:
    """What the endpoint was and is to be sent, the newest first."""
    _require_endpoint(endpoint_id)
    rows = WebhookDelivery.objects.filter(endpoint=endpoint_id).values(*DELIVERY)
    return page_of(ctx, page.narrow(rows), DELIVERIES, page)


@query
def delivery_get(ctx: Context, *, endpoint_id: UUID, delivery_id: UUID) -> Row:
    _require_endpoint(endpoint_id)
    found = WebhookDelivery.objects.filter(pk=delivery_id, endpoint=endpoint_id)
    row: Row | None = found.values(*DELIVERY, "data").first()
    if row is None:
        raise NotFound
    return row


def standing() -> Standing:
    """Global: for metrics."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(STANDING_SQL)
        return Standing(*cursor.fetchone())


def walked() -> dict[UUID, int]:
    """Up to where each company's events were made deliveries of, for all who wait for them."""
    found: dict[UUID, int] = {}
    for tenant_id, after in WebhookLine.objects.filter(is_enabled=True).values_list(
        "tenant_id", "after"
    ):
        found[tenant_id] = min(after, found.get(tenant_id, after))
    return found


def _endpoints() -> Any:
    return WebhookEndpoint.objects.filter(deleted_at=None).values(*ENDPOINT)


def _require_endpoint(endpoint_id: UUID) -> None:
    if not WebhookEndpoint.objects.filter(pk=endpoint_id, deleted_at=None).exists():
        raise NotFound


def _lines(endpoint_ids: list[UUID]) -> dict[UUID, Row]:
    """By ids that row-level security has let through."""
    rows = WebhookLine.objects.filter(pk__in=endpoint_ids).values("endpoint_id", *NO_LINE)
    return {row.pop("endpoint_id"): row for row in rows}
