"""The thread that hears of other machines' bumps, and replays those that were lost."""

import os
import threading
import time
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from core.cache.board import Board
from core.cache.bumps import Bumps
from core.cache.shared_tier import CHANNEL, Away, RedisTier

log = structlog.get_logger(__name__)
TICK_SECONDS = 0.5
#: A subscription that has not answered for so long is dead, whatever its socket says.
SILENCE_SECONDS_MAX = 1.5


class Listener:
    """One daemon thread per process, started by the first use of the cache.

    `hearing` is 0 while bumps of other machines may be missed, and a new number
    after each interruption, so that nothing from before one is believed after it.
    Without Redis there are no other machines, and it always hears.
    """

    def __init__(self, board: Board, bumps: Bumps, tier: Any) -> None:
        self._board, self._bumps, self._tier = board, bumps, tier
        self._has_redis = isinstance(tier, RedisTier)
        self.hearing = 0 if self._has_redis else 1
        self._interruptions = 0
        self._owner = 0
        self._starting = threading.Lock()

    def ensure(self) -> None:
        """Start the thread, once in each process: threads do not survive a fork."""
        if self._owner == os.getpid():
            return
        with self._starting:
            if self._owner == os.getpid():
                return
            self._owner = os.getpid()
            self.hearing = 0 if self._has_redis else 1
            threading.Thread(target=self._run, name="cache-listener", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                if self._has_redis:
                    self._listen()
                else:
                    self._replay()
                    time.sleep(TICK_SECONDS)
            except (Away, RedisError, OSError) as error:
                self._deafened(error)
            except Exception:
                # It must outlive anything; what it could not do, it does a tick later.
                self._deafened(None)
                log.exception("cache_listener_failed")
                time.sleep(TICK_SECONDS)

    def _deafened(self, error: Exception | None) -> None:
        if self._has_redis:
            if self.hearing:
                log.warning("cache_subscription_lost", error=type(error).__name__)
            self.hearing = 0
            self._tier.breaker.trip()
            time.sleep(TICK_SECONDS)

    def _listen(self) -> None:
        """Subscribe, catch up, and hear until the connection fails."""
        pubsub = _client().pubsub()  # type: ignore[no-untyped-call]
        try:
            pubsub.subscribe(CHANNEL)
            self._await_answer(pubsub)
            # In this order: what was lost is replayed before anything old is believed again.
            if self._tier.is_another_server():
                self._bumps.everywhere()
                self._tier.remember_server()
            self._tier.breaker.close()
            self._replay(everything=True)
            self._interruptions += 1
            self.hearing = self._interruptions
            self._hear(pubsub)
        finally:
            pubsub.close()

    def _hear(self, pubsub: Any) -> None:
        answered_at = ticked_at = time.monotonic()
        while time.monotonic() - answered_at < SILENCE_SECONDS_MAX:
            message = pubsub.get_message(timeout=TICK_SECONDS)
            now = time.monotonic()
            if message is not None:
                answered_at = now
                if message["type"] == "message":
                    self._apply(message["data"])
            if now - ticked_at >= TICK_SECONDS:
                ticked_at = now
                pubsub.ping()
                if self._tier.breaker.is_open:
                    return  # commands fail although the subscription lives: begin anew
                self._replay()
        raise Away

    def _apply(self, data: bytes) -> None:
        sender, bumps = orjson.loads(data)
        if sender != self._board.id:  # our machine's board was bumped before this was sent
            self._bumps.on_board([(namespace, scope) for namespace, scope in bumps])

    def _await_answer(self, pubsub: Any) -> None:
        deadline = time.monotonic() + SILENCE_SECONDS_MAX
        while time.monotonic() < deadline:
            message = pubsub.get_message(timeout=TICK_SECONDS)
            if message is not None and message["type"] == "subscribe":
                return
        raise Away

    def _replay(self, everything: bool = False) -> None:
        """The database may be away as well; the rows wait in it."""
        try:
            self._bumps.replay(everything=everything)
        except DatabaseError as error:
            log.warning("cache_replay_failed", error=type(error).__name__)
            connections[DEFAULT_DB_ALIAS].close()


def _client() -> Redis:
    """A connection of its own: a subscription cannot be shared with commands."""
    timeout = settings.REDIS_TIMEOUT_SECONDS
    return Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=timeout,
        socket_timeout=SILENCE_SECONDS_MAX,
        retry=Retry(NoBackoff(), 0),
        **settings.REDIS_PLAIN,
    )
