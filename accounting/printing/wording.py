"""Words, days and numbers in the reader's language.

Words are in `languages/`, a file each; days and numbers are written as CLDR says.
"""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, get_group_symbol

from accounting.currencies import minor_unit_digits

FOLDER = Path(__file__).parent / "languages"
LANGUAGES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))
DEFAULT_LANGUAGE = "en"
#: English of nowhere in particular: the day before the month.
WORLD = {"en": "001"}
#: Where nothing stands between a number and its percent sign.
CLOSE_PERCENT = ("en", "nl")
#: Quantities, prices and rates have as many decimals as they need, up to these.
DECIMALS_MAX = 6


@cache
def words_of(language: str) -> dict[str, str]:
    words: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return words


@dataclass(frozen=True, slots=True)
class Wording:
    """How one reader is written to, about amounts of one currency."""

    language: str
    locale: Locale
    currency: str

    @classmethod
    def of(cls, language: str, *, country: str, currency: str) -> "Wording":
        """In `language`, if we have it, as it is written in `country`."""
        known = language if language in LANGUAGES else DEFAULT_LANGUAGE
        return cls(known, _locale(known, country), currency)

    def __call__(self, key: str, **values: str) -> str:
        text = words_of(self.language)[key]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def day(self, day: date) -> str:
        return format_date(day, "long", locale=self.locale)

    def short_day(self, day: date) -> str:
        """For tables."""
        return format_date(day, "medium", locale=self.locale)

    def amount(self, amount: Decimal) -> str:
        """With the decimals of the currency. Amounts are rounded to it already."""
        digits = minor_unit_digits(self.currency)
        return self._number(amount, f"#,##0.{'0' * digits}" if digits else "#,##0")

    def price(self, price: Decimal) -> str:
        digits = minor_unit_digits(self.currency)
        return self._number(price, f"#,##0.{'0' * digits}{'#' * (DECIMALS_MAX - digits)}")

    def quantity(self, quantity: Decimal) -> str:
        return self._number(quantity, f"#,##0.{'#' * DECIMALS_MAX}")

    def percent(self, rate: Decimal) -> str:
        space = "" if self.language in CLOSE_PERCENT else "\N{NO-BREAK SPACE}"
        return f"{self.quantity(rate)}{space}%"

    def country(self, code: str) -> str:
        name: str = self.locale.territories.get(code, code)
        return name

    def _number(self, number: Decimal, pattern: str) -> str:
        # CLDR groups Swiss thousands by an apostrophe, which the formatter takes for a quote.
        swiss = get_group_symbol(self.locale) == "'"
        text = format_decimal(
            number if number else abs(number),
            pattern,
            "en" if swiss else self.locale,
            decimal_quantization=False,
        )
        return text.replace(",", "\N{RIGHT SINGLE QUOTATION MARK}") if swiss else text


@cache
def _locale(language: str, country: str) -> Locale:
    for territory in (country, WORLD.get(language, "")):
        if territory:
            try:
                return Locale(language, territory)
            except UnknownLocaleError:
                continue
    return Locale(language)
