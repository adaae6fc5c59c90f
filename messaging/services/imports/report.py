"""What became of a file: the tallies, and the report of every row that was not kept whole."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from core.imports import RowsReport
from messaging.services.imports.records import Fault

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


class Report(RowsReport):
    """Of the messages that were not kept, or not whole."""

    def __init__(self, path: Path, summary: Summary) -> None:
        super().__init__(path)
        self._summary = summary

    def fault(self, fault: Fault) -> None:
        if fault.outcome == "refused":
            self._summary.refused += 1
        else:
            self._summary.set_aside += 1
        self.write(fault.line, fault.reference, fault.outcome, fault.reason, fault.text)

    def note(self, line: int, reference: str, reason: str) -> None:
        """A message that was kept, without something of it."""
        self._summary.noted += 1
        self.write(line, reference, "kept", reason, "")

    def write(self, line: int, reference: str, outcome: str, reason: str, text: str) -> None:
        shown = text[:TEXT_LENGTH_MAX].rstrip("\r\n").replace("\0", "\\0")
        super().write(line, reference, outcome, reason, shown)
