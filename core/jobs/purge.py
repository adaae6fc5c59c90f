"""Housekeeping: events and jobs that are old, and that nobody waits for, go a little at a time."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connections, transaction

from core.ids import uuid7_floor
from core.jobs.models import Job, JobState
from core.jobs.positions import place_all
from core.tenancy.batches import purge_tenants
from core.tenancy.context import Context
from core.tenancy.router import write_alias
from core.tenancy.transactions import command

KEPT = timedelta(days=7)
#: Dead jobs wait longer for somebody who looks at them. An effect key is good for as long.
JOBS_KEPT = timedelta(days=14)
DEAD_JOBS_KEPT = timedelta(days=90)
BATCH_SIZE = 1_000
#: Of one run; the next one goes on.
BATCHES_MAX = 100

Reader = Callable[[], dict[UUID, int]]
#: Who follows a company's sequence by himself says up to where he has come.
_readers: list[Reader] = []

#: An event that has a listener waits for it, however old it is, and so does one that a reader
#: has not come to.
DELETE_SQL = """
    WITH old AS (
        SELECT e.id FROM jobs_outboxevent e
        LEFT JOIN unnest(%s::uuid[], %s::bigint[]) AS r(tenant_id, sequence)
            ON r.tenant_id = e.tenant_id
        WHERE e.id < %s AND e.position IS NOT NULL
          AND (e.published_at IS NOT NULL OR NOT e.name = ANY(%s))
          AND e.sequence <= coalesce(r.sequence, e.sequence)
        ORDER BY e.id LIMIT %s
    ), gone AS (
        DELETE FROM jobs_outboxevent e USING old WHERE e.id = old.id
        RETURNING e.position, e.tenant_id, e.sequence
    ), tails AS (
        UPDATE jobs_tenanttail t SET purged = greatest(t.purged, g.sequence)
        FROM (SELECT tenant_id, max(sequence) AS sequence FROM gone GROUP BY tenant_id) g
        WHERE t.tenant_id = g.tenant_id
    )
    SELECT count(*), coalesce(max(position), 0) FROM gone"""


def declare_reader(reader: Reader) -> None:
    """Called by an app when it is ready: by company, up to which sequence it has read."""
    if reader not in _readers:
        _readers.append(reader)


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
    read = _read()
    with transaction.atomic(using=alias, durable=True), connections[alias].cursor() as cursor:
        cursor.execute("SELECT position FROM jobs_outboxtail FOR UPDATE")
        cursor.execute(
            DELETE_SQL,
            [list(read), list(read.values()), uuid7_floor(before), awaited, BATCH_SIZE],
        )
        count, last = cursor.fetchone()
        if count:
            cursor.execute(
                "UPDATE jobs_outboxtail SET purged = greatest(purged, %s::bigint)", [last]
            )
    return int(count)


def _read() -> dict[UUID, int]:
    """By company, up to where all have read that read there."""
    found: dict[UUID, int] = {}
    for reader in _readers:
        for tenant_id, sequence in reader().items():
            found[tenant_id] = min(sequence, found.get(tenant_id, sequence))
    return found


def jobs_purge(moment: datetime) -> int:
    """Delete jobs that ended long ago, tenant by tenant; how many."""
    return purge_tenants(moment, _jobs_batch, size=BATCH_SIZE)


@command
def _jobs_batch(ctx: Context) -> int:
    old = Job.objects.filter(ended_at__lt=ctx.now - JOBS_KEPT)
    old = old.exclude(state=JobState.DEAD, ended_at__gte=ctx.now - DEAD_JOBS_KEPT)
    keys = list(old.order_by("ended_at").values_list("pk", flat=True)[:BATCH_SIZE])
    return int(Job.objects.filter(pk__in=keys).delete()[0]) if keys else 0
