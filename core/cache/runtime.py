"""The parts of the cache, put together once per process from the settings."""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from core.cache.board import LAYOUT, Board
from core.cache.bumps import Bumps
from core.cache.listener import Listener
from core.cache.local_tiers import MemoryTier, NoTier
from core.cache.shared_tier import Bump, RedisTier

#: Files that are never written to a disk, on Linux.
MEMORY = Path("/dev/shm")  # noqa: S108  the board refuses a file of somebody else


@dataclass(frozen=True, slots=True)
class Runtime:
    board: Board
    tier: Any
    bumps: Bumps
    listener: Listener

    @property
    def is_away(self) -> bool:
        """Whether there should be a Redis and it does not answer."""
        return bool(self.tier.breaker.is_open)

    @property
    def is_shared(self) -> bool:
        """Whether a second tier answers at the moment."""
        return not (isinstance(self.tier, NoTier) or self.is_away or self.board.is_behind)

    def bump(self, bumps: Sequence[Bump]) -> None:
        """Void these once the open transaction commits."""
        self.listener.ensure()  # it forgets what arrived, and replays what did not
        self.bumps.on_commit(bumps)


@cache
def runtime() -> Runtime:
    board = Board(board_path(), list(settings.CACHE_NAMESPACES))
    tier = _tier(board)
    bumps = Bumps(board, tier)
    return Runtime(board, tier, bumps, Listener(board, bumps, tier))


def board_path() -> Path:
    """One file per system and machine, readable by its own user only."""
    if settings.CACHE_BOARD:
        return Path(settings.CACHE_BOARD)
    database = settings.DATABASES["default"]
    system = f"{database['HOST']}:{database['PORT']}/{database['NAME']} {settings.SECRET_KEY}"
    # A release with other namespaces, or another layout, reads the words differently.
    parts = [system, LAYOUT, *settings.CACHE_NAMESPACES]
    name = hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()
    folder = MEMORY if MEMORY.is_dir() else Path(tempfile.gettempdir())
    return folder / f"erp-board-{name}"


def _tier(board: Board) -> Any:
    if settings.REDIS_URL == "memory":
        return MemoryTier(board)
    return NoTier() if settings.REDIS_URL == "disabled" else RedisTier()
