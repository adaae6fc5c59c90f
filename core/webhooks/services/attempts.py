"""The deliverer's side: take the lines that are due, load what they are owed, write down what came.

A line is taken by a lease, so whoever dies over it loses nothing: what was sent and not
written down is sent again, under the same id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connections

from core.tenancy.context import Context
from core.tenancy.router import write_alias
from core.tenancy.transactions import command, tenant_cursor
from core.webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from core.webhooks.policy import Standing, retry_at, standing_after
from core.webhooks.services.endpoints import webhook_disable
from core.webhooks.transport import Outcome

#: Deliveries that one turn of an endpoint sends; then others have theirs.
SLICE = 50

CLAIM_SQL = """
    UPDATE webhooks_webhookline l
    SET worker = %(worker)s, lease_until = clock_timestamp() + %(lease)s
    FROM (
        SELECT endpoint_id FROM webhooks_webhookline
        WHERE is_enabled AND next_at <= clock_timestamp()
          AND (lease_until IS NULL OR lease_until < clock_timestamp())
          AND (failures = 0 OR %(failing_too)s)
        ORDER BY next_at LIMIT %(lines)s FOR UPDATE SKIP LOCKED
    ) due
    WHERE l.endpoint_id = due.endpoint_id
    RETURNING l.endpoint_id, l.tenant_id, l.worker, l.failures, l.failing_since"""
HELD_SQL = """
    SELECT FROM webhooks_webhookline WHERE endpoint_id = %s AND worker = %s FOR UPDATE"""
ENDED_SQL = """
    UPDATE webhooks_webhookdelivery d
    SET state = a.state, attempts = d.attempts + 1, next_attempt_at = a.next_attempt_at,
        status = a.status, milliseconds = a.milliseconds, error = a.error,
        ended_at = CASE WHEN a.next_attempt_at IS NULL THEN %s END
    FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::smallint[], %s::int[], %s::text[])
        AS a(id, state, next_attempt_at, status, milliseconds, error)
    WHERE d.tenant_id = %s AND d.id = a.id AND d.next_attempt_at IS NOT NULL"""
#: Behind those who wait already, when there is more to do at once.
RELEASE_SQL = """
    UPDATE webhooks_webhookline l
    SET worker = NULL, lease_until = NULL, failures = %(failures)s,
        failing_since = %(failing_since)s::timestamptz, paused_until = %(paused)s::timestamptz,
        next_at = (
            SELECT greatest(d.next_attempt_at, %(now)s, %(paused)s::timestamptz)
            FROM webhooks_webhookdelivery d
            WHERE d.tenant_id = %(tenant)s AND d.endpoint_id = %(endpoint)s
              AND d.next_attempt_at IS NOT NULL
            ORDER BY d.next_attempt_at LIMIT 1)
    WHERE l.endpoint_id = %(endpoint)s"""


class Claim(NamedTuple):
    """A line that this worker holds; `worker` is another name with each claim."""

    endpoint_id: UUID
    tenant_id: UUID
    worker: str
    failures: int
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Owed:
    """What is sent of one delivery, and how often it was."""

    id: UUID
    event_id: UUID
    number: int
    sequence: int
    type: str
    data: Any
    occurred_at: datetime
    attempts: int
    queued_at: datetime


OWED = tuple(Owed.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Slice:
    """One turn of one endpoint: where to, signed with what, and the deliveries that are due."""

    claim: Claim
    url: str
    #: As they are kept.
    sealed: tuple[str, ...]
    deliveries: Sequence[Owed]


class Attempt(NamedTuple):
    owed: Owed
    outcome: Outcome


def claim_lines(worker: str, *, lines: int, failing_too: bool) -> list[Claim]:
    """The lines that wait longest, at most so many; global."""
    values: dict[str, Any] = {
        "worker": worker,
        "lease": timedelta(seconds=settings.WEBHOOK_LEASE_SECONDS),
        "lines": lines,
        "failing_too": failing_too,
    }
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(CLAIM_SQL, values)
        return [Claim(*row) for row in cursor.fetchall()]


@command
def slice_load(ctx: Context, *, claim: Claim) -> Slice | None:
    """What its endpoint is to be sent now; where that is nothing, the line is let go."""
    endpoint = WebhookEndpoint.objects.filter(
        pk=claim.endpoint_id, is_enabled=True, deleted_at=None
    ).first()
    due = WebhookDelivery.objects.filter(
        endpoint=claim.endpoint_id, next_attempt_at__lte=ctx.now
    ).order_by("next_attempt_at", "number")
    owed = [Owed(*row) for row in due.values_list(*OWED)[:SLICE]] if endpoint else []
    if endpoint is None or not owed:
        _release(ctx, claim, Standing(claim.failures, claim.failing_since))
        return None
    sealed = tuple(filter(None, (endpoint.secret, endpoint.previous_secret)))
    return Slice(claim, endpoint.url, sealed, owed)


@command
def slice_record(ctx: Context, *, claim: Claim, attempts: Sequence[Attempt]) -> list[str]:
    """Write down what came of them, and let the line go; their states, in order.

    Those of a worker who lost his lease count as well: they were sent.
    """
    rows = [_ended(attempt, ctx.now) for attempt in attempts]
    is_held = _hold(claim)
    with tenant_cursor() as cursor:
        columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 6
        cursor.execute(ENDED_SQL, [ctx.now, *columns, ctx.tenant_id])
    if is_held:
        before = Standing(claim.failures, claim.failing_since)
        after = standing_after(before, [outcome for _, outcome in attempts], ctx.now)
        _release(ctx, claim, after)
        if after.why_disabled:
            webhook_disable(ctx, endpoint_id=claim.endpoint_id, why=after.why_disabled)
    return [row[1] for row in rows]


def _ended(attempt: Attempt, now: datetime) -> tuple[Any, ...]:
    owed, outcome = attempt
    again, state = None, DeliveryState.DONE
    if outcome.error:
        again = retry_at(outcome, attempts=owed.attempts + 1, queued_at=owed.queued_at, now=now)
        state = DeliveryState.RETRYING if again else DeliveryState.DEAD
    return owed.id, state.value, again, outcome.status, outcome.milliseconds, outcome.error


def _hold(claim: Claim) -> bool:
    """Lock the line, before anything is read that its next place depends on; whether it is ours."""
    with tenant_cursor() as cursor:
        cursor.execute(HELD_SQL, [claim.endpoint_id, claim.worker])
        return cursor.fetchone() is not None


def _release(ctx: Context, claim: Claim, standing: Standing) -> None:
    if not _hold(claim):
        return
    values = {
        "failures": standing.failures,
        "failing_since": standing.failing_since,
        "paused": standing.paused_until,
        "now": ctx.now,
        "tenant": ctx.tenant_id,
        "endpoint": claim.endpoint_id,
    }
    with tenant_cursor() as cursor:
        cursor.execute(RELEASE_SQL, values)
