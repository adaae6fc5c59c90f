"""The worker's side of jobs: take one, hold it, end it. Every statement asks who holds it.

A claim is good while its ticket names this worker and this attempt. What ends a job
deletes the ticket on that condition, in one transaction with the job's effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connections, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from core.jobs.models import Job, JobState, JobTicket, Queue
from core.jobs.services import job_enqueue_next
from core.tenancy.context import Context
from core.tenancy.router import write_alias
from core.tenancy.transactions import command, tenant_cursor

#: Tickets that one sweep looks at; the next one goes on.
SWEEP_MAX = 200

CLAIM_SQL = "SELECT * FROM job_claim(%s, %s::smallint[], %s)"
HOLD_SQL = """
    UPDATE jobs_jobticket SET lease_until = clock_timestamp() + %s
    WHERE job_id = %s AND worker = %s AND attempt = %s"""
END_SQL = """
    WITH gone AS (
        DELETE FROM jobs_jobticket
        WHERE job_id = %(job)s AND worker IS NOT DISTINCT FROM %(worker)s::varchar
          AND attempt = %(attempt)s
        RETURNING job_id
    )
    UPDATE jobs_job j
    SET state = %(state)s::varchar, result = %(result)s::jsonb, error = %(error)s,
        ended_at = clock_timestamp(),
        progress = CASE WHEN %(state)s::varchar = 'done' THEN 100 ELSE j.progress END
    FROM gone WHERE j.tenant_id = %(tenant)s AND j.id = gone.job_id"""
#: Without a time it goes on at once, level with the head of the line.
AGAIN_SQL = """
    WITH back AS (
        UPDATE jobs_jobticket
        SET worker = NULL, lease_until = NULL, run_at = %(run_at)s::timestamptz,
            turn = CASE WHEN %(at_once)s THEN job_turn(NULL) END
        WHERE job_id = %(job)s AND worker IS NOT DISTINCT FROM %(worker)s::varchar
          AND attempt = %(attempt)s
        RETURNING job_id
    )
    UPDATE jobs_job j
    SET state = 'retrying', error = %(error)s, run_at = %(run_at)s::timestamptz
    FROM back WHERE j.tenant_id = %(tenant)s AND j.id = back.job_id"""


#: Behind its tenant's last one, so that a long job and others of its tenant alternate.
GO_ON_SQL = """
    WITH back AS (
        UPDATE jobs_jobticket t
        SET worker = NULL, lease_until = NULL, attempt = 0, turn = job_turn((
            SELECT max(w.turn) FROM jobs_jobticket w
            WHERE w.tenant_id = t.tenant_id AND w.queue = t.queue AND w.worker IS NULL))
        WHERE job_id = %(job)s AND worker = %(worker)s::varchar AND attempt = %(attempt)s
        RETURNING job_id
    )
    UPDATE jobs_job j SET state = 'queued', attempts = 0 FROM back
    WHERE j.tenant_id = %(tenant)s AND j.id = back.job_id"""
HELD_SQL = """
    SELECT 1 FROM jobs_jobticket
    WHERE job_id = %(job)s AND worker = %(worker)s::varchar AND attempt = %(attempt)s
    FOR NO KEY UPDATE"""


class LeaseLost(Exception):
    """Somebody took the job back or called it off: this attempt must not have an effect."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job, and who holds it: `worker` is empty for one that nobody has begun."""

    job_id: UUID
    tenant_id: UUID
    worker: str | None
    attempt: int

    def ctx(self, moment: datetime, job: Job | None = None) -> Context:
        """Who enqueued it acts, for its tenant."""
        actor, request = (job.actor_id, job.request_id) if job else (None, "sweep")
        return Context(self.tenant_id, actor, moment, request)


def claim_next(worker: str, queues: Sequence[Queue]) -> tuple[Claim, Job] | None:
    """The best job of these queues, taken for one attempt; None when nothing is ready."""
    with _cursor() as cursor:
        lease = timedelta(seconds=settings.JOB_LEASE_SECONDS)
        cursor.execute(CLAIM_SQL, [worker, [int(queue) for queue in queues], lease])
        row = cursor.fetchone()
        if row is None:
            return None
        names = [column.name for column in cursor.description]
    values = dict(zip(names, row, strict=True))
    for name in ("arguments", "result"):
        if isinstance(values[name], str):
            values[name] = orjson.loads(values[name])
    job = Job(**values)
    return Claim(job.pk, values["tenant_id"], worker, job.attempts), job


