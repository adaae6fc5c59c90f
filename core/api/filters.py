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


def day_filter(**options: Any) -> DateFilter:
    """A day of the years that this system knows."""
    limits = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]
    return DateFilter(validators=limits, **options)
