"""From the company's sequence to what each endpoint is owed: nothing left out, nothing twice.

An endpoint's line says up to where it was walked. A step makes the deliveries of the next
numbers and moves the line, in one transaction.
"""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connections

from core.events import catalogue
from core.jobs.positions import place_all
from core.tenancy.context import Context
from core.tenancy.router import write_alias
from core.tenancy.transactions import command, tenant_cursor
from core.webhooks.events import WebhookTested

#: Numbers that one step looks at, for each endpoint.
STEP = 500
#: Companies that one call serves; the next one goes on.
TENANTS_MAX = 200

BEHIND_SQL = """
    SELECT l.tenant_id FROM webhooks_webhookline l JOIN jobs_tenanttail t USING (tenant_id)
    WHERE l.is_enabled AND l.after < t.sequence
    GROUP BY l.tenant_id ORDER BY min(l.next_at) NULLS FIRST, l.tenant_id LIMIT %s"""
STEP_SQL = """
    WITH line AS (
        SELECT l.endpoint_id, l.after, l.number FROM webhooks_webhookline l
        WHERE l.tenant_id = %(tenant)s AND l.is_enabled ORDER BY l.endpoint_id FOR UPDATE
    ), page AS (
        SELECT l.endpoint_id, l.number, e.* FROM line l CROSS JOIN LATERAL (
            SELECT o.id, o.sequence, o.name, o.payload, o.created_at FROM jobs_outboxevent o
            WHERE o.tenant_id = %(tenant)s AND o.sequence > l.after
            ORDER BY o.sequence LIMIT %(step)s
        ) e
    ), owed AS (
        SELECT p.*, row_number() OVER (PARTITION BY p.endpoint_id ORDER BY p.sequence) AS nth
        FROM page p JOIN webhooks_webhookendpoint w
            ON w.tenant_id = %(tenant)s AND w.id = p.endpoint_id
        WHERE (p.name = ANY(%(told)s)
               AND (cardinality(w.event_types) = 0 OR p.name = ANY(w.event_types)))
           OR (p.name = %(test)s AND p.payload->>'endpoint_id' = p.endpoint_id::text)
    ), made AS (
        INSERT INTO webhooks_webhookdelivery
            (tenant_id, id, endpoint_id, event_id, number, sequence, type, data, occurred_at,
             state, attempts, queued_at, next_attempt_at, error)
        SELECT %(tenant)s, uuidv7(), endpoint_id, id, number + nth, sequence, name, payload,
               created_at, 'queued', 0, %(now)s, %(now)s, ''
        FROM owed
    ), walked AS (
        SELECT p.endpoint_id, max(p.sequence) AS after, count(*) AS seen,
               (SELECT count(*) FROM owed o WHERE o.endpoint_id = p.endpoint_id) AS owed
        FROM page p GROUP BY p.endpoint_id
    )
    UPDATE webhooks_webhookline l
    SET after = w.after, number = l.number + w.owed,
        next_at = CASE WHEN w.owed > 0
                  THEN greatest(least(l.next_at, %(now)s), l.paused_until) ELSE l.next_at END
    FROM walked w WHERE l.endpoint_id = w.endpoint_id
    RETURNING w.seen, w.owed"""


class Walked(NamedTuple):
    """How many deliveries were made, and whether there may be more to walk at once."""

    owed: int
    is_more: bool


def fan_out() -> Walked:
    """One step for each company whose endpoints are behind. Global."""
    place_all()
    owed, is_more = 0, False
    tenants = _behind()
    for tenant_id in tenants:
        step = deliveries_owe(Context(tenant_id, None, datetime.now(UTC), "webhooks"))
        owed, is_more = owed + step.owed, is_more or step.is_more
    return Walked(owed, is_more or len(tenants) == TENANTS_MAX)


@command
def deliveries_owe(ctx: Context) -> Walked:
    """The next step of every endpoint of the company. Two who do it at once wait for the lines."""
    told = [one.name for one in catalogue.event_types()]
    values = {
        "tenant": ctx.tenant_id,
        "step": STEP,
        "told": told,
        "test": WebhookTested.name,
        "now": ctx.now,
    }
    with tenant_cursor() as cursor:
        cursor.execute(STEP_SQL, values)
        steps = cursor.fetchall()
    return Walked(sum(owed for _, owed in steps), any(seen == STEP for seen, _ in steps))


def _behind() -> list[UUID]:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(BEHIND_SQL, [TENANTS_MAX])
        return [tenant_id for (tenant_id,) in cursor.fetchall()]
