"""What happens when the process does not remember: ask Redis, else compute, and keep both."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import connections

from core.cache.board import Count
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
    """One value that was missed. `stamp` was read first: what is kept is as good as that."""

    def __init__(
        self,
        namespace: "Namespace[V]",
        scope: "Scope",
        key: str,
        stamp: Stamp,
        load: Callable[[], V],
    ) -> None:
        self._namespace, self._scope, self._key = namespace, scope, key
        self._address = (namespace.name, str(scope), key)
        self._load = load
        self.stamp = stamp
        spread = 1 - JITTER * random.random()  # noqa: S311
        self._seconds = namespace.policy.believed_seconds * spread

    def value(self) -> V:
        try:
            found = self._read()
        except Away:
            return self._loaded(None)
        if self._key in found.values:
            return self._hit(found)
        # Security data is rechecked all the time and cheap; a lock would cost more than it saves.
        if self._namespace.policy.is_security:
            return self._loaded(found)
        return self._loaded_by_one(found)

    @cached_property
    def _tier(self) -> Any:
        return self._namespace.runtime.tier

    def _read(self) -> Found:
        if self._namespace.board.is_behind:
            raise Away
        policy, (name, scope, key) = self._namespace.policy, self._address
        stored_seconds = policy.believed_seconds if policy.is_security else None
        found: Found = self._tier.read(name, scope, [key], stored_seconds)
        return found

    def _hit(self, found: Found) -> V:
        self._namespace.count(Count.REDIS_HITS)
        value = self._namespace.codec.decode(found.values[self._key])
        self._remember(value, self._seconds - found.age_seconds)
        return value

    def _loaded_by_one(self, found: Found) -> V:
        """Load, unless another process is about to. The lock is short; nothing depends on it."""
        locked = False
        with suppress(Away):
            locked = self._tier.lock(*self._address)
            deadline = time.monotonic() + LOCK_WAIT_SECONDS
            while not locked and time.monotonic() < deadline:
                time.sleep(LOCK_POLL_SECONDS)
                found = self._read()
                if self._key in found.values:
                    return self._hit(found)
        try:
            return self._loaded(found)
        finally:
            if locked:
                with suppress(Away):
                    self._tier.unlock(*self._address)

    def _loaded(self, found: Found | None) -> V:
        """Compute; keep it in both tiers, or without Redis (no `found`) in the process."""
        self._namespace.count(Count.MISSES)
        value = self._computed()

        def keep() -> None:
            self._remember(value, self._seconds)
            if found is not None:
                with suppress(Away):
                    self._share(value, found)

        if value is not None:
            _when_it_is_true(keep)
        return value

    def _computed(self) -> V:
        self._namespace.count(Count.RECOMPUTES)
        token = primary_only.set(True)
        try:
            return self._load()
        finally:
            primary_only.reset(token)

    def _remember(self, value: V, seconds: float) -> None:
        if self.stamp.hearing or self._namespace.policy.is_security:
            until = time.monotonic() + seconds
            self._namespace.entries.put((self._scope, self._key), Entry(value, self.stamp, until))

    def _share(self, value: V, found: Found) -> None:
        name, scope, key = self._address
        encoded = self._namespace.codec.encode(value)
        self._tier.store(name, scope, {key: encoded}, found, self._seconds)


def _when_it_is_true(keep: Callable[[], None]) -> None:
    """Now; in a transaction that may write, once it has committed; what a replica said, never."""
    scope, connection = current_scope.get(), connections[write_alias()]
    if scope is not None and scope.alias != write_alias():
        return
    if connection.in_atomic_block and (scope is None or not scope.read_only):
        connection.on_commit(keep, robust=True)
    else:
        keep()
