"""Rows as CSV, line by line, so that a long list never lies in memory."""

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from rest_framework.serializers import BaseSerializer, Serializer

#: A spreadsheet would run a cell that starts with one of these.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_lines(
    rows: Iterable[dict[str, Any]], serializer: type[Serializer] | None, fields: frozenset[str]
) -> Iterator[str]:
    """A header and one line per row: the flat fields of `serializer`, in its order."""
    assert serializer is not None
    declared = serializer._declared_fields.items()
    flat = [name for name, field in declared if not isinstance(field, BaseSerializer)]
    columns = [name for name in flat if not fields or name in fields]
    writer = csv.writer(_Echo())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([_cell(row.get(column)) for column in columns])


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA_STARTS) else text
