"""JSON as this system writes it: exact decimals as strings, UTC with `Z`, ids as text."""

from decimal import Decimal
from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """`value` as JSON bytes; raises TypeError on what has no agreed form."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_UTC_Z)


def _default(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")  # never `1E+3`
    raise TypeError(f"{type(value).__name__} has no agreed form in JSON")
