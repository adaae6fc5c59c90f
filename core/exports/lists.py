"""A list of the API, found by its address and read as its own view reads it.

The URLconf is the registry: whatever offers CSV can be exported, with the permission,
the parameters and the columns that it declares there.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve
from rest_framework.request import Request

from core.api.csv_stream import shown_columns
from core.api.endpoints import Endpoint
from core.api.guards import AUTHENTICATED, DeclaredPermission, declared
from core.api.parameters import fields_of, filters_of, page_request_of
from core.api.rendering import CSV, CSVRenderer
from core.api.requests import Caller
from core.errors import DomainError, Forbidden, Invalid, require
from core.listing import PageRequest
from core.tenancy.context import Context

Row = dict[str, Any]
PREFIX = "/api/v1/"
ADDRESS = re.compile(r"[a-z0-9/-]{1,200}")
PAGE_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list and what is wanted of it, as somebody said it."""

    address: str
    filters: dict[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()


class OpenList:
    """One list, for one caller who may see it; raises Invalid or Forbidden."""

    def __init__(self, ctx: Context, caller: Caller, wanted: Wanted) -> None:
        self._view, self._endpoint, known = _find(wanted.address)
        code = self._endpoint.permission_of(self._view)
        #: What is needed in order to see it; empty: nothing but to be a member.
        self.permission = "" if code == AUTHENTICATED else code
        self._request = _request(ctx, caller, wanted, self._endpoint)
        may = DeclaredPermission().has_permission(self._request, self._view)
        require(may, Forbidden(f"Your roles do not hold {code}."))
        handler: Any = self._view.get
        self._read = functools.partial(handler.__wrapped__, self._view, self._request, **known)
        self._asked = self._parameters()
        columns = self._endpoint.csv_columns
        self.columns = shown_columns(columns, fields_of(self._request, columns))  # type: ignore[arg-type]

    def total(self) -> int | None:
        """How many rows there are; None where that is not easily said."""
        if not isinstance(self._asked, PageRequest):
            return None
        try:
            found: int | None = self._read(page=replace(self._asked, number=1, limit=1)).total
        except DomainError:
            return None
        return found

    def pages(self, cursor: str) -> Iterator[tuple[list[Row], str]]:
        """Rows in order, each page with the cursor that goes on after it; empty at the end."""
        if not isinstance(self._asked, PageRequest):
            yield self._read(**self._asked)["rows"], ""
            return
        asked = replace(self._asked, limit=PAGE_ROWS, cursor=cursor or None)
        while True:
            page = self._read(page=asked)
            yield page.rows, str(page.next or "")
            if page.next is None:
                return
            asked = replace(asked, cursor=str(page.next))

    def _parameters(self) -> PageRequest | Row:
        request: Any = self._request
        if self._endpoint.many:
            return page_request_of(request, self._endpoint)
        return {"filters": filters_of(request, self._endpoint)} if self._endpoint.filters else {}


def _find(address: str) -> tuple[Any, Endpoint, Row]:
    """The view of a list that offers CSV, and what its address says; raises Invalid."""
    unknown = Invalid.field("list", "There is no such list, or none that is given as CSV.")
    require(bool(ADDRESS.fullmatch(address)), unknown)
    try:
        match = resolve(f"{PREFIX}{address.strip('/')}/")
    except Resolver404 as error:
        raise unknown from error
    view_class: Any = getattr(match.func, "view_class", None)
    endpoint = declared(view_class).get("GET") if view_class else None
    if endpoint is None or not endpoint.csv:
        raise unknown
    initial: Row = match.func.view_initkwargs  # type: ignore[attr-defined]
    return view_class(**initial), endpoint, match.kwargs


def _request(ctx: Context, caller: Caller, wanted: Wanted, endpoint: Endpoint) -> Request:
    """What the view would have been asked."""
    known = endpoint.filter_names | ({"ordering"} if endpoint.orderings else set())
    for name in wanted.filters:
        require(name in known, Invalid.field(f"filters.{name}", "This list has no such parameter."))
    parameters = wanted.filters | ({"fields": ",".join(wanted.fields)} if wanted.fields else {})
    plain = HttpRequest()
    plain.method = "GET"
    plain.path = f"{PREFIX}{wanted.address.strip('/')}/"
    plain.GET = QueryDict(urlencode(parameters))  # type: ignore[assignment]
    request: Any = Request(plain)
    request.user, request.ctx, request.request_id = caller, ctx, ctx.request_id
    request.accepted_renderer, request.accepted_media_type = CSVRenderer(), CSV
    found: Request = request
    return found
