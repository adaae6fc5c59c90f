"""What somebody has to look after every second: due, abandoned and expired jobs.

Whoever looks, a relay or a polling worker, or several at once: nothing is done twice.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from core.jobs.claims import Claim, LeaseLost, abandoned, job_end, overdue, promote
from core.jobs.models import Job, JobState
from core.jobs.runner import give_back
from core.tenancy.context import Context
from core.tenancy.transactions import query

WORKER_LOST = "The worker was lost"
EXPIRED = "Not begun in time"

#: What apps want to be done every second: each does a bounded piece of work. Global.
_chores: list[Callable[[datetime], object]] = []

log = structlog.get_logger(__name__)


def declare_chore(chore: Callable[[datetime], object]) -> None:
    """Called by an app when it is ready."""
    if chore not in _chores:
        _chores.append(chore)


def sweep() -> None:
    """One look at everything. One tenant's trouble does not keep the others waiting."""
    promote()
    for claim in abandoned():
        _each(_take_back, claim)
    for claim in overdue():
        _each(_expire, claim)
    for chore in _chores:
        _each(chore, datetime.now(UTC))


def _each(work: Callable[[Any], object], subject: Any) -> None:
    try:
        work(subject)
    except LeaseLost:
        pass  # its worker, or another sweep, was faster
    except Exception as error:
        log.exception("sweep_failed", error=type(error).__name__)


def _take_back(claim: Claim) -> None:
    task = _task(claim.ctx(datetime.now(UTC)), claim)
    give_back(claim, task=task, error=WORKER_LOST, at_once=True)


def _expire(claim: Claim) -> None:
    job_end(claim.ctx(datetime.now(UTC)), claim, state=JobState.EXPIRED, error=EXPIRED)


@query
def _task(ctx: Context, claim: Claim) -> str:
    task: str = Job.objects.values_list("task", flat=True).get(pk=claim.job_id)
    return task
