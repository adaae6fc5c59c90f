"""JSON as this system writes it: exact decimals as strings, UTC with `Z`, ids as text."""

from decimal import Decimal
from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """`value` as JSON bytes; raises TypeError on what has no agreed form."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_UTC_Z)


def plain(value: Decimal) -> str:
    """Never `1E+3`, never `-0.00`."""
    return format(value if value else value.copy_abs(), "f")


def _default(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(f"{type(value).__name__} has no agreed form in JSON")
