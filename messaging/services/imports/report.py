"""What became of a file: the tallies, and the report of every row that was not kept whole.

The report has the columns of the other imports' reports: line, reference, outcome,
reason, row.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from messaging.services.imports.records import Fault, SourceUnusable

COLUMNS = ("line", "reference", "outcome", "reason", "row")
TEXT_LENGTH_MAX = 2_000
#: Told (what is being done, how much of it, of how much in all or 0).
Progress = Callable[[str, int, int], None]


def no_progress(step: str, done: int, total: int) -> None:
    """For callers that show none."""


@dataclass(slots=True)
class Summary:
    """Where the messages of a file went: each is in one of the first four."""

    added: int = 0
    known: int = 0
    set_aside: int = 0
    refused: int = 0
    #: Messages that were kept without something, such as a reaction that is no emoji.
    noted: int = 0
    created: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    #: Of them, those that reading the file took.
    seconds_reading: float = 0.0

    @property
    def messages(self) -> int:
        return self.added + self.known + self.set_aside + self.refused

    @property
    def messages_per_second(self) -> float:
        return self.messages / self.seconds if self.seconds else 0.0

    def create(self, what: str, count: int) -> None:
        if count:
            self.created[what] = self.created.get(what, 0) + count


class Report:
    """A CSV. A file of the same name is replaced, so that it always tells of the last run."""

    def __init__(self, path: Path, summary: Summary) -> None:
        self._summary = summary
        try:
            self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        except OSError as error:
            raise SourceUnusable(f"The report {path}: {error.strerror}.") from error
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(COLUMNS)

    def __enter__(self) -> "Report":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def fault(self, fault: Fault) -> None:
        if fault.outcome == "refused":
            self._summary.refused += 1
        else:
            self._summary.set_aside += 1
        self._write(fault.line, fault.reference, fault.outcome, fault.reason, fault.text)

    def note(self, line: int, reference: str, reason: str) -> None:
        """A message that was kept, without something of it."""
        self._summary.noted += 1
        self._write(line, reference, "kept", reason, "")

    def _write(self, line: int, reference: str, outcome: str, reason: str, text: str) -> None:
        shown = text[:TEXT_LENGTH_MAX].rstrip("\r\n").replace("\0", "\\0")
        self._writer.writerow((line, reference, outcome, reason, shown))
