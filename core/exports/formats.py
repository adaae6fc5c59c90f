"""Rows as lines of a part, and parts as a file.

A part of a CSV is a piece of the file. A workbook cannot be continued, so its parts hold
typed cells, one row a line, of which the workbook is made in one go at the end.
"""

import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Protocol

import orjson
import xlsxwriter

from core.api.csv_stream import cell_text, csv_line
from core.exports.models import ExportFormat
from core.json import plain

Row = dict[str, Any]
#: A spreadsheet counts in floats, which are exact so far.
EXACT_DIGITS = 15
XLSX_ROWS_MAX = 1_048_575
XLSX_TEXT_MAX = 32_767
#: Days before it are none in a spreadsheet.
XLSX_FIRST_DAY = date(1900, 3, 1)


class Format(Protocol):
    media_type: str
    rows_max: int | None

    def line(self, row: Row, columns: Sequence[str]) -> bytes:
        """One row of a part."""

    def assemble(self, target: Path, columns: Sequence[str], parts: Iterable[IO[bytes]]) -> None:
        """The whole file."""


class CsvFormat:
    media_type = "text/csv; charset=utf-8"
    rows_max = None

    def line(self, row: Row, columns: Sequence[str]) -> bytes:
        return csv_line(cell_text(row.get(column)) for column in columns).encode()

    def assemble(self, target: Path, columns: Sequence[str], parts: Iterable[IO[bytes]]) -> None:
        with target.open("wb") as file:
            file.write(csv_line(columns).encode())
            for part in parts:
                shutil.copyfileobj(part, file)


class XlsxFormat:
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    rows_max = XLSX_ROWS_MAX

    def line(self, row: Row, columns: Sequence[str]) -> bytes:
        return orjson.dumps([typed(row.get(column)) for column in columns]) + b"\n"

    def assemble(self, target: Path, columns: Sequence[str], parts: Iterable[IO[bytes]]) -> None:
        options = {"constant_memory": True, "tmpdir": str(target.parent)}
        book = xlsxwriter.Workbook(str(target), options)
        sheet = _Sheet(book)
        sheet.head(columns)
        for number, line in enumerate((line for part in parts for line in part), start=1):
            sheet.row(number, orjson.loads(line))
        book.close()


class _Sheet:
    """One worksheet, written row by row and never looked back at."""

    def __init__(self, book: Any) -> None:
        self._sheet = book.add_worksheet()
        self._bold = book.add_format({"bold": True})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._book = book
        self._numbers: dict[int, Any] = {}

    def head(self, columns: Sequence[str]) -> None:
        self._sheet.freeze_panes(1, 0)
        for column, name in enumerate(columns):
            self._sheet.write_string(0, column, name, self._bold)

    def row(self, number: int, cells: Sequence[str | None]) -> None:
        for column, cell in enumerate(cells):
            if cell is not None:
                self._cell(number, column, cell[0], cell[1:])

    def _cell(self, row: int, column: int, kind: str, text: str) -> None:
        sheet = self._sheet
        match kind:
            case "n":
                sheet.write_number(row, column, float(text), self._digits(text))
            case "d":
                sheet.write_datetime(row, column, date.fromisoformat(text), self._day)
            case "t":
                sheet.write_datetime(row, column, datetime.fromisoformat(text), self._moment)
            case "b":
                sheet.write_boolean(row, column, text == "1")
            case _:
                sheet.write_string(row, column, text)

    def _digits(self, text: str) -> Any:
        """As many behind the point as it was written with."""
        count = len(text.partition(".")[2])
        if count not in self._numbers:
            pattern = f"0.{'0' * count}" if count else "0"
            self._numbers[count] = self._book.add_format({"num_format": pattern})
        return self._numbers[count]


def typed(value: Any) -> str | None:
    """A cell and its kind: number, day, time, truth or text; what is no exact number is text."""
    if value is None:
        return None
    if isinstance(value, bool):
        return f"b{int(value)}"
    if isinstance(value, int | Decimal):
        text = plain(Decimal(value))
        return f"n{text}" if _is_exact(text) else f"s{text}"
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None)
        return (
            f"t{moment.isoformat()}" if moment.date() >= XLSX_FIRST_DAY else f"s{cell_text(value)}"
        )
    if isinstance(value, date):
        return f"d{value.isoformat()}" if value >= XLSX_FIRST_DAY else f"s{value.isoformat()}"
    return f"s{_cut(str(cell_text(value)))}"


def _is_exact(text: str) -> bool:
    digits = text.lstrip("-").replace(".", "").lstrip("0")
    return len(digits) <= EXACT_DIGITS


def _cut(text: str) -> str:
    """A cell holds no more; that something is missing is shown."""
    return text if len(text) <= XLSX_TEXT_MAX else f"{text[: XLSX_TEXT_MAX - 1]}…"


FORMATS: dict[str, Format] = {ExportFormat.CSV: CsvFormat(), ExportFormat.XLSX: XlsxFormat()}
