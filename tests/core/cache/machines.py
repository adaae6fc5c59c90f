"""Machines: each a runtime of the cache of its own, with its own board and its own way to Redis.

Several of them in one process, so that a test can stop one between two steps.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.db import connections
from django.test import override_settings
from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.cache import listener as listener_module
from core.cache import shared_tier
from core.cache.counters import Count
from core.cache.namespaces import Codec, Namespace
from core.cache.policy import Policy
from core.cache.runtime import Runtime, runtime

#: How long a test waits for what should take a second at most.
PATIENCE_SECONDS = 60.0
TEST_NAMESPACES = ("test_values", "test_others")
_url: ContextVar[str | None] = ContextVar("_url", default=None)


class _Settings:
    """The settings, but for the REDIS_URL of the machine that asks."""

    def __getattr__(self, name: str) -> Any:
        return (_url.get() if name == "REDIS_URL" else None) or getattr(settings, name)


class Machine:
    """One machine with one process. Namespaces of it are had by `namespace()`."""

    def __init__(self, url: str, board: Path) -> None:
        self.url = url
        namespaces = dict.fromkeys([*settings.CACHE_NAMESPACES, *TEST_NAMESPACES], Policy(60, 100))
        with override_settings(REDIS_URL=url, CACHE_BOARD=str(board), CACHE_NAMESPACES=namespaces):
            self.runtime: Runtime = runtime.__wrapped__()
        self._ended = False
        self._place()

    def namespace(
        self, policy: Policy | None = None, codec: Codec | None = None, name: str = "test_values"
    ) -> Namespace[Any]:
        """A process's own view of a namespace: two of them are two processes of the machine."""
        made: Namespace[Any] = Namespace(name, codec)
        made.__dict__["runtime"] = self.runtime
        made.__dict__["policy"] = policy or Policy(60, 100)
        return made

    def settle(self) -> "Machine":
        """Wait until it hears other machines, and nothing waits to be sent."""
        self.runtime.listener.ensure()
        until(lambda: self.runtime.listener.hearing and not self.runtime.board.is_behind)
        return self

    def counted(self, count: Count, name: str = "test_values") -> int:
        return int(self.runtime.board.counters.totals()[name][count])

    def end(self) -> None:
        self._ended = True

    def _place(self) -> None:
        """Let everything of this machine go its own way to Redis, and end with the test."""
        if not isinstance(self.runtime.tier, shared_tier.RedisTier):
            self._end_with_test()
            return
        pool = BlockingConnectionPool.from_url(
            self.url,
            socket_timeout=settings.REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=settings.REDIS_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            **settings.REDIS_PLAIN,
        )
        self.redis = Redis(connection_pool=pool)
        tier, listener = self.runtime.tier, self.runtime.listener
        setattr(listener, "_run", self._at_home(listener._run))  # noqa: B010
        for name in dir(tier):
            if not name.startswith("__") and callable(getattr(tier, name)):
                setattr(tier, name, self._at_home(getattr(tier, name)))
        self._end_with_test()

    def _at_home(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            token, mine = _url.set(self.url), _redis.set(self.redis)
            try:
                return method(*args, **kwargs)
            finally:
                _url.reset(token)
                _redis.reset(mine)

        return run

    def _end_with_test(self) -> None:
        replay = self.runtime.bumps.replay

        def replay_or_end(**options: Any) -> int:
            if self._ended:
                connections.close_all()
                raise _Ended
            return replay(**options)

        def run_until_ended() -> None:
            with suppress(_Ended):
                run()

        self.runtime.bumps.replay = replay_or_end  # type: ignore[method-assign]
        run, self.runtime.listener._run = self.runtime.listener._run, run_until_ended


class _Ended(BaseException):
    """Nothing swallows it on its way out of the listening thread."""


_redis: ContextVar[Redis | None] = ContextVar("_redis", default=None)


@contextmanager
def machines(folder: Path) -> Iterator[Callable[..., Machine]]:
    """Yields `new(url, board="a")`; all are ended afterwards."""
    known = shared_tier._client
    made: list[Machine] = []

    def new(url: str, board: str = "a") -> Machine:
        made.append(Machine(url, folder / f"board-{board}"))
        return made[-1]

    with ExitStack() as stack:
        client = mock.patch.object(shared_tier, "_client", new=lambda: _redis.get() or known())  # noqa: PT008
        stack.enter_context(client)
        stack.enter_context(mock.patch.object(listener_module, "settings", _Settings()))
        # What is lost on a machine of the test is not for the test process to replay.
        stack.enter_context(mock.patch.object(runtime().bumps, "replay", return_value=0))
        try:
            yield new
        finally:
            for machine in made:
                machine.end()


def until(condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> float:
    """Wait until `condition` holds; how long it took. Fails after `seconds`."""
    started = time.monotonic()
    while not condition():
        waited = time.monotonic() - started
        assert waited < seconds, f"did not come true within {seconds} s"
        time.sleep(0.01)
    return time.monotonic() - started
