"""A namespace of cached values: `get` what is still true, `bump` what no longer is."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from django.conf import settings

from core.cache.board import Board
from core.cache.counters import Count
from core.cache.flights import Flights
from core.cache.policy import Policy
from core.cache.process_tier import Entry, ProcessTier, Stamp
from core.cache.recall import Recall
from core.cache.runtime import Runtime, runtime
from core.json import dumps
from core.tenancy.scope import current_scope

V = TypeVar("V")
Scope = UUID | str


@dataclass(frozen=True, slots=True)
class Codec(Generic[V]):
    """How a value is written in Redis. JSON where nothing else is said; never pickle."""

    encode: Callable[[V], bytes] = dumps
    decode: Callable[[bytes], V] = orjson.loads


class Namespace(Generic[V]):
    """Values by scope (a tenant, or a token) and key. Declared once, by the app it is about.

    None is never kept: who is not found today may be there tomorrow.
    """

    def __init__(self, name: str, codec: Codec[V] | None = None) -> None:
        self.name = name
        self.codec: Codec[V] = codec or Codec()
        self._flights: Flights[V] = Flights()

    def get(self, scope: Scope, key: str, load: Callable[[], V]) -> V:
        """The value of `key`, from memory, from Redis, or by `load`, which asks the database.

        Within a transaction that has bumped this namespace it is `load` that is asked.
        """
        transaction = current_scope.get()
        if transaction is not None and self.name in transaction.bumped:
            return load()
        entry = self.entries.get((scope, key))
        if entry is not None and self._is_current(entry):
            self.count(Count.PROCESS_HITS)
            return entry.value
        recall = self._recall(scope)
        if transaction is not None and not transaction.read_only:
            return recall.one(key, load)  # it may see what others must not see yet
        return self._flights.join((scope, key), recall.stamp, lambda: recall.one(key, load))

    def get_many(
        self, scope: Scope, keys: Iterable[str], load: Callable[[list[str]], dict[str, V]]
    ) -> dict[str, V]:
        """Those of `keys` that exist. `load` is given the ones that are not remembered.

        What it returns beyond them is remembered as well. Nobody waits for another who
        asks the same: most who ask are in transactions that write.
        """
        wanted = list(dict.fromkeys(keys))
        transaction = current_scope.get()
        if transaction is not None and self.name in transaction.bumped:
            return load(wanted)
        values, missing = {}, []
        for key in wanted:
            entry = self.entries.get((scope, key))
            if entry is not None and self._is_current(entry):
                values[key] = entry.value
            else:
                missing.append(key)
        if values:
            self.count(Count.PROCESS_HITS, len(values))
        return values | self._recall(scope).many(missing, load) if missing else values

    def bump(self, *scopes: Scope) -> None:
        """Once the open transaction commits, nobody reads what was cached of these before."""
        if scopes:
            self.runtime.bump([(self.name, str(scope)) for scope in scopes])

    def count(self, count: Count, number: int = 1) -> None:
        self.board.counters.add(self.name, count, number)

    @cached_property
    def policy(self) -> Policy:
        policy: Policy = settings.CACHE_NAMESPACES[self.name]
        return policy

    @cached_property
    def runtime(self) -> Runtime:
        return runtime()

    @cached_property
    def board(self) -> Board:
        return self.runtime.board

    @cached_property
    def entries(self) -> ProcessTier:
        return ProcessTier(self.policy.size, lambda: self.count(Count.EVICTIONS))

    def _is_current(self, entry: Entry) -> bool:
        versions, stamp = self.board.versions, entry.stamp
        return (
            versions[stamp.slot] == stamp.version
            and versions[stamp.slot_of_all] == stamp.version_of_all
            and time.monotonic() < entry.believed_until
            and (stamp.hearing == self.runtime.listener.hearing or self.policy.is_security)
        )

    def _recall(self, scope: Scope) -> Recall[V]:
        """What is read from now on is as good as the versions are now."""
        self.runtime.listener.ensure()
        board = self.board
        slot, slot_of_all = board.slot(self.name, str(scope)), board.slot_of_all(self.name)
        stamp = Stamp(
            slot,
            board.versions[slot],
            slot_of_all,
            board.versions[slot_of_all],
            self.runtime.listener.hearing,
        )
        return Recall(self, scope, stamp)


def bump(scope: Scope, *namespaces: Namespace[Any]) -> None:
    """The same for one scope of several namespaces, in one statement."""
    if namespaces:
        runtime().bump([(namespace.name, str(scope)) for namespace in namespaces])
