"""Chunks, and what to do when one is refused: each is one command, whole or not at all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from core.errors import DomainError

#: Small enough to lock a company's number series for well under a second, large enough
#: that what each chunk costs by itself does not count.
RECORDS_MAX = 500
LINES_MAX = 5_000


class Record(Protocol):
    """What a chunk is made of."""

    @property
    def rows(self) -> Sequence[object]: ...


R = TypeVar("R", bound=Record)
T = TypeVar("T")


def chunks(records: Iterable[R]) -> Iterator[list[R]]:
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


def book_or_refuse(
    chunk: Sequence[R], book: Callable[[Sequence[R]], T], refuse: Callable[[R, str], None]
) -> Iterator[T]:
    """Book a chunk; when it is refused, its halves, down to the records at fault.

    Only a rule that the records break makes one of them refused. A database that
    is gone or overloaded ends the import, which another run continues.
    """
    try:
        booked = book(chunk)
    except DomainError as error:
        if error.status >= 500:
            raise
        if len(chunk) == 1:
            refuse(chunk[0], error.message)
            return
        middle = len(chunk) // 2
        yield from book_or_refuse(chunk[:middle], book, refuse)
        yield from book_or_refuse(chunk[middle:], book, refuse)
    else:
        yield booked
