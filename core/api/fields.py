"""Serializer fields of this API's conventions: money, days, text."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.validators import ProhibitSurrogateCharactersValidator

#: Years that a calendar, a fiscal year and a report can deal with.
FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2199, 12, 31)
PLAIN_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")


class AmountField(serializers.DecimalField):
    """An exact decimal, sent and shown as a string such as `10.00`."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 19)
        kwargs.setdefault("decimal_places", 6)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        # Decimal() also takes other scripts' digits, exponents and `1_0`.
        if isinstance(data, str) and not PLAIN_DECIMAL.fullmatch(data.strip()):
            self.fail("invalid")
        value: Decimal = super().to_internal_value(data)
        return value

    def quantize(self, value: Decimal) -> Decimal:
        """As it was sent: a price of 2.5 is not one of 2.500000."""
        return value


class DayField(serializers.DateField):
    """A calendar day between 1900 and 2199."""

    default_error_messages = {"range": "A day from 1900-01-01 to 2199-12-31."}

    def to_internal_value(self, value: Any) -> date:
        day: date = super().to_internal_value(value)
        if not FIRST_DAY <= day <= LAST_DAY:
            self.fail("range")
        return day


class TextField(serializers.CharField):
    """Text from a parser that refuses halves of surrogate pairs: nobody looks for them again."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [
            one
            for one in self.validators
            if not isinstance(one, ProhibitSurrogateCharactersValidator)
        ]


def text(length: int, **kwargs: Any) -> serializers.CharField:
    """An optional line of text of at most `length` characters, empty by default."""
    kwargs.setdefault("required", False)
    kwargs.setdefault("default", "")
    kwargs.setdefault("allow_blank", True)
    return TextField(max_length=length, **kwargs)
