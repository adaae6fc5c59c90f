"""What is out besides database and cache, looked at every two seconds by a thread of its own.

A request asks what is known and waits for nothing. Each process looks for itself, so it is told
the truth by no other and goes on saying it when relay and workers are dead.
"""

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from kombu.connection import Connection

from core.partitions.selectors import months_ahead_least

LOOK_SECONDS = 2.0
#: Months do not go by as fast as brokers.
PARTITIONS_LOOK_SECONDS = 60.0
#: Fewer are a warning: writing fails when there is none left.
MONTHS_AHEAD_MIN = 2
BROKER_CONNECT_SECONDS = 1

BROKER_AWAY = "The broker does not answer; jobs are kept, and may begin later."
PARTITIONS_FEW = "Few months are ready to be written to; maintenance seems not to run."

log = structlog.get_logger(__name__)


def has_broker() -> bool:
    url: str = settings.CELERY_BROKER_URL
    return not url.startswith("memory")


def broker_ask() -> None:
    """Raises where it does not answer within a second."""
    url = settings.CELERY_BROKER_URL
    with Connection(url, connect_timeout=BROKER_CONNECT_SECONDS) as connection:
        connection.ensure_connection(max_retries=1, timeout=BROKER_CONNECT_SECONDS)


def months_ahead_few() -> int | None:
    """How many months are ready, where those are too few."""
    ahead = months_ahead_least(datetime.now(UTC))
    return None if ahead is None or ahead >= MONTHS_AHEAD_MIN else ahead


class Watch:
    """One daemon thread per process, started by the first answer."""

    def __init__(self) -> None:
        # Never of another size: requests read it while the thread writes.
        self._said = {BROKER_AWAY: False, PARTITIONS_FEW: False}
        self._owner = 0
        self._starting = threading.Lock()
        self._partitions_due = 0.0

    def messages(self) -> list[str]:
        """What is out, as it was at the last look."""
        self.ensure()
        return [message for message, is_out in self._said.items() if is_out]

    def again(self) -> None:
        """The next look is at everything."""
        self._partitions_due = 0.0

    def look(self) -> None:
        if has_broker():
            self._said[BROKER_AWAY] = not _answers(broker_ask)
        if time.monotonic() >= self._partitions_due:
            self._partitions_due = time.monotonic() + PARTITIONS_LOOK_SECONDS
            self._said[PARTITIONS_FEW] = _are_partitions_few()

    def ensure(self) -> None:
        """Start the thread, once in each process: threads do not survive a fork."""
        if self._owner == os.getpid():
            return
        with self._starting:
            if self._owner != os.getpid():
                self._owner = os.getpid()
                threading.Thread(target=self._run, name="ops-watch", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except Exception:
                log.exception("watch_failed")  # it must outlive anything
            time.sleep(LOOK_SECONDS)


def _answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except Exception as error:  # noqa: BLE001  whatever it is, it is the answer
        log.info("broker_away", error=type(error).__name__)
        return False
    return True


def _are_partitions_few() -> bool:
    try:
        return months_ahead_few() is not None
    except DatabaseError:
        return False  # the answer to everything else says so
    finally:
        connections[DEFAULT_DB_ALIAS].close()  # once a minute is no reason to keep one


watch = Watch()
