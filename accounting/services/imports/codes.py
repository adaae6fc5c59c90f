"""Codes for accounts whose source gives none: `1.0001` is the first asset made up here.

The point keeps them apart from the codes that charts of accounts use.
"""

import re
from collections.abc import Iterable

from accounting.models import AccountType

DIGITS = {
    AccountType.ASSET: "1",
    AccountType.LIABILITY: "2",
    AccountType.EQUITY: "3",
    AccountType.INCOME: "4",
    AccountType.EXPENSE: "5",
}
MADE_UP = re.compile(r"([1-5])\.(\d{4,})", re.ASCII)


class CodeMaker:
    """Gives out codes after the last one that a company has of each type."""

    def __init__(self, codes: Iterable[str]) -> None:
        self._last = dict.fromkeys(DIGITS.values(), 0)
        for code in codes:
            found = MADE_UP.fullmatch(code)
            if found:
                digit, number = found[1], int(found[2])
                self._last[digit] = max(self._last[digit], number)

    def next(self, type_: AccountType) -> str:
        digit = DIGITS[type_]
        self._last[digit] += 1
        return f"{digit}.{self._last[digit]:04}"
