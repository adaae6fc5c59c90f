"""Addresses of the API are looked up by their noun, and found as Django would find them."""

import re

import pytest
from django.urls import Resolver404, URLResolver, include, path, resolve
from django.urls.resolvers import RegexPattern

from core.ids import uuid7
from erp.urls import API
from tests.api.endpoints import endpoints
from tests.cast import Company, api_of

PREFIX = "/api/v1/"
PATHS = sorted({found.path for found in endpoints()})


def address(path: str) -> str:
    return PREFIX + re.sub(r"\{\w+\}", str(uuid7()), path)


def plain_resolver() -> URLResolver:
    found = [path("api/v1/", include(module)) for module in API]
    return URLResolver(RegexPattern("^/"), found)


def test_every_address_leads_where_django_would_lead() -> None:
    plain = plain_resolver()
    for one in PATHS:
        place = address(one)
        ours, theirs = resolve(place), plain.resolve(place)
        assert (ours.func, ours.kwargs, ours.route) == (theirs.func, theirs.kwargs, theirs.route)


def test_every_address_begins_with_a_noun() -> None:
    assert PATHS
    assert not [one for one in PATHS if not re.match(r"[a-z][a-z-]*/", one)]


@pytest.mark.parametrize("rest", ["", "x", "invoices", "invoices/x/", "nothing/", "/", "api/v1/"])
def test_what_is_nowhere_is_not_found(acme: Company, rest: str) -> None:
    with pytest.raises(Resolver404):
        resolve(PREFIX + rest)
    answer = api_of(acme, acme.owner).get(PREFIX + rest)
    assert (answer.status_code, answer.data["error"]["code"]) == (404, "NOT_FOUND")
