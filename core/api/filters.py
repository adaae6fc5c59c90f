"""Filters of this API's conventions: a value that is not understood is refused, never ignored."""

from typing import Any

from django import forms
from django_filters import Filter

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
