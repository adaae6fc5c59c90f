"""What imports of files share: a file that is of no use, and the report of what was not kept."""

import csv
from pathlib import Path
from types import TracebackType
from typing import Self

from core.errors import Invalid

COLUMNS = ("line", "reference", "outcome", "reason", "row")


class SourceUnusable(Invalid):
    """The source as a whole cannot be imported; what was written before it ended stays."""


class RowsReport:
    """A CSV of the rows that were not kept, or not whole; base of each import's own.

    A file of the same name is replaced, so that it always tells of the last run.
    """

    #: What becomes of bytes that were no text: `surrogateescape` writes them as they were.
    errors = "backslashreplace"

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("w", encoding="utf-8", errors=self.errors, newline="")
        except OSError as error:
            raise SourceUnusable(f"The report {path}: {error.strerror}.") from error
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(COLUMNS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, line: int, reference: str, outcome: str, reason: str, text: str) -> None:
        self._writer.writerow((line, reference, outcome, reason, text))
