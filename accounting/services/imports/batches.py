"""Chunks, and what to do when one is refused: each is one command, whole or not at all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from core.errors import DomainError
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_cursor

#: Small enough to lock a company's number series for well under a second, large enough
#: that what each chunk costs by itself does not count.
RECORDS_MAX = 500
LINES_MAX = 5_000
REPLANNED_CHUNKS = 16


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


def replan_when_grown(ctx: Context, chunk_number: int) -> None:
    """Let the database plan again after each of the first chunks, then after 32, 64, 128 ...

    A connection keeps the plans it made when the tables were empty, those of the
    foreign keys included, and on an empty table every index looks as good as the
    right one. Statistics cure that after a minute; by then an import could have
    written a million lines, and does so at a quarter of the speed.
    """
    if chunk_number <= REPLANNED_CHUNKS or chunk_number & (chunk_number - 1) == 0:
        _forget_plans(ctx)


@command
def _forget_plans(ctx: Context) -> None:
    with tenant_cursor() as cursor:
        cursor.execute("DISCARD PLANS")


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
