"""A word over Redis that there is something new: events, or jobs. Nothing depends on it.

Listeners look for themselves every second; this makes it milliseconds. It is sent
by a thread of its own, so a writer waits for nothing, and many writes are one word.
"""

import os
import threading
import time
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from core.cache.runtime import runtime

CHANNEL = "erp:outbox"
JOBS_CHANNEL = "erp:jobs"
#: Between two words: readers work in batches anyway.
PAUSE_SECONDS = 0.005

log = structlog.get_logger(__name__)


def wake_on_commit(channel: str = CHANNEL) -> None:
    """Wake who listens there, once the open transaction commits."""
    if has_redis():
        transaction.on_commit(_callers[channel].call, robust=True)


def has_redis() -> bool:
    return settings.REDIS_URL not in ("memory", "disabled")


def publish(channel: str, message: bytes) -> bool:
    """Whether Redis took it; not tried while Redis is known to be away."""
    if not has_redis() or runtime().is_away:
        return False
    try:
        get_redis_connection("default").publish(channel, message)
    except (RedisError, OSError) as error:
        log.info("publish_failed", channel=channel, error=type(error).__name__)
        return False
    return True


class _Caller:
    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._wanted = threading.Event()
        self._starting = threading.Lock()
        self._owner = 0

    def call(self) -> None:
        if self._owner != os.getpid():
            self._start()
        self._wanted.set()

    def _start(self) -> None:
        """Once in each process: threads do not survive a fork."""
        with self._starting:
            if self._owner != os.getpid():
                self._owner = os.getpid()
                runtime().listener.ensure()  # it finds out when Redis is back
                name = f"wake-{self._channel}"
                threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        line = _Line(self._channel)
        while True:
            self._wanted.wait()
            self._wanted.clear()
            line.say()
            time.sleep(PAUSE_SECONDS)


class _Line:
    """A kept connection with the word ready: a pool's client takes four times as long to say it."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._connection: Any = None
        self._word: Any = None

    def say(self) -> None:
        if runtime().is_away:
            return
        try:
            if self._connection is None:
                pool: Any = get_redis_connection("default").connection_pool
                self._connection = pool.make_connection()
                self._word = self._connection.pack_command("PUBLISH", self._channel, b"")
            self._connection.send_packed_command(self._word)
            self._connection.read_response()
        except (RedisError, OSError) as error:
            log.info("publish_failed", channel=self._channel, error=type(error).__name__)
            if self._connection is not None:
                self._connection.disconnect()


_callers = {channel: _Caller(channel) for channel in (CHANNEL, JOBS_CHANNEL)}
