"""Reads of jobs: a company's own, and what all of them together look like."""

from typing import Any, NamedTuple
from uuid import UUID

from django.db import connections

from core.errors import NotFound
from core.jobs.models import Job, Queue
from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.router import write_alias
from core.tenancy.transactions import query

Row = dict[str, Any]

JOB = (
    "id", "task", "queue", "state", "attempts", "progress", "result", "error", "actor_id",
    "created_at", "run_at", "expires_at", "started_at", "ended_at",
)  # fmt: skip
JOBS = Order("jobs", ("id",))

LINES_SQL = """
    SELECT queue,
           count(*) FILTER (WHERE worker IS NULL AND turn IS NOT NULL),
           count(*) FILTER (WHERE worker IS NULL AND turn IS NULL),
           count(*) FILTER (WHERE worker IS NOT NULL),
           coalesce(extract(epoch FROM clock_timestamp() - min(run_at)
               FILTER (WHERE worker IS NULL AND turn IS NOT NULL)), 0)::float
    FROM jobs_jobticket GROUP BY queue ORDER BY queue"""
LONGEST_SQL = """
    SELECT count(*) FROM jobs_jobticket WHERE worker IS NULL
    GROUP BY tenant_id, queue ORDER BY 1 DESC LIMIT 1"""


class Line(NamedTuple):
    """One queue, of all companies."""

    queue: str
    ready: int
    later: int
    running: int
    oldest_seconds: float


@query
def job_list(ctx: Context, *, page: PageRequest) -> Page:
    """The company's jobs, the newest first."""
    return page_of(ctx, page.narrow(Job.objects.values(*JOB)), JOBS, page).shaped(_shape)


@query
def job_get(ctx: Context, *, job_id: UUID, only_own: bool = False) -> Row:
    """One of them; NotFound also where it must be the actor's own and is somebody else's."""
    found = Job.objects.filter(pk=job_id)
    if only_own:
        found = found.filter(actor_id=ctx.acting_user)
    row = found.values(*JOB).first()
    if row is None:
        raise NotFound
    return _shape(row)


def lines() -> list[Line]:
    """Every queue, also where nothing waits. Global: for metrics and probes."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(LINES_SQL)
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    return [Line(queue.label, *found.get(queue.value, (0, 0, 0, 0.0))) for queue in Queue]


def longest_line() -> int:
    """How many jobs wait in the longest line that one company has in one queue. Global."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(LONGEST_SQL)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _shape(row: Row) -> Row:
    return row | {"queue": Queue(row["queue"]).label}
