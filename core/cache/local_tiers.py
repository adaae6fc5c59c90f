"""What stands in for Redis on a single machine: `REDIS_URL=memory` and `disabled`."""

import threading
import time
from collections.abc import Sequence

from cachetools import TLRUCache

from core.cache.board import Board
from core.cache.breaker import Breaker
from core.cache.shared_tier import Away, Bump, Found

ENTRIES_MAX = 10_000


class MemoryTier:
    """Bytes in this process, under the board's versions; other processes have their own."""

    def __init__(self, board: Board) -> None:
        self.breaker = Breaker()
        self._board, self._lock = board, threading.Lock()
        self._entries: TLRUCache[tuple[str, str, str], tuple[bytes, float, float]] = TLRUCache(
            ENTRIES_MAX, ttu=lambda key, value, now: value[2]
        )

    def read(
        self, namespace: str, scope: str, keys: Sequence[str], stored_seconds: float | None = None
    ) -> Found:
        versions, now = self._versions(namespace, scope), time.monotonic()
        values, age = {}, 0.0
        for key in keys:
            with self._lock:
                stored, stored_at, _ = self._entries.get((namespace, scope, key), (b"", 0.0, 0.0))
            if stored.startswith(versions):
                values[key] = stored[len(versions) :]
                age = now - stored_at
        return Found(versions, values, age)

    def store(
        self, namespace: str, scope: str, values: dict[str, bytes], found: Found, seconds: float
    ) -> None:
        now = time.monotonic()
        for key, value in values.items():
            with self._lock:
                stored = found.versions + value
                self._entries[namespace, scope, key] = (stored, now, now + seconds)

    def bump(self, bumps: Sequence[Bump], sender: int, *, past_breaker: bool = False) -> None:
        """The board has it already."""

    def lock(self, namespace: str, scope: str, key: str) -> bool:
        return True

    def unlock(self, namespace: str, scope: str, key: str) -> None:
        """Nobody waits: within a process one flight computes."""

    def _versions(self, namespace: str, scope: str) -> bytes:
        versions, board = self._board.versions, self._board
        words = (versions[board.slot_of_all(namespace)], versions[board.slot(namespace, scope)])
        return b"".join(word.to_bytes(8) for word in words)


class NoTier:
    """No second tier: what the process does not remember is computed."""

    def __init__(self) -> None:
        self.breaker = Breaker()

    def read(
        self, namespace: str, scope: str, keys: Sequence[str], stored_seconds: float | None = None
    ) -> Found:
        raise Away

    def store(
        self, namespace: str, scope: str, values: dict[str, bytes], found: Found, seconds: float
    ) -> None:
        raise Away

    def bump(self, bumps: Sequence[Bump], sender: int, *, past_breaker: bool = False) -> None:
        """The board has it already, and there is nobody else."""

    def lock(self, namespace: str, scope: str, key: str) -> bool:
        raise Away

    def unlock(self, namespace: str, scope: str, key: str) -> None:
        raise Away
