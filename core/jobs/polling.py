"""A worker that needs no broker: it looks for jobs itself."""

import os
import time
from collections.abc import Callable

import structlog
from django.db import DatabaseError, connections

from core.jobs import schedule, tallies
from core.jobs.ears import Ears
from core.jobs.runner import queues_served, run_next
from core.jobs.sweeps import sweep

POLL_SECONDS = 0.25
SWEEP_SECONDS = 1.0
FAILED_PAUSE_SECONDS = 1.0

log = structlog.get_logger(__name__)


class PollingWorker:
    """Runs jobs one after the other until it is told to stop, or its parent is gone."""

    def __init__(self, *, should_stop: Callable[[], bool], parent: int | None = None) -> None:
        self._told = should_stop
        #: Told, not asked for here: it may be gone before we are so far.
        self._parent = parent
        self._ears = Ears()
        self._swept_at = 0.0

    def run(self) -> None:
        while not self._should_stop():
            try:
                self._turn()
            except DatabaseError as error:
                log.warning("polling_worker_failed", error=type(error).__name__)
                connections.close_all()
                time.sleep(FAILED_PAUSE_SECONDS)
        tallies.flush(now=True)
        self._ears.close()

    def run_until_idle(self) -> int:
        """Everything that is ready, and what that makes ready at once; how many jobs."""
        count = 0
        sweep()
        while run_next(queues_served()):
            count += 1
        tallies.flush(now=True)
        return count

    def _turn(self) -> None:
        if time.monotonic() - self._swept_at >= SWEEP_SECONDS:
            self._swept_at = time.monotonic()
            sweep()
            schedule.run_overdue()
        if not run_next(queues_served()):
            self._ears.wait(POLL_SECONDS)

    def _should_stop(self) -> bool:
        return self._told() or (self._parent is not None and os.getppid() != self._parent)
