"""Chunks, and what to do when one is refused: each is one command, whole or not at all."""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from accounting.services.imports.report import Record
from core.errors import DomainError

#: Small enough to lock a company's number series for well under a second, large enough
#: that what each chunk costs by itself does not count.
RECORDS_MAX = 500
LINES_MAX = 5_000


R = TypeVar("R", bound=Record)
T = TypeVar("T")


def _chunks(records: Iterable[R]) -> Iterator[list[R]]:
    """Records in order, at most RECORDS_MAX at once and about LINES_MAX lines."""
    chunk: list[R] = []
    lines = 0
    for record in records:
        chunk.append(record)
        lines += len(record.rows)
        if len(chunk) == RECORDS_MAX or lines >= LINES_MAX:
            yield chunk
            chunk, lines = [], 0
    if chunk:
        yield chunk


@dataclass(frozen=True, slots=True)
class Steps(Generic[R, T]):
    """What an import does with a chunk, with a record at fault, and with what was booked."""

    book: Callable[[Sequence[R]], T]
    refuse: Callable[[R, str], None]
    count: Callable[[T], None]


def book_in_chunks(
    records: Iterable[R], steps: Steps[R, T], after_chunk: Callable[[], None]
) -> None:
    """Every record through `steps`; `after_chunk` tells of the progress."""
    with _rare_collections():
        for chunk in _chunks(records):
            for booked in _book_or_refuse(chunk, steps):
                steps.count(booked)
            after_chunk()


@contextmanager
def _rare_collections() -> Iterator[None]:
    """An import makes millions of objects and hardly a cycle among them.

    Looking for cycles as often as usual was a third of its time in Python.
    """
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 20, 10)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _book_or_refuse(chunk: Sequence[R], steps: Steps[R, T]) -> Iterator[T]:
    """Book a chunk; when it is refused, its halves, down to the records at fault.

    Only a rule that the records break makes one of them refused. A database that
    is gone or overloaded ends the import, which another run continues.
    """
    try:
        booked = steps.book(chunk)
    except DomainError as error:
        if error.status >= 500:
            raise
        if len(chunk) == 1:
            steps.refuse(chunk[0], error.message)
            return
        middle = len(chunk) // 2
        yield from _book_or_refuse(chunk[:middle], steps)
        yield from _book_or_refuse(chunk[middle:], steps)
    else:
        yield booked
