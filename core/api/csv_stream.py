"""Rows as CSV, line by line, so that a long list never lies in memory."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from core.json import dumps, plain

#: A spreadsheet would run a cell that starts with one of these.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    def write(self, line: str) -> str:
        return line


_writer = csv.writer(_Echo())


def shown_columns(columns: Iterable[str], fields: frozenset[str]) -> list[str]:
    """Those of `columns` that are in `fields`, if any are."""
    return [name for name in columns if not fields or name in fields]


def csv_lines(
    rows: Iterable[dict[str, Any]], columns: Iterable[str], fields: frozenset[str]
) -> Iterator[str]:
    """A header and one line per row."""
    shown = shown_columns(columns, fields)
    yield csv_line(shown)
    for row in rows:
        yield csv_line(cell_text(row.get(column)) for column in shown)


def csv_line(cells: Iterable[Any]) -> str:
    line: str = _writer.writerow(cells)
    return line


def cell_text(value: Any) -> Any:
    """What a value looks like in a cell; never like a formula."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    text = dumps(value).decode() if isinstance(value, dict | list) else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA_STARTS) else text
