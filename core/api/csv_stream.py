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


def csv_lines(
    rows: Iterable[dict[str, Any]], columns: Iterable[str], fields: frozenset[str]
) -> Iterator[str]:
    """A header and one line per row: those of `columns` that are in `fields`, if any are."""
    shown = [name for name in columns if not fields or name in fields]
    writer = csv.writer(_Echo())
    yield writer.writerow(shown)
    for row in rows:
        yield writer.writerow([_cell(row.get(column)) for column in shown])


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    text = dumps(value).decode() if isinstance(value, dict) else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA_STARTS) else text