def hold(claim: Claim) -> bool:
    """Prolong the lease; False when it is no longer ours."""
    with _cursor() as cursor:
        lease = timedelta(seconds=settings.JOB_LEASE_SECONDS)
        cursor.execute(HOLD_SQL, [lease, claim.job_id, claim.worker, claim.attempt])
        return bool(cursor.rowcount)


@command
def job_end(
    ctx: Context,
    claim: Claim,
    *,
    state: JobState,
    result: Any = None,
    error: str = "",
    job: Job | None = None,
) -> None:
    """Part of the command that has the effect. Raises LeaseLost, which undoes it."""
    values = _of(claim) | {
        "state": state.value,
        "result": None if result is None else orjson.dumps(result, default=str).decode(),
        "error": error,
    }
    _only_if_held(END_SQL, values)
    if job is not None and job.every_seconds:
        job_enqueue_next(ctx, job=job, run_at=next_run(job, ctx.now))


@command
def job_again(ctx: Context, claim: Claim, *, error: str, run_at: datetime | None) -> None:
    """Back into the line, at `run_at` or at once. Raises LeaseLost."""
    values = {"error": error, "run_at": run_at or ctx.now, "at_once": run_at is None}
    _only_if_held(AGAIN_SQL, _of(claim) | values)


@command
def job_go_on(ctx: Context, claim: Claim) -> None:
    """A part of it is done; the next one in its turn. Raises LeaseLost."""
    _only_if_held(GO_ON_SQL, _of(claim))


@command
def job_held(ctx: Context, claim: Claim) -> None:
    """Part of a command of an external job: nobody takes it back or calls it off until that
    has committed. Raises LeaseLost where somebody has."""
    _only_if_held(HELD_SQL, _of(claim))


@command
def job_progress(ctx: Context, claim: Claim, *, percent: int) -> None:
    Job.objects.filter(pk=claim.job_id, state=JobState.RUNNING, attempts=claim.attempt).update(
        progress=percent
    )


def next_run(job: Job, moment: datetime) -> datetime:
    """The first of its times after `moment`; what was missed in between is not made up for."""
    assert job.every_seconds is not None
    every = timedelta(seconds=job.every_seconds)
    missed = max(0, (moment - job.run_at) // every)
    return job.run_at + every * (missed + 1)


def promote() -> int:
    """Let jobs whose time has come into the line; how many."""
    with _cursor() as cursor:
        cursor.execute("SELECT job_promote(%s)", [SWEEP_MAX])
        [promoted] = cursor.fetchone()
    return int(promoted)


def abandoned() -> list[Claim]:
    """Claims whose worker has not been heard of for a lease."""
    held = JobTicket.objects.filter(worker__isnull=False, lease_until__lt=Now())
    return _claims(held.order_by("lease_until"))


def overdue() -> list[Claim]:
    """Jobs that nobody has begun before they expired."""
    waiting = JobTicket.objects.filter(worker=None, expires_at__lt=Now())
    return _claims(waiting.order_by("expires_at"))


def ready(limit: int) -> dict[Queue, int]:
    """How many jobs could be taken now, in each queue; counted up to `limit` together."""
    with _cursor() as cursor:
        cursor.execute(
            "SELECT queue, count(*) FROM (SELECT queue FROM jobs_jobticket "
            "WHERE worker IS NULL AND turn IS NOT NULL LIMIT %s) AS line GROUP BY queue",
            [limit],
        )
        return {Queue(queue): count for queue, count in cursor.fetchall()}


def _claims(tickets: "QuerySet[JobTicket]") -> list[Claim]:
    rows = tickets.values_list("job_id", "tenant_id", "worker", "attempt")
    return [Claim(*row) for row in rows[:SWEEP_MAX]]


def _of(claim: Claim) -> dict[str, Any]:
    return {
        "job": claim.job_id,
        "tenant": claim.tenant_id,
        "worker": claim.worker,
        "attempt": claim.attempt,
    }


def _only_if_held(sql: str, values: dict[str, Any]) -> None:
    with tenant_cursor() as cursor:
        cursor.execute(sql, values)
        if not cursor.rowcount:
            raise LeaseLost


def _cursor() -> Any:
    """Outside of any tenant: tickets are of all of them."""
    alias = write_alias()
    if transaction.get_connection(alias).in_atomic_block:
        raise RuntimeError("Claims are made outside of transactions.")
    return connections[alias].cursor()
