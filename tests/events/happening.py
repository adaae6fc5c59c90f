"""Events for tests: announced by the service, or in a transaction of one's own."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg

from accounting.events import PaymentPosted
from core.ids import uuid7, uuid7_floor
from core.jobs.outbox import announce
from core.jobs.positions import place_all
from core.tenancy.context import Context
from core.tenancy.transactions import command
from tests.core.raw import one, raw, rows

INSERT = """
    INSERT INTO jobs_outboxevent (id, tenant_id, request_id, name, payload, created_at)
    VALUES (%s, %s, 'test', 'payment.posted', %s, now())"""


@command
def happen(ctx: Context, *, times: int = 1) -> list[UUID]:
    """So many payments were posted, in one transaction; their ids."""
    ids = [uuid7() for _ in range(times)]
    announce(ctx, *(PaymentPosted(payment_id) for payment_id in ids))
    return ids


def write(
    connection: psycopg.Connection[Any], tenant_id: UUID, event_id: UUID | None = None
) -> UUID:
    """An event in whatever transaction is open on `connection`; what it says was posted."""
    payment = uuid7()
    payload = orjson.dumps({"payment_id": str(payment)}).decode()
    connection.execute(INSERT, [event_id or uuid7(), tenant_id, payload])
    return payment


def old_id(moment: datetime, days: int) -> UUID:
    floor = uuid7_floor(moment - timedelta(days=days))
    return UUID(int=floor.int | uuid7().int & (1 << 74) - 1)


def numbered(tenant_id: UUID) -> list[tuple[int, str]]:
    """What was paid, by its number, after everything has got one. Without what else happened."""
    place_all()
    with raw() as connection:
        return rows(
            connection,
            "SELECT sequence, payload->>'payment_id' FROM jobs_outboxevent"
            " WHERE tenant_id = %s AND name = 'payment.posted' ORDER BY sequence",
            tenant_id,
        )


def notes_commits() -> bool:
    """Whether the server knows when a transaction committed; ours does, others may not."""
    with raw() as connection:
        return bool(one(connection, "SELECT current_setting('track_commit_timestamp')::boolean"))


def sequences(tenant_id: UUID) -> list[int]:
    """Every number of the tenant, as it stands."""
    with raw() as connection:
        found = rows(
            connection,
            "SELECT sequence FROM jobs_outboxevent WHERE tenant_id = %s AND sequence > 0"
            " ORDER BY position",
            tenant_id,
        )
    return [sequence for (sequence,) in found]
