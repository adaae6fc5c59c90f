"""CSV files as rows with line numbers, read as a stream, `.csv` or `.csv.gz`.

What cannot be read is a value like any other (`Unreadable`), so that the
reader goes on after it.
"""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from io import TextIOWrapper
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from core.imports import SourceUnusable


class Row(NamedTuple):
    """The wanted cells, in the order they were asked for; `line` counts from 1."""

    line: int
    cells: tuple[str, ...]


class Unreadable(NamedTuple):
    """A stretch of the file that is no row. `keys` are the records that it may belong to."""

    line: int
    text: str
    reason: str
    keys: frozenset[str]


class Source:
    """One file, open. The first of `columns` names the record that a row belongs to.

    `optional` columns that it lacks read as empty cells.
    Raises SourceUnusable when it is missing, is no CSV or lacks a column.
    """

    def __init__(self, path: Path, columns: Sequence[str], *, optional: Sequence[str] = ()) -> None:
        self.path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise SourceUnusable(f"{path}: {error.strerror}.") from error
        self.bytes_total = path.stat().st_size
        content = gzip.GzipFile(fileobj=self._file) if path.suffix == ".gz" else self._file
        # A byte that is no UTF-8 becomes a lone surrogate, which `_fault` finds.
        self._text = TextIOWrapper(
            content,
            encoding="utf-8-sig",
            errors="surrogateescape",
            newline="",
        )
        self._taken: list[str] = []
        self._reader = csv.reader(self._remembered(), strict=True)
        try:
            self._header = self._read_header()
            self._require(columns)
        except SourceUnusable:
            self._file.close()
            raise
        self._key = self._header.index(columns[0])
        names = (*columns, *optional)
        self._lacks_some = any(name not in self._header for name in names)
        self._wanted = _picker([self._position(name) for name in names])

    def __enter__(self) -> "Source":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._text.close()
        self._file.close()

    @property
    def bytes_read(self) -> int:
        """Of the file as stored, so that it can be compared with its size."""
        return 0 if self._file.closed else self._file.tell()

    def rows(self) -> Iterator[Row | Unreadable]:
        """Every row after the header, blank lines left out."""
        reader, taken, wanted, padded = self._reader, self._taken, self._wanted, self._lacks_some
        width = len(self._header)
        while True:
            line = reader.line_num + 1
            taken.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._unreadable(line, f"not CSV: {error}")
                continue
            fault = _fault(cells, width)
            if fault:
                yield self._unreadable(line, fault)
            elif cells:
                if padded:
                    cells.append("")
                yield Row(line, wanted(cells))

    def _read_header(self) -> list[str]:
        try:
            return next(self._reader)
        except StopIteration:
            raise SourceUnusable(f"{self.path} is empty.") from None
        except csv.Error as error:
            raise SourceUnusable(f"{self.path} is not CSV: {error}.") from error

    def _require(self, columns: Sequence[str]) -> None:
        missing = [name for name in columns if name not in self._header]
        if missing:
            raise SourceUnusable(
                f"{self.path} lacks {', '.join(missing)}; its columns are {self._header}."
            )

    def _position(self, name: str) -> int:
        """Which cell of a row; the one after the last for a column that the file lacks."""
        return self._header.index(name) if name in self._header else len(self._header)

    def _remembered(self) -> Iterator[str]:
        """The lines, each kept until its row is read, to report it as it stands."""
        try:
            for line in self._text:
                self._taken.append(line)
                yield line
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise SourceUnusable(f"{self.path} is damaged: {error}.") from error

    def _unreadable(self, line: int, reason: str) -> Unreadable:
        """A stray quote can swallow lines of several records: each is named."""
        keys = {text.split(",")[self._key] for text in self._taken if text.count(",") >= self._key}
        last = line + len(self._taken) - 1
        stretch = f" (lines {line} to {last})" if last > line else ""
        return Unreadable(line, "".join(self._taken), reason + stretch, frozenset(keys))


def _picker(positions: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Takes the cells at these positions."""
    if len(positions) == 1:
        return lambda cells: (cells[positions[0]],)  # where itemgetter gives no tuple
    return itemgetter(*positions)


def _fault(cells: Sequence[str], width: int) -> str:
    """Why these cells are no row, or an empty string."""
    if len(cells) != width:
        return f"{len(cells)} columns instead of {width}" if cells else ""
    text = "".join(cells)
    if text.isascii():
        return "holds a NUL character" if "\0" in text else ""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "not UTF-8"
    return "holds a NUL character" if "\0" in text else ""
