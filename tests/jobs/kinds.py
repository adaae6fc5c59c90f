"""Kinds of jobs that only tests have, and the effects by which they are counted."""

import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from core.jobs import registry
from core.jobs.keeper import RunningJob
from core.jobs.models import OutboxEvent, Queue
from core.jobs.outbox import Event, announce
from core.jobs.registry import JobType
from core.tenancy.context import Context


@dataclass(frozen=True)
class Done(Event):
    """The effect of a job: in the transaction of its end, or not there."""

    name: ClassVar[str] = "test.done"
    key: str


def note(ctx: Context, job: RunningJob, *, pause: float = 0.0) -> dict[str, int]:
    """An effect in the database, after a while."""
    announce(ctx, Done(job.effect_key))
    time.sleep(pause)
    return {"attempt": job.attempt}


def outside(ctx: Context, job: RunningJob, *, path: str, pause: float = 0.0) -> None:
    """An effect outside: a line of a file."""
    time.sleep(pause)
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"{job.effect_key}\n")


def fail(ctx: Context, job: RunningJob, *, times: int, name: str = "") -> str:
    """Fails so often, after its effect, with a text that names somebody."""
    announce(ctx, Done(job.effect_key))
    if job.attempt <= times:
        raise ValueError(f"no good for {name}")
    return "at last"


def poison(ctx: Context, job: RunningJob) -> None:
    """Takes its process with it."""
    os.kill(os.getpid(), signal.SIGKILL)


def hang(ctx: Context, job: RunningJob, *, soft: bool) -> None:
    """Does not return; it can be told to, or not."""
    try:
        time.sleep(60)
    except Exception:
        if soft:
            raise
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        time.sleep(60)


def step(ctx: Context, job: RunningJob, *, steps: int, pause: float) -> int:
    """Tells how far it is; outside of a transaction, so that it can be called off."""
    for number in range(steps):
        job.progress(100 * number // steps)
        time.sleep(pause)
    return steps


def tell(ctx: Context, job: RunningJob, *, event_id: str, payload: dict[str, Any]) -> None:
    """Made of an event."""
    announce(ctx, Done(f"{event_id}:{payload['key']}"))


def effects(tenant_id: UUID) -> Counter[str]:
    """How often each job of a company had its effect."""
    rows = OutboxEvent.objects.filter(tenant_id=tenant_id, name=Done.name)
    return Counter(payload["key"] for payload in rows.values_list("payload", flat=True))


def path(name: str) -> str:
    return f"tests.jobs.kinds.{name}"


registry.declare(
    JobType("test.note", path("note")),
    JobType("test.outside", path("outside"), is_external=True),
    JobType("test.fail", path("fail")),
    JobType("test.poison", path("poison")),
    JobType("test.hang", path("hang"), soft_seconds=0.3, hard_seconds=1.5),
    JobType("test.step", path("step"), is_external=True),
    JobType("test.tell", path("tell"), queue=Queue.LOW),
    JobType("test.lost", "tests.jobs.kinds.no_such_function"),
)
