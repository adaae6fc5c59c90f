"""Deliveries that are sent once more, and those that are old enough to go."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Coalesce, Least, Now

from core.errors import Conflict, NotFound, require
from core.tenancy.context import Context
from core.tenancy.selectors import tenant_ids
from core.tenancy.transactions import command
from core.webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint, WebhookLine
from core.webhooks.services.endpoints import EndpointDisabled, endpoint_lock

#: Of one call; the next one goes on.
REPLAYED_MAX = 10_000
KEPT = timedelta(days=30)
BATCH_SIZE = 1_000
#: Of one run; the next one goes on.
BATCHES_MAX = 100


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers of the company's sequence, both ends included; None: no end on this side."""

    first: int | None = None
    last: int | None = None
    only_dead: bool = True


class DeliveryOpen(Conflict):
    def __init__(self) -> None:
        super().__init__("This delivery has not ended; it is tried by itself.")


@command
def delivery_replay(ctx: Context, *, endpoint_id: UUID, delivery_id: UUID) -> None:
    """Send it again, under its own id and number. Raises NotFound, or Conflict."""
    _require_enabled(endpoint_id)
    delivery = WebhookDelivery.objects.select_for_update().filter(
        pk=delivery_id, endpoint=endpoint_id
    )
    found: WebhookDelivery | None = delivery.first()
    if found is None:
        raise NotFound
    require(found.next_attempt_at is None, DeliveryOpen())
    _queue(ctx, endpoint_id, [delivery_id])


@command
def deliveries_replay(ctx: Context, *, endpoint_id: UUID, asked: Range) -> int:
    """Send all of them again, the oldest first, at most 10,000 at once; how many."""
    _require_enabled(endpoint_id)
    ended = WebhookDelivery.objects.filter(endpoint=endpoint_id, next_attempt_at=None)
    if asked.only_dead:
        ended = ended.filter(state=DeliveryState.DEAD)
    if asked.first is not None:
        ended = ended.filter(sequence__gte=asked.first)
    if asked.last is not None:
        ended = ended.filter(sequence__lte=asked.last)
    ids = list(ended.order_by("number").values_list("pk", flat=True)[:REPLAYED_MAX])
    return _queue(ctx, endpoint_id, ids)


def deliveries_purge(moment: datetime) -> int:
    """Delete deliveries that are old, and what is left of deleted endpoints; how many."""
    count = 0
    for tenant_id in tenant_ids():
        ctx = Context(tenant_id, None, moment, "beat")
        for _ in range(BATCHES_MAX):
            gone = deliveries_expire(ctx)
            count += gone
            if gone < BATCH_SIZE:
                break
    return count


@command
def deliveries_expire(ctx: Context) -> int:
    """One batch; also those that still wait: nobody switched their endpoint on in all the time."""
    old = WebhookDelivery.objects.filter(queued_at__lt=ctx.now - KEPT)
    deleted = WebhookDelivery.objects.filter(endpoint__deleted_at__isnull=False)
    ids = [
        *old.order_by("queued_at").values_list("pk", flat=True)[:BATCH_SIZE],
        *deleted.values_list("pk", flat=True)[:BATCH_SIZE],
    ]
    if not ids:
        WebhookEndpoint.objects.filter(deleted_at__isnull=False).delete()
        return 0
    return int(WebhookDelivery.objects.filter(pk__in=set(ids)).delete()[0])


def _require_enabled(endpoint_id: UUID) -> None:
    require(endpoint_lock(endpoint_id).is_enabled, EndpointDisabled())


def _queue(ctx: Context, endpoint_id: UUID, ids: list[UUID]) -> int:
    count = WebhookDelivery.objects.filter(pk__in=ids).update(
        state=DeliveryState.QUEUED, attempts=0, queued_at=ctx.now, next_attempt_at=ctx.now,
        ended_at=None, error="", status=None, milliseconds=None,
    )  # fmt: skip
    WebhookLine.objects.filter(pk=endpoint_id).update(
        next_at=Least(Coalesce(F("next_at"), Now()), Now())
    )
    return count
