"""What happened in each namespace, counted by all processes of a machine together."""

import fcntl
import os
from collections.abc import Mapping
from enum import IntEnum

PROCESSES_MAX = 64
COUNTS = 8


class Count(IntEnum):
    PROCESS_HITS = 0
    REDIS_HITS = 1
    MISSES = 2
    RECOMPUTES = 3
    EVICTIONS = 4
    ERRORS = 5
    BUMPS = 6


def counter_words(namespaces: int) -> int:
    """How many words the counters of so many namespaces take."""
    return PROCESSES_MAX * namespaces * COUNTS


class Counters:
    """A row of words for each process, in which it alone adds; together they are the machine's."""

    def __init__(self, words: memoryview, file: int, numbers: Mapping[str, int]) -> None:
        self._words, self._file, self._numbers = words, file, numbers
        self._row_words = len(words) // PROCESSES_MAX
        self._owner, self._row = 0, 0

    def add(self, namespace: str, count: Count, number: int = 1) -> None:
        """Within a process `+=` on a word runs under the interpreter's lock, without a call."""
        if self._owner != os.getpid():
            self._owner, self._row = os.getpid(), self._claim_row()
        self._words[self._row + self._numbers[namespace] * COUNTS + count] += number

    def totals(self) -> dict[str, dict[Count, int]]:
        """Of all processes of the machine, those that ended included."""
        rows = range(0, len(self._words), self._row_words)
        return {
            name: {
                count: sum(self._words[row + number * COUNTS + count] for row in rows)
                for count in Count
            }
            for name, number in self._numbers.items()
        }

    def _claim_row(self) -> int:
        """A row that no living process has; with too many processes, one that others use too."""
        for row in range(PROCESSES_MAX):
            try:
                # Held until the process ends, and by this process alone.
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 1 + row)
            except OSError:
                continue
            return row * self._row_words
        return os.getpid() % PROCESSES_MAX * self._row_words
