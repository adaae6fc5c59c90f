"""The thread beside a worker's jobs: prolongs the lease, tells the progress, ends what hangs."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connections

from core.jobs import tallies
from core.jobs.claims import Claim, LeaseLost, hold, job_progress
from core.jobs.registry import JobType

TICK_SECONDS = 1.0

log = structlog.get_logger(__name__)


class RunningJob:
    """What a handler is given of its job."""

    def __init__(self, claim: Claim, job_type: JobType, effect_key: str) -> None:
        self.claim, self.type = claim, job_type
        self.id: UUID = claim.job_id
        self.attempt = claim.attempt
        #: The same on each attempt: to be handed on with an effect outside of the database.
        self.effect_key = effect_key
        self.began = self.held = time.monotonic()
        self.is_lost = False
        self.percent = self.told = 0

    def progress(self, percent: int) -> None:
        """Say how far it is, from 0 to 100; raises LeaseLost when it was called off.

        Costs nothing: the keeper writes it down, a second later at the most.
        """
        self.percent = max(0, min(100, percent))
        if self.is_lost:
            raise LeaseLost


class Keeper:
    """One daemon thread in each process that runs jobs; one job at a time."""

    def __init__(self) -> None:
        self._job: RunningJob | None = None
        self._starting = threading.Lock()
        self._owner = 0

    @contextmanager
    def beside(self, job: RunningJob) -> Iterator[None]:
        self._ensure()
        self._job = job
        try:
            yield
        finally:
            self._job = None

    def _ensure(self) -> None:
        """Once in each process: threads do not survive a fork."""
        with self._starting:
            if self._owner != os.getpid():
                self._owner = os.getpid()
                threading.Thread(target=self._run, name="job-keeper", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(TICK_SECONDS)
            job = self._job
            if job is not None and time.monotonic() - job.began > job.type.hard_seconds:
                _end_process(job)
            try:
                if job is not None:
                    _look_after(job)
                tallies.flush()
            except Exception as error:  # noqa: BLE001  it must outlive anything
                log.warning("job_keeper_failed", error=type(error).__name__)
                connections.close_all()  # this thread's


def _look_after(job: RunningJob) -> None:
    if job.percent != job.told:
        job.told = job.percent
        job_progress(job.claim.ctx(datetime.now(UTC)), job.claim, percent=job.told)
    if time.monotonic() - job.held >= settings.JOB_LEASE_SECONDS / 3 and not job.is_lost:
        job.held = time.monotonic()
        job.is_lost = not hold(job.claim)


def _end_process(job: RunningJob) -> None:
    """Nothing else ends code that does not return. The lease runs out, and counts as an attempt."""
    log.critical("job_killed", job_id=str(job.id), task=job.type.name, attempt=job.attempt)
    os.kill(os.getpid(), signal.SIGKILL)


class SoftLimit(Exception):
    """The job took longer than its soft limit."""


@contextmanager
def soft_limit(seconds: float) -> Iterator[None]:
    """Raise SoftLimit inside after so long. Only a process's main thread can be told so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def told(*_: Any) -> None:
        raise SoftLimit

    before = signal.signal(signal.SIGALRM, told)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


keeper = Keeper()
