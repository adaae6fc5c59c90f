"""Filters of this API's conventions: a value that is not understood is refused, never ignored."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django_filters import DateFilter, Filter

from core.api.fields import FIRST_DAY, LAST_DAY

TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class TruthField(forms.Field):
    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        if str(value).lower() not in TRUTHS:
            raise forms.ValidationError("true or false.")
        return TRUTHS[str(value).lower()]


class TruthFilter(Filter):
    """Unlike django-filter's own, which takes `maybe` for "no filter"."""

    field_class = TruthField


class WholeField(forms.Field):
    """A whole number without signs, in the digits of ASCII."""

    def __init__(self, *, least: int, largest: int, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.largest = least, largest

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        text = str(value)
        fits = text.isascii() and text.isdecimal() and len(text) <= len(str(self.largest))
        if not (fits and self.least <= int(text) <= self.largest):
            raise forms.ValidationError(f"A whole number from {self.least} to {self.largest}.")
        return int(text)


class WholeFilter(Filter):
    field_class = WholeField


def day_filter(**options: Any) -> DateFilter:
    """A day of the years that this system knows."""
    limits = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]
    return DateFilter(validators=limits, **options)
