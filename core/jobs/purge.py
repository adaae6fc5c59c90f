"""Housekeeping of the outbox: what is old and nobody waits for is deleted, a little at a time."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connections, transaction

from core.ids import uuid7_floor
from core.jobs.positions import place_all
from core.tenancy.router import write_alias

KEPT = timedelta(days=7)
BATCH_SIZE = 1_000
#: Of one run; the next one goes on.
BATCHES_MAX = 100

#: An event that has a listener waits for it, however old it is.
DELETE_SQL = """
    WITH old AS (
        SELECT id FROM jobs_outboxevent
        WHERE id < %s AND position IS NOT NULL
          AND (published_at IS NOT NULL OR NOT name = ANY(%s))
        ORDER BY id LIMIT %s
    ), gone AS (
        DELETE FROM jobs_outboxevent e USING old WHERE e.id = old.id RETURNING e.position
    )
    SELECT count(*), coalesce(max(position), 0) FROM gone"""


def outbox_purge(moment: datetime, *, awaited: Collection[str]) -> int:
    """Delete events that are older than a week and not `awaited` by name; how many. Global.

    Each batch is a transaction of its own. It says up to where events may be missing,
    so that a client who comes back from before learns that he has missed something.
    """
    place_all()  # what was never placed cannot be missed by a position
    deleted = 0
    for _ in range(BATCHES_MAX):
        count = _batch(moment - KEPT, sorted(awaited))
        deleted += count
        if count < BATCH_SIZE:
            break
    return deleted


def _batch(before: datetime, awaited: list[str]) -> int:
    alias = write_alias()
    with transaction.atomic(using=alias, durable=True), connections[alias].cursor() as cursor:
        cursor.execute("SELECT position FROM jobs_outboxtail FOR UPDATE")
        cursor.execute(DELETE_SQL, [uuid7_floor(before), awaited, BATCH_SIZE])
        count, last = cursor.fetchone()
        if count:
            cursor.execute(
                "UPDATE jobs_outboxtail SET purged = greatest(purged, %s::bigint)", [last]
            )
    return int(count)
