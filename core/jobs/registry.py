"""Every kind of job, declared by the app that does it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.module_loading import import_string

from core.jobs.models import Queue

ATTEMPTS_MAX = 3
#: A worker's message ends after 300 seconds at the latest (CELERY_TASK_TIME_LIMIT).
HARD_SECONDS_MAX = 280

Handler = Callable[..., Any]
#: What an external job returns that has kept a part of its work: it goes on when it is its
#: turn again, as the same job, and its attempts are counted anew.
MORE = object()


@dataclass(frozen=True, slots=True)
class JobType:
    """`handler` is the dotted path of `def some_task(ctx, job, **arguments)`.

    What it returns is kept as the job's result: small, JSON, ids and numbers. It runs
    in one transaction with the end of the job; an external one runs outside of any,
    may call other machines, and must bear to be run again with the same effect key.
    At `soft_seconds` it is told to stop by an exception, at `hard_seconds` its
    process is killed.
    """

    name: str
    handler: str
    queue: Queue = Queue.NORMAL
    is_external: bool = False
    soft_seconds: float = 60
    hard_seconds: float = 90
    attempts_max: int = ATTEMPTS_MAX

    def __post_init__(self) -> None:
        if not 0 < self.soft_seconds < self.hard_seconds <= HARD_SECONDS_MAX:
            raise ValueError(f"{self.name}: 0 < soft < hard <= {HARD_SECONDS_MAX} seconds.")
        if not 1 <= self.attempts_max <= ATTEMPTS_MAX:
            raise ValueError(f"{self.name}: 1 to {ATTEMPTS_MAX} attempts.")

    def load(self) -> Handler:
        handler: Handler = import_string(self.handler)
        return handler


class UnknownTask(LookupError):
    """A job of a kind that this release does not know."""


_declared: dict[str, JobType] = {}


def declare(*types: JobType) -> None:
    """Called by each app when it is ready."""
    _declared.update({one.name: one for one in types})


def find(name: str) -> JobType:
    try:
        return _declared[name]
    except KeyError:
        raise UnknownTask(name) from None
