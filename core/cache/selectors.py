"""How the cache is doing, on this machine."""

from typing import NamedTuple

from django.conf import settings

from core.cache.counters import Count
from core.cache.policy import Policy
from core.cache.runtime import runtime


class NamespaceState(NamedTuple):
    """A namespace's policy and what was counted since the board was made."""

    name: str
    policy: Policy
    counts: dict[Count, int]

    @property
    def asked(self) -> int:
        hits = self.counts[Count.PROCESS_HITS] + self.counts[Count.REDIS_HITS]
        return hits + self.counts[Count.MISSES]

    def share(self, count: Count) -> float:
        """Percent of what was asked for; 0 where nothing was."""
        return 100 * self.counts[count] / self.asked if self.asked else 0.0


class CacheState(NamedTuple):
    mode: str
    is_away: bool
    is_behind: bool
    namespaces: list[NamespaceState]


def cache_state() -> CacheState:
    parts = runtime()
    mode = settings.REDIS_URL if settings.REDIS_URL in ("memory", "disabled") else "Redis"
    totals = parts.board.counters.totals()
    namespaces = [
        NamespaceState(name, policy, totals[name])
        for name, policy in settings.CACHE_NAMESPACES.items()
    ]
    return CacheState(mode, parts.is_away, parts.board.is_behind, namespaces)
