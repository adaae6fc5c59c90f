"""Waiting for something to do: woken over Redis where there is one, else by the clock."""

import time
from typing import Any

import structlog
from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from core.jobs.wake import JOBS_CHANNEL, has_redis

#: A subscription that failed is tried again so much later.
PAUSE_SECONDS = 2.0
ANSWER_SECONDS_MAX = 2.0

log = structlog.get_logger(__name__)


class Ears:
    """A subscription of one thread's own, which may come and go."""

    def __init__(self) -> None:
        self._pubsub: Any = None
        self._deaf_until = 0.0

    def wait(self, seconds: float) -> bool:
        """Return after so long, or as soon as somebody calls; whether it was a call."""
        if self._pubsub is None and not self._subscribe():
            time.sleep(seconds)
            return False
        until = time.monotonic() + seconds
        try:
            while (left := until - time.monotonic()) > 0:
                message = self._pubsub.get_message(timeout=left)
                if message is not None and message["type"] == "message":
                    self._drop_the_rest()
                    return True
        except (RedisError, OSError) as error:
            self._lost(error)
        return False

    def close(self) -> None:
        if self._pubsub is not None:
            self._pubsub.close()
            self._pubsub = None

    def _subscribe(self) -> bool:
        if not has_redis() or time.monotonic() < self._deaf_until:
            return False
        client = Redis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=settings.REDIS_TIMEOUT_SECONDS,
            socket_timeout=ANSWER_SECONDS_MAX,
            retry=Retry(NoBackoff(), 0),
            **settings.REDIS_PLAIN,
        )
        self._pubsub = client.pubsub()  # type: ignore[no-untyped-call]
        try:
            self._pubsub.subscribe(JOBS_CHANNEL)
        except (RedisError, OSError) as error:
            self._lost(error)
            return False
        return True

    def _drop_the_rest(self) -> None:
        """Many calls are one: who looks sees everything."""
        while self._pubsub.get_message(timeout=0) is not None:
            pass

    def _lost(self, error: Exception) -> None:
        log.info("job_ears_lost", error=type(error).__name__)
        self.close()
        self._deaf_until = time.monotonic() + PAUSE_SECONDS
