"""What became of a file: the tallies, and the report of every row that was not booked."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Protocol

from accounting.services.imports.sources import Row, Unreadable
from core.imports import RowsReport

#: Told (bytes of the file read so far, its lines so far).
Progress = Callable[[int, int], None]


def no_progress(bytes_read: int, lines: int) -> None:
    """For callers that show none."""


class Record(Protocol):
    """What rows become: an invoice, a transaction."""

    @property
    def reference(self) -> str: ...

    @property
    def rows(self) -> Sequence[Row]: ...


class Refused(Exception):
    """A record that is not booked: reasons by line number, and one for its other lines."""

    def __init__(self, faults: dict[int, str], otherwise: str) -> None:
        super().__init__(otherwise)
        self.faults, self.otherwise = faults, otherwise


@dataclass(slots=True)
class Tally:
    """So many records (documents, transactions, accounts), and the lines they have."""

    records: int = 0
    lines: int = 0
    amount: Decimal = Decimal(0)

    def add(self, lines: int, amount: Decimal = Decimal(0)) -> None:
        self.records += 1
        self.lines += lines
        self.amount += amount


@dataclass(slots=True)
class Summary:
    """Where the rows of a file went. Amounts have the sign that they have in the file.

    `booked` is by kind, such as `invoice` or `journal`. `known` was booked by an
    earlier run. `rounded_lines` of what was booked were not in whole minor units;
    `rounding` is how much more was booked than they say.
    """

    booked: dict[str, Tally] = field(default_factory=dict)
    known: Tally = field(default_factory=Tally)
    set_aside: Tally = field(default_factory=Tally)
    refused: Tally = field(default_factory=Tally)
    created: dict[str, int] = field(default_factory=dict)
    rounded_lines: int = 0
    rounding: Decimal = Decimal(0)
    seconds: float = 0.0

    def book(self, kind: str, lines: int, amount: Decimal = Decimal(0)) -> None:
        self.booked.setdefault(kind, Tally()).add(lines, amount)

    @property
    def booked_lines(self) -> int:
        return sum(tally.lines for tally in self.booked.values())

    @property
    def booked_amount(self) -> Decimal:
        return sum((tally.amount for tally in self.booked.values()), Decimal(0))

    @property
    def lines(self) -> int:
        """Every row of the file, blank lines and the header left out."""
        rest = (self.known, self.set_aside, self.refused)
        return self.booked_lines + sum(tally.lines for tally in rest)

    @property
    def lines_per_second(self) -> float:
        return self.lines / self.seconds if self.seconds else 0.0


class Report(RowsReport):
    """Of the rows that were refused or set aside."""

    errors = "surrogateescape"

    def __init__(self, path: Path, summary: Summary) -> None:
        super().__init__(path)
        self._summary = summary

    def refuse_stretch(self, stretch: Unreadable) -> None:
        """What was no row at all."""
        self._summary.refused.add(1)
        keys = " ".join(sorted(stretch.keys))
        self.write(stretch.line, keys, "refused", stretch.reason, stretch.text.rstrip("\r\n"))

    def refuse(self, key: str, rows: Iterable[Row], refused: Refused) -> None:
        """A record, whole: the lines at fault, and the others for their sake."""
        rows = list(rows)
        self._summary.refused.add(len(rows))
        for row in rows:
            reason = refused.faults.get(row.line, refused.otherwise)
            self.write(row.line, key, "refused", reason, _text_of(row))

    def refuse_record(self, record: Record, reason: str) -> None:
        """A record that could be read, and not be booked."""
        self.refuse(record.reference, record.rows, Refused({}, reason))

    def set_aside(self, key: str, rows: Iterable[Row], reason: str) -> None:
        """A record that means something, but nothing for the books."""
        rows = list(rows)
        self._summary.set_aside.add(len(rows))
        for row in rows:
            self.write(row.line, key, "set aside", reason, _text_of(row))


def _text_of(row: Row) -> str:
    """The cells as CSV again, in the order in which the import reads them."""
    text = StringIO()
    csv.writer(text, lineterminator="").writerow(row.cells)
    return text.getvalue()
