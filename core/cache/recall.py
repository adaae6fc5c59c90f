"""What happens when the process does not remember: ask Redis, else compute, and keep both."""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import connections

from core.cache.counters import Count
from core.cache.process_tier import Entry, Stamp
from core.cache.shared_tier import Away, Found
from core.tenancy.router import primary_only, write_alias
from core.tenancy.scope import current_scope

if TYPE_CHECKING:
    from core.cache.namespaces import Namespace, Scope

V = TypeVar("V")
#: Waiting for another process to compute the same; then it is computed here as well.
LOCK_WAIT_SECONDS, LOCK_POLL_SECONDS = 0.1, 0.01
#: A time to live is shortened by up to a tenth, so that not everything expires at once.
JITTER = 0.1


class Recall(Generic[V]):
    """A miss in one scope. `stamp` was read first: what is kept is as good as that."""

    def __init__(self, namespace: "Namespace[V]", scope: "Scope", stamp: Stamp) -> None:
        self._namespace, self._scope, self.stamp = namespace, scope, stamp
        self._tier: Any = namespace.runtime.tier
        self._address = (namespace.name, str(scope))
        spread = 1 - JITTER * random.random()  # noqa: S311
        # Counted from before anything is read: a slow reader does not make it younger.
        self._until = time.monotonic() + namespace.policy.believed_seconds * spread

    def one(self, key: str, load: Callable[[], V]) -> V:
        """The value of `key`; computed by one process at a time, for as long as a short lock."""
        found = self._read([key])
        shared = self._taken(found)
        if key in shared:
            return shared[key]
        # Security data is rechecked all the time and cheap; a lock would cost more than it saves.
        if found is None or self._namespace.policy.is_security:
            return self._loaded(found, lambda: {key: load()})[key]
        return self._by_one_process(key, found, load)

    def many(self, keys: Sequence[str], load: Callable[[list[str]], dict[str, V]]) -> dict[str, V]:
        """Those of `keys` that exist; one question to Redis, and one to `load` for the rest."""
        found = self._read(keys)
        shared = self._taken(found)
        missing = [key for key in keys if key not in shared]
        return shared | self._loaded(found, lambda: load(missing)) if missing else shared

    def _read(self, keys: Sequence[str]) -> Found | None:
        """What Redis has; None while it is away, or has not heard of what this machine changed."""
        policy = self._namespace.policy
        if self._namespace.board.is_behind:
            return None
        with suppress(Away):
            stored_seconds = policy.believed_seconds if policy.is_security else None
            found: Found = self._tier.read(*self._address, keys, stored_seconds)
            return found
        return None

    def _taken(self, found: Found | None) -> dict[str, V]:
        if found is None or not found.values:
            return {}
        try:
            decode = self._namespace.codec.decode
            values = {key: decode(data) for key, data in found.values.items()}
        except Exception:  # noqa: BLE001  another release wrote it, or it was damaged
            self._namespace.count(Count.ERRORS)
            return {}
        self._namespace.count(Count.REDIS_HITS, len(values))
        self._remember(values, self._until - found.age_seconds)
        return values

    def _by_one_process(self, key: str, found: Found, load: Callable[[], V]) -> V:
        """Nothing depends on the lock: without Redis, or after a while, everybody computes."""
        locked = False
        with suppress(Away):
            locked = self._tier.lock(*self._address, key)
            deadline = time.monotonic() + LOCK_WAIT_SECONDS
            while not locked and time.monotonic() < deadline:
                time.sleep(LOCK_POLL_SECONDS)
                shared = self._taken(self._read([key]))
                if key in shared:
                    return shared[key]
        try:
            return self._loaded(found, lambda: {key: load()})[key]
        finally:
            if locked:
                with suppress(Away):
                    self._tier.unlock(*self._address, key)

    def _loaded(self, found: Found | None, load: Callable[[], dict[str, V]]) -> dict[str, V]:
        self._namespace.count(Count.MISSES)
        self._namespace.count(Count.RECOMPUTES)
        token = primary_only.set(True)
        try:
            values = load()
        finally:
            primary_only.reset(token)
        _when_it_is_true(lambda: self._keep(found, values))
        return values

    def _keep(self, found: Found | None, values: dict[str, V]) -> None:
        there = {key: value for key, value in values.items() if value is not None}
        self._remember(there, self._until)
        seconds = self._until - time.monotonic()
        if found is not None and there and seconds > 0:
            encode = self._namespace.codec.encode
            encoded = {key: encode(value) for key, value in there.items()}
            with suppress(Away):
                self._tier.store(*self._address, encoded, found, seconds)

    def _remember(self, values: dict[str, V], until: float) -> None:
        if self.stamp.hearing or self._namespace.policy.is_security:
            for key, value in values.items():
                self._namespace.entries.put((self._scope, key), Entry(value, self.stamp, until))


def _when_it_is_true(keep: Callable[[], None]) -> None:
    """Now; in a transaction that may write, once it has committed; what a replica said, never."""
    scope, connection = current_scope.get(), connections[write_alias()]
    if scope is not None and scope.alias != write_alias():
        return
    if connection.in_atomic_block and (scope is None or not scope.read_only):
        connection.on_commit(keep, robust=True)
    else:
        keep()
