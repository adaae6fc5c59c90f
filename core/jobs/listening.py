"""From events to jobs: what `erp/wiring.py` says that somebody listens to."""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import QuerySet

from core.jobs.models import OutboxEvent
from core.jobs.positions import place_all
from core.jobs.services import QueueFull, job_enqueue
from core.tenancy.context import Context
from core.tenancy.transactions import command

BATCH_SIZE = 200

log = structlog.get_logger(__name__)


def hand_on() -> int:
    """Make jobs of events that are waited for, the oldest first; of how many events.

    An event and its jobs are handed on in one transaction of its tenant. Where a
    tenant's line is full, his events wait in the outbox, and nobody else's.
    """
    if not settings.EVENT_LISTENERS:
        return 0
    place_all()  # which asks who wrote a row when, so it comes before we write to it
    full: set[UUID] = set()
    count, were_full = 0, -1
    while len(full) > were_full:  # who is full may have had the whole batch
        were_full = len(full)
        for event in _waiting(full):
            if event.tenant_id not in full:
                count += _try(event, full)
    return count


def _waiting(full: Collection[UUID]) -> "QuerySet[OutboxEvent]":
    waiting = OutboxEvent.objects.filter(
        published_at=None, position__isnull=False, name__in=settings.EVENT_LISTENERS
    )
    return waiting.exclude(tenant_id__in=full).order_by("id")[:BATCH_SIZE]


def _try(event: OutboxEvent, full: set[UUID]) -> int:
    """Hand it on, or note that its tenant's line is full."""
    ctx = Context(event.tenant_id, event.actor_id, datetime.now(UTC), event.request_id)
    try:
        _hand_on(ctx, event=event)
    except QueueFull:
        full.add(event.tenant_id)
        log.warning("events_wait", tenant_id=str(event.tenant_id), name=event.name)
        return 0
    return 1


@command
def _hand_on(ctx: Context, *, event: OutboxEvent) -> None:
    mine = OutboxEvent.objects.filter(pk=event.pk, published_at=None)
    if not mine.update(published_at=ctx.now):
        return  # another relay was faster
    for task in settings.EVENT_LISTENERS[event.name]:
        job_enqueue(
            ctx,
            task=task,
            arguments={"event_id": str(event.pk), "payload": event.payload},
            effect_key=f"{task}:{event.pk}",
        )
