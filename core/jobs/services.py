"""What is asked of jobs: enqueue one, call it off, let it run again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.conf import settings

from core.errors import Conflict, DomainError, NotFound, require
from core.ids import uuid7
from core.jobs import pressure, registry
from core.jobs.models import Job, JobState, JobTicket, Queue
from core.jobs.models.jobs import REPLAYABLE
from core.jobs.wake import JOBS_CHANNEL, wake_on_commit
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_row

PLACE_SQL = """
    SELECT job_place(%s, %s, %s, %s::smallint, %s::jsonb, %s, %s, %s, %s, %s, %s, %s, %s)"""
ADMIT_SQL = "SELECT job_admit(%s, %s, %s::smallint, %s, %s, %s)"
#: What recurs has its place already.
NO_CAP = 2**31 - 1
EFFECT_KEY_LENGTH_MAX = 200


class QueueFull(DomainError):
    """As many jobs of this company wait in this queue as may; nothing was changed."""

    code = "QUEUE_FULL"
    status = 503
    retry_after_seconds = 5

    def __init__(self, queue: Queue) -> None:
        super().__init__(
            f"{settings.QUEUE_LIMIT} jobs wait in the queue '{queue.label}' already; "
            "nothing was changed."
        )


class JobEnded(Conflict):
    def __init__(self, state: str) -> None:
        super().__init__(f"The job has ended: {state}.")


class JobNotReplayable(Conflict):
    def __init__(self, state: str) -> None:
        super().__init__(f"The job is {state}; only dead, cancelled and expired ones run again.")


@dataclass(frozen=True, slots=True)
class Terms:
    """Which queue, its task's own by default; not begun before `run_at`, nor after
    `expires_at`; every so often, if it recurs."""

    queue: Queue | None = None
    run_at: datetime | None = None
    expires_at: datetime | None = None
    every: timedelta | None = None


PLAIN = Terms()


class Wanted(NamedTuple):
    task: str
    arguments: dict[str, Any]
    effect_key: str
    queue: Queue


@command
def job_enqueue(
    ctx: Context,
    *,
    task: str,
    arguments: dict[str, Any],
    effect_key: str = "",
    terms: Terms = PLAIN,
) -> UUID:
    """Part of a command, best its last part: it holds a lock of the tenant and queue.

    The id of the job; of the one that has this effect key already, where there is one.
    Raises QueueFull, which undoes the whole command.
    """
    declared = registry.find(task)
    queue = declared.queue if terms.queue is None else terms.queue
    wanted = Wanted(task, arguments, effect_key, queue)
    return _enqueue(ctx, wanted, terms, cap=settings.QUEUE_LIMIT)


@command
def job_enqueue_next(ctx: Context, *, job: Job, run_at: datetime) -> UUID:
    """The next run of a job that recurs; part of the command that ends this one."""
    assert job.every_seconds is not None
    key = f"{job.effect_key.partition('@')[0]}@{run_at:%Y%m%dT%H%M%SZ}"
    terms = Terms(run_at=run_at, every=timedelta(seconds=job.every_seconds))
    wanted = Wanted(job.task, job.arguments, key, Queue(job.queue))
    return _enqueue(ctx, wanted, terms, cap=NO_CAP)


@command
def job_cancel(ctx: Context, *, job_id: UUID) -> None:
    """Call it off. One that runs can no longer commit, and stops when it next looks up.

    Raises NotFound, or JobEnded.
    """
    ticket = JobTicket.objects.filter(pk=job_id, tenant_id=ctx.tenant_id)
    cancelled, _ = ticket.delete()  # waits for one that is just committing
    job = _job(job_id)
    require(cancelled == 1, JobEnded(job.state))
    Job.objects.filter(pk=job_id).update(state=JobState.CANCELLED, ended_at=ctx.now)


@command
def job_replay(ctx: Context, *, job_id: UUID) -> None:
    """Let it run again, as if it had not yet. Raises NotFound, JobNotReplayable or QueueFull."""
    job = _job(job_id, lock=True)
    require(job.state in REPLAYABLE, JobNotReplayable(job.state))
    [waiting] = tenant_row(
        ADMIT_SQL, [ctx.tenant_id, job.pk, job.queue, ctx.now, None, settings.QUEUE_LIMIT]
    )
    _require_room(waiting, Queue(job.queue))
    Job.objects.filter(pk=job_id).update(
        state=JobState.QUEUED, attempts=0, progress=0, error="", run_at=ctx.now,
        expires_at=None, started_at=None, ended_at=None,
    )  # fmt: skip
    wake_on_commit(JOBS_CHANNEL)


def _enqueue(ctx: Context, job: Wanted, terms: Terms, *, cap: int) -> UUID:
    """One statement. What can be left to the database is: a value costs more to bind than that."""
    if len(job.effect_key) > EFFECT_KEY_LENGTH_MAX:
        raise ValueError(f"An effect key has at most {EFFECT_KEY_LENGTH_MAX} characters.")
    job_id = uuid7()
    every = int(terms.every.total_seconds()) if terms.every else None
    row = [
        ctx.tenant_id, job_id, job.task, job.queue.value, orjson.dumps(job.arguments).decode(),
        job.effect_key or None, ctx.actor_id, ctx.request_id, ctx.now, terms.run_at,
        terms.expires_at, every, cap,
    ]  # fmt: skip
    [waiting] = tenant_row(PLACE_SQL, row)
    if waiting is None and job.effect_key:
        same = Job.objects.filter(tenant_id=ctx.tenant_id, effect_key=job.effect_key)
        existing: UUID | None = same.values_list("id", flat=True).first()
        if existing is not None:
            return existing
    _require_room(waiting, job.queue)
    wake_on_commit(JOBS_CHANNEL)
    return job_id


def _require_room(waiting: int | None, queue: Queue) -> None:
    pressure.note(settings.QUEUE_LIMIT if waiting is None else waiting + 1)
    if waiting is None:
        raise QueueFull(queue)


def _job(job_id: UUID, *, lock: bool = False) -> Job:
    rows = Job.objects.select_for_update() if lock else Job.objects
    job: Job | None = rows.filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return job
