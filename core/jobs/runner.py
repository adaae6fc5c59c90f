"""One job from its claim to its end, in whatever process: a Celery child or a polling worker."""

import os
import random
import socket
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from core.errors import DomainError
from core.jobs import registry, tallies
from core.jobs.claims import Claim, LeaseLost, claim_next, job_again, job_end, job_go_on
from core.jobs.keeper import RunningJob, keeper, soft_limit
from core.jobs.models import Job, JobState, Queue
from core.jobs.registry import ATTEMPTS_MAX, MORE, JobType, UnknownTask
from core.tenancy.context import Context
from core.tenancy.transactions import command

BACKOFF_SECONDS = 2.0
ERROR_LENGTH_MAX = 200

log = structlog.get_logger(__name__)


def worker_name() -> str:
    """Not ours alone for ever, but a claim's together with its attempt."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


def run_next(queues: Sequence[Queue]) -> bool:
    """Take the best job of these queues and run it; False when nothing was ready."""
    taken = claim_next(worker_name(), queues)
    if taken is None:
        return False
    claim, job = taken
    ids = {"tenant_id": str(claim.tenant_id), "job_id": str(job.pk), "request_id": job.request_id}
    with structlog.contextvars.bound_contextvars(**ids):
        started = time.monotonic()
        outcome = _run(claim, job)
        tallies.add(job.task, outcome, time.monotonic() - started)
    return True


def drain(seconds: float) -> bool:
    """Run what is ready for so long; whether there may be more."""
    until = time.monotonic() + seconds
    while run_next(queues_served()):
        if time.monotonic() > until:
            return True
    return False


def queues_served() -> list[Queue]:
    return [Queue[name.upper()] for name in settings.JOB_QUEUES]


def give_back(claim: Claim, *, task: str, error: str, at_once: bool = False) -> str:
    """After an attempt that failed: again a while later, or never; how it was decided.

    Raises LeaseLost when it is not ours to decide any more.
    """
    moment = datetime.now(UTC)
    ctx = claim.ctx(moment)
    if claim.attempt >= _attempts_max(task):
        _bury(ctx, claim, error=error)
        log.error("job_dead", task=task, attempt=claim.attempt, error=error)
        return "dead"
    run_at = None if at_once else moment + backoff(claim.attempt)
    job_again(ctx, claim, error=error, run_at=run_at)
    log.warning("job_retrying", task=task, attempt=claim.attempt, error=error)
    return "retrying"


@command
def _bury(ctx: Context, claim: Claim, *, error: str) -> None:
    job = Job.objects.get(pk=claim.job_id)
    job_end(ctx, claim, state=JobState.DEAD, error=error, job=job)


def backoff(attempt: int) -> timedelta:
    """About 2 and 8 seconds; jittered, so that what failed together does not come together."""
    seconds = BACKOFF_SECONDS * 4 ** (attempt - 1)
    return timedelta(seconds=seconds * (0.5 + random.random()))  # noqa: S311  jitter only


def _run(claim: Claim, job: Job) -> str:
    try:
        job_type = registry.find(job.task)
        running = RunningJob(claim, job_type, job.effect_key)
        with keeper.beside(running), soft_limit(job_type.soft_seconds):
            is_whole = _perform(claim, job, job_type, running)
    except LeaseLost:
        log.warning("job_lease_lost", task=job.task, attempt=claim.attempt)
        return "lost"
    except Exception as error:  # noqa: BLE001  whatever it was, it is the job's, not the worker's
        return _failed(claim, job, error)
    return "done" if is_whole else "part"


def _perform(claim: Claim, job: Job, job_type: JobType, running: RunningJob) -> bool:
    """The effect, and the end of the job with it; False where it goes on another time."""
    handler = job_type.load()
    ctx = claim.ctx(datetime.now(UTC), job)
    if job_type.is_external:
        result = handler(ctx, running, **job.arguments)
        if result is MORE:
            job_go_on(ctx, claim)
            return False
        job_end(ctx, claim, state=JobState.DONE, result=result, job=job)
    else:
        _whole(ctx, claim, job, lambda: handler(ctx, running, **job.arguments))
    return True


@command
def _whole(ctx: Context, claim: Claim, job: Job, work: Callable[[], Any]) -> None:
    job_end(ctx, claim, state=JobState.DONE, result=work(), job=job)


def _failed(claim: Claim, job: Job, error: Exception) -> str:
    try:
        return give_back(claim, task=job.task, error=reason(error))
    except LeaseLost:
        return "lost"


def reason(error: BaseException) -> str:
    """What kind of failure, and where: never its text, which may name people."""
    kind = error.code if isinstance(error, DomainError) else type(error).__name__
    if isinstance(error, UnknownTask):
        return f"{kind}: this release has no such task"
    frames = traceback.extract_tb(error.__traceback__)
    root = str(settings.BASE_DIR)
    ours = [frame for frame in frames if frame.filename.startswith(root)]
    ours = [frame for frame in ours if "site-packages" not in frame.filename]
    if not ours:
        return kind
    place = Path(ours[-1].filename).relative_to(root)
    return f"{kind} at {place}:{ours[-1].lineno}"[:ERROR_LENGTH_MAX]


def _attempts_max(task: str) -> int:
    try:
        return registry.find(task).attempts_max
    except UnknownTask:
        return ATTEMPTS_MAX
