"""Tier 1: entries in the memory of this process, bounded, least recently used out first."""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from cachetools import LRUCache

Key = tuple[Any, str]


class Stamp(NamedTuple):
    """The versions when a value began to be computed: it is true while they are the same."""

    slot: int
    version: int
    slot_of_all: int
    version_of_all: int
    #: The uninterrupted time of hearing other machines that it belongs to; 0 is deaf.
    hearing: int


class Entry(NamedTuple):
    value: Any
    stamp: Stamp
    #: By the monotonic clock.
    believed_until: float


class ProcessTier:
    """Entries by scope and key. Safe to use from many threads."""

    def __init__(self, size: int, on_eviction: Callable[[], None]) -> None:
        self._entries = _Lru(size, on_eviction)
        self._lock = threading.Lock()

    def get(self, key: Key) -> Entry | None:
        with self._lock:
            entry: Entry | None = self._entries.get(key)
            return entry

    def put(self, key: Key, entry: Entry) -> None:
        with self._lock:
            self._entries[key] = entry

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)


class _Lru(LRUCache):
    def __init__(self, size: int, on_eviction: Callable[[], None]) -> None:
        super().__init__(size)
        self._on_eviction = on_eviction

    def popitem(self) -> Any:
        self._on_eviction()
        return super().popitem()
