"""Enqueueing in tests, and looking at what became of it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from core.jobs.claims import claim_next
from core.jobs.models import Job, JobTicket, Queue
from core.jobs.runner import queues_served, run_next
from core.jobs.services import Terms, job_enqueue
from core.jobs.sweeps import sweep
from core.tenancy.context import Context
from core.tenancy.transactions import command, query
from tests.cast import Company
from tests.jobs import kinds  # noqa: F401  declares them

PATIENCE_SECONDS = 60.0


def enqueue(company: Company, task: str = "test.note", **more: Any) -> UUID:
    key = more.pop("effect_key", "")
    names = ("queue", "run_at", "expires_at", "every")
    terms = Terms(**{name: more.pop(name) for name in names if name in more})
    return job_enqueue(company.ctx(), task=task, arguments=more, effect_key=key, terms=terms)


def flood(
    company: Company, count: int, arguments: dict[str, Any] | None = None, **terms: Any
) -> list[UUID]:
    """Many at once, in one transaction."""

    @command
    def _flood(ctx: Context) -> list[UUID]:
        more = {"arguments": arguments or {}, "terms": Terms(**terms)}
        return [job_enqueue(ctx, task="test.note", **more) for _ in range(count)]

    return _flood(company.ctx())


def job_of(company: Company, job_id: UUID) -> Job:
    @query
    def look(ctx: Context) -> Job:
        return Job.objects.get(pk=job_id)

    return look(company.ctx())


def states(company: Company) -> list[str]:
    @query
    def look(ctx: Context) -> list[str]:
        return list(Job.objects.order_by("created_at", "id").values_list("state", flat=True))

    return look(company.ctx())


def tickets(company: Company) -> Any:
    return JobTicket.objects.filter(tenant_id=company.tenant_id)


def run_all(company: Company) -> int:
    """Until nothing of this company is ready; others' jobs are run on the way."""
    count = 0
    while tickets(company).filter(worker=None, turn__isnull=False).exists():
        count += run_next(queues_served())
    return count


def hurry(company: Company) -> None:
    """As if the time had come for everything that waits for it."""
    tickets(company).filter(worker=None).update(run_at=datetime.now(UTC))
    sweep()


def die(company: Company, job_id: UUID) -> None:
    """A worker has taken it and is gone for longer than a lease."""
    while not tickets(company).filter(pk=job_id, worker__isnull=False).exists():
        assert claim_next("dead:1", list(Queue)) is not None
    tickets(company).filter(pk=job_id).update(lease_until=datetime(2020, 1, 1, tzinfo=UTC))


def until(condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not happen"
        time.sleep(0.02)
    return time.monotonic() - began
