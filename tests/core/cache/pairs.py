"""Processes of the write-then-read test: `python -m tests.core.cache.pairs JOB`.

Each writes a rising number into one of a company's contacts, says so in memory that all
processes share, and reads contacts: none may be older than what had been said before.
A job that does not write reads for some seconds.

They are children of one that has loaded the system, which takes longer than their work. Each is
told to go on by a byte, and answers with a line.
"""

import fcntl
import itertools
import json
import mmap
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import django

WORD = 8
#: Times of answers that are remembered for each contact.
RING = 4_096


class Answered:
    """For each contact the last number whose write was answered, and when each one was."""

    def __init__(self, path: Path, contacts: int) -> None:
        self._file = path.open("r+b")
        size = size_of(contacts)
        self._numbers = memoryview(mmap.mmap(self._file.fileno(), size)).cast("Q")
        self._contacts = contacts

    @contextmanager
    def writing(self, contact: int) -> Iterator[int]:
        """Alone with this contact; yields its next number, which is answered at the end."""
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, contact)
        try:
            number = self._numbers[contact] + 1
            yield number
            self._numbers[self._place(contact, number)] = time.monotonic_ns()
            self._numbers[contact] = number
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, contact)

    def last(self, contact: int) -> int:
        return int(self._numbers[contact])

    def at(self, contact: int, number: int) -> float:
        """When this number was answered: since then what was before it is old."""
        return self._numbers[self._place(contact, number)] / 1e9

    def _place(self, contact: int, number: int) -> int:
        return self._contacts + contact * RING + number % RING


def size_of(contacts: int) -> int:
    return contacts * (1 + RING) * WORD


def main() -> None:
    job: dict[str, Any] = json.loads(sys.argv[1])
    django.setup()
    import accounting.selectors.facts
    import accounting.services.reference  # noqa: F401  before there are children

    children = []
    for _ in range(job["processes"]):
        child = os.fork()
        if child == 0:
            random.seed()
            write_and_read(job)
            return
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def told_to_go_on() -> None:
    os.read(sys.stdin.fileno(), 1)


def say(text: str) -> None:
    """In one piece: the others say something as well."""
    os.write(sys.stdout.fileno(), f"{text}\n".encode())


def write_and_read(job: dict[str, Any]) -> None:
    from accounting.selectors.facts import facts_get
    from accounting.services.reference import contact_update
    from core.tenancy.context import Context

    contacts = [UUID(contact) for contact in job["contacts"]]
    answered = Answered(Path(job["answered"]), len(contacts))
    ctx = Context(UUID(job["tenant"]), UUID(job["actor"]), datetime.now(UTC), "pairs")

    def read(contact: int) -> int:
        key = contacts[contact]
        return int(facts_get(ctx, kind="invoice", contacts=[key]).contacts[key].name)

    say("ready")
    told_to_go_on()
    older, worst, reads = 0, 0.0, 0
    deadline = time.monotonic() + job["seconds"]
    for turn in itertools.count():
        if turn >= job["pairs"] if job["writes"] else time.monotonic() > deadline:
            break
        written, other = random.randrange(len(contacts)), random.randrange(len(contacts))
        if job["writes"]:
            with answered.writing(written) as number:
                contact_update(ctx, contact_id=contacts[written], values={"name": str(number)})
        for contact in (written, other):
            least = answered.last(contact)
            began, reads = time.monotonic(), reads + 1
            found = read(contact)
            if found < least:
                older += 1
                worst = max(worst, began - answered.at(contact, found + 1))
    say(json.dumps({"older": older, "worst": worst, "reads": reads}))
    told_to_go_on()
    # What everybody had answered at the end, read until it is all there.
    began = time.monotonic()
    while any(read(c) < answered.last(c) for c in range(len(contacts))):
        time.sleep(0.005)
        assert time.monotonic() - began < 20
    say(json.dumps({"settled": time.monotonic() - began}))


if __name__ == "__main__":
    main()
