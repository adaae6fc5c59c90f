"""The breaker: after three failures Redis is left alone until somebody has found it well."""

import threading

import structlog

FAILURES_MAX = 3

log = structlog.get_logger(__name__)


class Breaker:
    """Open means: do not even try. It is the listening thread that tries, and closes it."""

    def __init__(self) -> None:
        self.is_open = False
        self._failures = 0
        self._lock = threading.Lock()

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES_MAX:
                self._open()

    def trip(self) -> None:
        """Open at once: whoever listens has found Redis away."""
        with self._lock:
            self._open()

    def succeeded(self) -> None:
        if self._failures:
            self._failures = 0

    def close(self) -> None:
        with self._lock:
            if self.is_open:
                log.warning("cache_breaker_closed")
            self.is_open, self._failures = False, 0

    def _open(self) -> None:
        if not self.is_open:
            self.is_open = True
            log.warning("cache_breaker_opened")
