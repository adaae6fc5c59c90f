"""The relay: wakes Celery's workers, and stands in for the broker while it is away.

It holds nothing. Killed, it is restarted and sees in the tables what there is to do;
two of them do no harm.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import DatabaseError, connections
from kombu.exceptions import OperationalError

from core.jobs import schedule
from core.jobs.claims import ready
from core.jobs.ears import Ears
from core.jobs.listening import hand_on
from core.jobs.models import Queue
from core.jobs.sweeps import sweep
from core.jobs.tasks import jobs_work_task

TICK_SECONDS = 1.0
#: Workers that are awake find the next job themselves, so more messages would wake nobody.
MESSAGES_MAX_PER_SECOND = 64
#: Unread for so long, a message has nothing to say any more.
MESSAGE_EXPIRES_SECONDS = 10
BROKER_PAUSE_SECONDS = 2.0
STOP_SECONDS = 10

log = structlog.get_logger(__name__)


class Relay:
    def __init__(self, *, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop
        self._ears = Ears()
        self._deputies = Deputies()
        self._ticked_at = self._broker_again_at = 0.0
        self._messages_left = MESSAGES_MAX_PER_SECOND

    def run(self) -> None:
        try:
            while not self._should_stop():
                try:
                    self._turn()
                except DatabaseError as error:
                    log.warning("relay_failed", error=type(error).__name__)
                    connections.close_all()
                    time.sleep(TICK_SECONDS)
        finally:
            self._deputies.stop()
            self._ears.close()

    def _turn(self) -> None:
        self._ears.wait(max(0.01, self._ticked_at + TICK_SECONDS - time.monotonic()))
        if time.monotonic() - self._ticked_at >= TICK_SECONDS:
            self._ticked_at = time.monotonic()
            self._messages_left = MESSAGES_MAX_PER_SECOND
            hand_on()
            sweep()
            schedule.watch()
            self._deputies.look_after()
        self._wake_workers()

    def _wake_workers(self) -> None:
        if not has_broker():
            self._deputies.start()
            return
        if self._messages_left <= 0 or time.monotonic() < self._broker_again_at:
            return
        if self._deputies.are_working:
            # They leave nothing to send a message for, so one is sent to see whether it arrives.
            if self._send(Queue.HIGH):
                self._deputies.stop()
            return
        for queue, count in ready(self._messages_left).items():
            for _ in range(count):
                if not self._send(queue):
                    return

    def _send(self, queue: Queue) -> bool:
        self._messages_left -= 1
        try:
            jobs_work_task.apply_async(
                queue=queue.label, expires=MESSAGE_EXPIRES_SECONDS, retry=False
            )
        except (OperationalError, OSError) as error:
            log.warning("broker_away", error=type(error).__name__)
            self._broker_again_at = time.monotonic() + BROKER_PAUSE_SECONDS
            self._deputies.start()
            return False
        return True


class Deputies:
    """Polling workers that run while no broker answers. They end when we do."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []

    @property
    def are_working(self) -> bool:
        return bool(self._children)

    def start(self) -> None:
        if self._children:
            return
        log.warning("polling_workers_started", count=settings.WORKER_PROCESSES)
        self._children = [self._spawn() for _ in range(settings.WORKER_PROCESSES)]

    def look_after(self) -> None:
        """A worker that hung was killed by itself, and one that was killed is missed."""
        alive = [child for child in self._children if child.poll() is None]
        self._children = alive + [self._spawn() for _ in self._children[len(alive) :]]

    def stop(self) -> None:
        """Each finishes the job that it is at."""
        for child in self._children:
            child.terminate()
        for child in self._children:
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()  # its job goes on elsewhere when the lease runs out
                child.wait()
        if self._children:
            log.warning("polling_workers_stopped")
        self._children = []

    def _spawn(self) -> "subprocess.Popen[bytes]":
        manage = str(settings.BASE_DIR / "manage.py")
        command = [sys.executable, manage, "work", "--child-of", str(os.getpid())]
        return subprocess.Popen(command)  # noqa: S603


def has_broker() -> bool:
    return not settings.CELERY_BROKER_URL.startswith("memory")
