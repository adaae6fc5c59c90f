"""Query parameters of every endpoint: pages, filters, `fields`, `expand`, flags.

An unknown parameter is an error: a misspelt filter must not show everything.
"""

from collections.abc import Iterable
from typing import Any

from core.api.endpoints import Endpoint
from core.api.requests import TenantRequest
from core.errors import FieldError, Invalid
from core.listing import LIMIT_DEFAULT, LIMIT_MAX, PAGE_NUMBER_MAX, PageRequest, everything
from core.tenancy.models import Tenant

#: A filter set wants a queryset when it is made; ours gets it from the selector.
_NOTHING = Tenant.objects.none()
PAGE_PARAMETERS = {"cursor", "limit", "page"}


def only_known(request: TenantRequest, endpoint: Endpoint) -> None:
    """Refuse parameters that the endpoint does not declare, and NUL in the others."""
    filters = endpoint.filter_names
    known = filters | (PAGE_PARAMETERS if endpoint.many else set())
    known |= {"ordering"} if endpoint.orderings else set()
    known |= {"expand"} if endpoint.expand else set()
    known |= {"fields"} if endpoint.answer and request.method in ("GET", "HEAD") else set()
    known |= {"dry_run"} if endpoint.transition else set()
    parameters: dict[str, str] = request.query_params.dict()
    for name, value in parameters.items():
        if name not in known:
            raise Invalid.field(name, "This endpoint has no such parameter.")
        if "\x00" in value:
            raise Invalid.field(name, "NUL is not allowed.")
        if not value.strip() and (name in filters or name == "cursor"):
            # Taken for "no filter", it would show everything to a client with an empty variable.
            raise Invalid.field(name, "Leave it out, or give it a value.")


def page_request_of(request: TenantRequest, endpoint: Endpoint) -> PageRequest:
    parameters = request.query_params
    if not parameters and not endpoint.needs_parameters:
        return PageRequest()
    only_known(request, endpoint)
    if "page" in parameters and "cursor" in parameters:
        raise Invalid.field("page", "Ask for a page or a cursor, not both.")
    # A form costs a millisecond, so a page that is only turned does without.
    filtered = endpoint.needs_parameters or not endpoint.filter_names.isdisjoint(parameters)
    filterset = _filterset(parameters, endpoint) if filtered else None
    return PageRequest(
        limit=_whole(parameters, "limit", LIMIT_DEFAULT, LIMIT_MAX),
        cursor=parameters.get("cursor") or None,
        number=_whole(parameters, "page", 1, PAGE_NUMBER_MAX) if "page" in parameters else None,
        narrow=filterset.filter_queryset if filterset else everything,
        filters=filterset.form.cleaned_data if filterset else {},
        ordering=_ordering(parameters, endpoint),
        expand=expand_of(request, endpoint),
    )


def filters_of(request: TenantRequest, endpoint: Endpoint) -> dict[str, Any]:
    """The validated parameters of a report, by name; None where one was left out."""
    filterset = _filterset(request.query_params, endpoint)
    return filterset.form.cleaned_data if filterset else {}


def expand_of(request: TenantRequest, endpoint: Endpoint) -> frozenset[str]:
    return _names(request, "expand", endpoint.expand)


def fields_of(request: TenantRequest, allowed: Iterable[str]) -> frozenset[str]:
    """The fields asked for; empty means all of them."""
    return _names(request, "fields", allowed)


def select_fields(rows: list[dict[str, Any]], fields: frozenset[str]) -> list[dict[str, Any]]:
    if not fields:
        return rows
    return [{name: value for name, value in row.items() if name in fields} for row in rows]


def flag(request: TenantRequest, name: str) -> bool:
    match request.query_params.get(name, "false").lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            raise Invalid.field(name, "true or false.")


def _names(request: TenantRequest, parameter: str, allowed: Iterable[str]) -> frozenset[str]:
    asked = request.query_params.get(parameter)
    if asked is None:
        return frozenset()
    names = frozenset(name.strip() for name in asked.split(","))
    unknown = names.difference(allowed)
    if unknown:
        choices = ", ".join(sorted(allowed))
        raise Invalid.field(parameter, f"`{sorted(unknown)[0]}` is not one of {choices}.")
    return names


def _whole(parameters: Any, name: str, default: int, largest: int) -> int:
    text = parameters.get(name)
    if text is None:
        return default
    # isascii: other scripts have digits too, and int() takes them.
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= largest):
        raise Invalid.field(name, f"A whole number from 1 to {largest}.")
    return int(text[:9])


def _ordering(parameters: Any, endpoint: Endpoint) -> str | None:
    asked = parameters.get("ordering")
    if asked is not None and asked not in endpoint.orderings:
        raise Invalid.field("ordering", f"One of {', '.join(endpoint.orderings)}.")
    return str(asked) if asked else None


def _filterset(parameters: Any, endpoint: Endpoint) -> Any:
    if endpoint.filters is None:
        return None
    filterset = endpoint.filters(parameters, queryset=_NOTHING)
    if not filterset.is_valid():
        errors = [
            FieldError(name, str(message))
            for name, messages in filterset.errors.items()
            for message in messages
        ]
        raise Invalid(f"{errors[0].name}: {errors[0].message}", fields=errors)
    return filterset
