"""From cells to values: numbers and days, exact or refused with a reason."""

import re
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

#: As many digits as an amount column holds; no exponent, no separators, no NaN.
NUMBER = re.compile(r"[+-]?\d{1,13}(?:\.\d{1,6})?", re.ASCII)
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)


class BadCell(ValueError):
    """A cell that says nothing; the message is the reason in the report."""


# Files repeat a few thousand numbers and days over and over: a look-up is five
# times as fast as reading one again.
@lru_cache(maxsize=65_536)
def number(text: str, column: str) -> Decimal:
    """An exact decimal with at most 13 digits before and 6 after the point."""
    if not NUMBER.fullmatch(text.strip()):
        limits = "a number of at most 13 digits before and 6 after the point"
        raise BadCell(f"{column} {text!r} is not {limits}" if text else f"{column} is empty")
    return Decimal(text.strip())


@lru_cache(maxsize=8_192)
def day(text: str, column: str) -> date:
    """The day of an ISO 8601 date, or of a date and time as the source's clock had it."""
    try:
        found = datetime.fromisoformat(text.strip()).date()
    except ValueError:
        raise BadCell(
            f"{column} {text!r} is not a date" if text else f"{column} is empty"
        ) from None
    if not FIRST_DAY <= found <= LAST_DAY:
        raise BadCell(f"{column} {text!r} is before 1900 or after 2199")
    return found
