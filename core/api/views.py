"""The view every endpoint starts from: from request to one call to answer."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from rest_framework.exceptions import NotAcceptable, PermissionDenied
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from core.api import idempotency
from core.api.csv_stream import csv_lines
from core.api.endpoints import Endpoint
from core.api.parameters import (
    fields_of,
    filters_of,
    flag,
    only_known,
    page_request_of,
    select_fields,
)
from core.api.rendering import CSV, CSVRenderer, JSONParser, JSONRenderer
from core.api.requests import TenantRequest
from core.api.throttles import CallerThrottle
from core.errors import StaleVersion
from core.json import dumps
from core.listing import Page, PageRequest
from core.tenancy.context import Context
from core.tenancy.transactions import rehearse

PRIVATE = "private, no-store"
VERSION_DIGITS_MAX = 18


class TenantView(APIView):
    """Base of all endpoints. Subclasses declare methods with `reads` and `writes`."""

    renderer_classes = [JSONRenderer, CSVRenderer]
    parser_classes = [JSONParser]
    throttle_classes = [CallerThrottle]
    #: The schema describes the API; OPTIONS names the methods in `Allow` and says no more.
    metadata_class = None
    #: The plural noun of the address, for permissions and operation ids.
    resource = ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.user.is_authenticated:
            request.ctx = context_of(request)  # type: ignore[attr-defined, arg-type]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        finalized: Any = super().finalize_response(request, response, *args, **kwargs)
        if "Cache-Control" not in finalized:
            finalized["Cache-Control"] = PRIVATE
        return finalized

    def require_also(self, request: TenantRequest, code: str, *, wanted: bool) -> None:
        """A second permission, where one call may do two things."""
        if wanted and not request.user.has_perm(code):
            raise PermissionDenied(f"Your roles do not hold {code}.")

    # --- reads ----------------------------------------------------------------------

    def answer_list(
        self, request: TenantRequest, endpoint: Endpoint, method: Callable[..., Page]
    ) -> HttpResponse:
        page_request = page_request_of(request, endpoint)
        if wants_csv(request, endpoint):
            return self._csv(request, endpoint, method, page_request)
        fields = fields_of(request, endpoint.answer_fields)
        page = method(request, page=page_request)
        rows = select_fields(page.rows, fields)
        return json_response({"data": rows, "pagination": page.pagination})

    def answer_one(
        self, request: TenantRequest, endpoint: Endpoint, method: Callable[..., dict[str, Any]]
    ) -> HttpResponse:
        only_known(request, endpoint)
        columns = endpoint.csv_columns if wants_csv(request, endpoint) else []
        fields = fields_of(request, columns or endpoint.answer_fields)
        filters = {"filters": filters_of(request, endpoint)} if endpoint.filters else {}
        found = method(request, **filters)
        if columns:
            return csv_response(request, csv_lines(found["rows"], columns, fields))
        [shown] = select_fields([found], fields)
        response = json_response(shown)
        return _conditional(request, response, found) if endpoint.etag else response

    def _csv(
        self,
        request: TenantRequest,
        endpoint: Endpoint,
        method: Callable[..., Page],
        asked: PageRequest,
    ) -> HttpResponse:
        columns = endpoint.csv_columns
        fields = fields_of(request, columns)
        # Read before the answer begins, because a refusal must come before its first byte.
        first = method(request, page=asked)

        def rows() -> Iterator[dict[str, Any]]:
            page, following = first, asked.following(first)
            yield from page.rows
            while following is not None:
                page = method(request, page=following)
                yield from page.rows
                following = following.following(page)

        return csv_response(request, csv_lines(rows(), columns, fields))

    # --- writes ---------------------------------------------------------------------

    def answer_write(
        self, request: TenantRequest, endpoint: Endpoint, method: Callable[..., Any]
    ) -> HttpResponse:
        only_known(request, endpoint)

        def work() -> HttpResponse:
            arguments = {}
            if endpoint.body is not None:
                arguments["body"] = validated(endpoint.body, request.data, endpoint.partial)
            result = method(request, **arguments)
            if result is None:
                return HttpResponse(status=204)
            response = json_response(result, status=endpoint.status)
            if endpoint.etag:
                response["ETag"] = etag_of(response.content, result)
            return response

        if endpoint.transition and flag(request, "dry_run"):
            return rehearse(request.ctx, work)
        key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        if key is None or not endpoint.idempotent:
            return work()
        return idempotency.replayable(request.ctx, idempotency.Call.of(request, key), work)


def context_of(request: TenantRequest) -> Context:
    """The Context of an authenticated request; the only place that reads the clock for it."""
    user = request.user
    return Context(user.tenant_id, user.pk, datetime.now(UTC), request.request_id)


def wants_csv(request: TenantRequest, endpoint: Endpoint) -> bool:
    """Whether the client insists on CSV; NotAcceptable where there is none to give."""
    if request.accepted_renderer.media_type != CSV:
        return False
    if not endpoint.csv:
        raise NotAcceptable
    return True


@cache
def _shape(serializer: type[Serializer], partial: bool) -> Serializer:
    """One instance per class: building the fields anew costs more than using them."""
    return serializer(partial=partial)


def validated(serializer: type[Serializer], data: Any, partial: bool = False) -> Any:
    """`data` in the shape of `serializer`; raises DRF's ValidationError."""
    return _shape(serializer, partial).run_validation(data)


def json_response(data: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(dumps(data), status=status, content_type="application/json")


def csv_response(request: TenantRequest, lines: Any) -> HttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = request.path.strip("/").rsplit("/", 1)[-1]
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response  # type: ignore[return-value]


def etag_of(body: bytes, row: dict[str, Any]) -> str:
    """`"<version>-<hash of the bytes>"`: If-Match looks at the first part, If-None-Match at all."""
    return f'"{row["version"]}-{hashlib.blake2b(body, digest_size=8).hexdigest()}"'


def _conditional(
    request: TenantRequest, response: HttpResponse, row: dict[str, Any]
) -> HttpResponse:
    etag = etag_of(response.content, row)
    offered = request.META.get("HTTP_IF_NONE_MATCH", "")
    if etag in [tag.strip().removeprefix("W/") for tag in offered.split(",")]:
        response = HttpResponse(status=304)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def expected_version(request: TenantRequest) -> int | None:
    """The version in `If-Match`, or None when the client does not care."""
    header = request.META.get("HTTP_IF_MATCH", "").strip()
    if header in ("", "*"):
        return None
    version = header.removeprefix("W/").strip('"').split("-")[0]
    if not (version.isascii() and version.isdecimal() and len(version) <= VERSION_DIGITS_MAX):
        raise StaleVersion("If-Match does not hold an ETag of this record.")
    return int(version)
