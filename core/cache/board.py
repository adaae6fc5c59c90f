"""The board: versions and counters in memory that all processes of a machine share.

A bump is seen by every process of the machine at once, without a message, a
thread or Redis. Redis only has to tell the other machines.
"""

import fcntl
import mmap
import os
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.cache.counters import Counters, counter_words

WORD = 8
#: Changed whenever the words mean something else.
LAYOUT = "1"
HEADER, NAMESPACES_MAX, SCOPES = 8, 64, 65_536
BOARD_ID, LOST, CAUGHT_UP = 0, 1, 2
VERSIONS_END = HEADER + NAMESPACES_MAX + SCOPES
WORDS = VERSIONS_END + counter_words(NAMESPACES_MAX)


class Board:
    """64-bit words: a header, a version per namespace and scope, then the counters.

    Two scopes may share a slot; then a bump of one makes the other compute anew.
    """

    def __init__(self, path: Path, namespaces: Sequence[str]) -> None:
        if len(namespaces) > NAMESPACES_MAX:
            raise ValueError(f"At most {NAMESPACES_MAX} namespaces fit.")
        self._numbers = {name: number for number, name in enumerate(namespaces)}
        self.path = path
        self._file = _opened(path)
        self._writing = threading.Lock()
        with self._alone():
            if os.fstat(self._file).st_size < WORDS * WORD:
                os.ftruncate(self._file, WORDS * WORD)
            self.words = memoryview(mmap.mmap(self._file, WORDS * WORD)).cast("Q")
            if self.words[BOARD_ID] == 0:
                self.words[BOARD_ID] = int.from_bytes(os.urandom(WORD))
        self.versions = self.words[HEADER:VERSIONS_END]
        self.counters = Counters(self.words[VERSIONS_END:], self._file, self._numbers)

    @property
    def id(self) -> int:
        return int(self.words[BOARD_ID])

    def knows(self, namespace: str) -> bool:
        """Another release may send bumps of namespaces that this one does not have."""
        return namespace in self._numbers

    def slot_of_all(self, namespace: str) -> int:
        """The slot that voids everything of a namespace."""
        return self._numbers[namespace]

    def slot(self, namespace: str, scope: str) -> int:
        return NAMESPACES_MAX + zlib.crc32(f"{namespace} {scope}".encode()) % SCOPES

    def bump(self, slots: Sequence[int]) -> None:
        """Raise these versions. Alone, so that a version never goes back to what it was."""
        with self._alone():
            for slot in slots:
                self.versions[slot] += 1

    @property
    def is_behind(self) -> bool:
        """Whether Redis has not heard yet of a bump that this machine has seen."""
        return bool(self.words[LOST] != self.words[CAUGHT_UP])

    @property
    def lost(self) -> int:
        """How many bumps did not reach Redis at once."""
        return int(self.words[LOST])

    def lose(self) -> None:
        """One more: from now on nobody here believes Redis, until somebody has caught up."""
        with self._alone():
            self.words[LOST] += 1

    def catch_up(self, lost: int) -> None:
        """Redis has heard of everything that was lost when `lost` was read."""
        with self._alone():
            self.words[CAUGHT_UP] = max(self.words[CAUGHT_UP], lost)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._writing:
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1, 0)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, 0)


def _opened(path: Path) -> int:
    """The board's file, made if need be. Who else could write it could keep what was revoked."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    status = os.fstat(file)
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        os.close(file)
        raise PermissionError(f"{path} belongs to another user, or others may open it.")
    return file
