"""What the pages at the door have in common: a title, a sentence, a form."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from core.errors import DomainError


def page(request: HttpRequest, title: str, **shown: Any) -> HttpResponse:
    """One page without the console around it; nothing on it is kept by the browser."""
    context = admin.site.each_context(request) | {"title": title} | shown
    response = render(request, "admin/door.html", context)
    add_never_cache_headers(response)
    return response


def show_refusal(
    form: forms.Form, refusal: DomainError, names: Mapping[str, str] | None = None
) -> None:
    """Put what a service refused beside the field that it is about.

    `names` maps the service's names to the form's; "" is what is about no field.
    """
    for name, message in [(e.name, e.message) for e in refusal.fields] or [("", refusal.message)]:
        field = (names or {}).get(name, name)
        form.add_error(field if field in form.fields else None, message)


def text_field(label: str, **options: Any) -> forms.CharField:
    attributes = options.pop("attributes", {})
    widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", **attributes})
    return forms.CharField(label=label, widget=widget, **options)


def password_field(label: str, autocomplete: str = "new-password") -> forms.CharField:
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, widget=widget, strip=False, max_length=1000)


class NewPasswordForm(forms.Form):
    """A password, typed twice because nobody sees it."""

    password = password_field("New password")
    again = password_field("New password again")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, second = cleaned.get("password"), cleaned.get("again")
        if first and second and first != second:
            self.add_error("again", "The two passwords differ.")
        return cleaned
