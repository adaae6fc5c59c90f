"""Single flight: of many threads that miss the same value at once, one computes it."""

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

V = TypeVar("V")
#: Longer than any statement may take; who waited that long computes for himself.
WAIT_SECONDS_MAX = 6.0
#: An older flight may bring what is older than anybody is prepared to believe.
YOUNG_SECONDS = 1.0


class _Flight:
    def __init__(self, stamp: Any) -> None:
        self.stamp = stamp
        self.left_at = time.monotonic()
        self.pilot = threading.get_ident()
        self.landed = threading.Event()
        self.result: list[Any] = []

    @property
    def is_old(self) -> bool:
        return time.monotonic() - self.left_at > YOUNG_SECONDS


class Flights(Generic[V]):
    def __init__(self) -> None:
        self._flying: dict[Any, _Flight] = {}
        self._lock = threading.Lock()

    def join(self, key: Any, stamp: Any, compute: Callable[[], V]) -> V:
        """The result of the flight for `key` that is under way, or of a new one.

        Only of one that left under the same stamp: a change was answered since
        then otherwise, and its result may be older. Where it fails, each who
        waited computes for himself and gets an error of his own.
        """
        with self._lock:
            flight = self._flying.get(key)
            is_ours = flight is None or flight.stamp != stamp or flight.is_old
            if is_ours:
                flight = self._flying[key] = _Flight(stamp)
        assert flight is not None
        if is_ours:
            return self._fly(key, flight, compute)
        if flight.pilot != threading.get_ident():
            flight.landed.wait(WAIT_SECONDS_MAX)
        result: V = flight.result[0] if flight.result else compute()
        return result

    def _fly(self, key: Any, flight: _Flight, compute: Callable[[], V]) -> V:
        try:
            result = compute()
            flight.result.append(result)
            return result
        finally:
            with self._lock:
                if self._flying.get(key) is flight:
                    del self._flying[key]
            flight.landed.set()
