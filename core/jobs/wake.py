"""A word over Redis that there is something new: events, or jobs. Nothing depends on it.

Listeners look for themselves every second; this makes it milliseconds. A writer waits
for nothing: he says it himself where a connection is ready, and leaves it to a thread
of its own where one is not. Many writes at once are one word.
"""

import os
import threading
import time
from contextlib import suppress
from ssl import SSLWantReadError
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
ANSWERS_BYTES = 65_536

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
        self._line = _Line(channel)
        self._owner = 0

    def call(self) -> None:
        if self._owner != os.getpid():
            self._start()
        if not self._line.say_at_once():
            self._wanted.set()

    def _start(self) -> None:
        """Once in each process: neither threads nor a connection survive a fork."""
        with self._starting:
            if self._owner != os.getpid():
                self._line = _Line(self._channel)
                self._owner = os.getpid()
                runtime().listener.ensure()  # it finds out when Redis is back
                name = f"wake-{self._channel}"
                threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            self._line.say()
            time.sleep(PAUSE_SECONDS)


class _Line:
    """A kept connection with the word ready, whose answers nobody waits for.

    The socket itself: a client's call takes more than twice as long to say it.
    """

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._said_at = 0.0
        self._connection: Any = None
        self._socket: Any = None
        self._word = b""

    def say_at_once(self) -> bool:
        """False where that would mean to wait, or the last word is too fresh: `say` is for those.

        Another thread that wakes up for it costs more than the word.
        """
        if not self._lock.acquire(blocking=False):
            return False
        try:
            is_fresh = time.monotonic() - self._said_at < PAUSE_SECONDS
            if is_fresh or self._socket is None or runtime().is_away:
                return False
            return self._send()
        finally:
            self._lock.release()

    def say(self) -> None:
        with self._lock:
            if not runtime().is_away:
                self._send()

    def _send(self) -> bool:
        try:
            if self._socket is None:
                self._connect()
            self._drop_answers()
            if self._socket.send(self._word) < len(self._word):
                raise BlockingIOError  # it has not read for thousands of words
        except (RedisError, OSError) as error:
            log.info("publish_failed", channel=self._channel, error=type(error).__name__)
            self._hang_up()
            return False
        self._said_at = time.monotonic()
        return True

    def _connect(self) -> None:
        pool: Any = get_redis_connection("default").connection_pool
        self._connection = pool.make_connection()
        self._connection.connect()
        self._word = b"".join(self._connection.pack_command("PUBLISH", self._channel, b""))
        self._socket = self._connection._sock
        self._socket.setblocking(False)

    def _drop_answers(self) -> None:
        with suppress(BlockingIOError, SSLWantReadError):
            if not self._socket.recv(ANSWERS_BYTES):
                raise ConnectionResetError

    def _hang_up(self) -> None:
        self._socket = None
        if self._connection is not None:
            self._connection.disconnect()


_callers = {channel: _Caller(channel) for channel in (CHANNEL, JOBS_CHANNEL)}
