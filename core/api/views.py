"""The view every endpoint starts from: from request to one call to answer."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from rest_framework.exceptions import AuthenticationFailed, NotAcceptable, PermissionDenied
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from core.api import idempotency
from core.api.csv_stream import csv_lines
from core.api.downloads import Download, download_response
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
from core.api.requests import TenantRequest, address_of, reason_of
from core.api.throttles import CallerThrottle
from core.cache.answers import Answer, etag_of
from core.errors import StaleVersion
from core.json import dumps
from core.listing import Page, PageRequest
from core.tenancy.context import Context
from core.tenancy.transactions import rehearse

PRIVATE = "private, no-store"
REVALIDATED = "private, no-cache"
#: Longer addresses are answered as well, but not remembered.
CACHED_ADDRESS_MAX = 300
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
        try:
            super().initial(request, *args, **kwargs)
        except AuthenticationFailed:
            self.check_throttles(request)  # which comes after authentication otherwise
            raise
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
        if wants_csv(request, endpoint):
            return self._csv(request, endpoint, method, page_request_of(request, endpoint))

        def compute() -> Answer:
            page_request = page_request_of(request, endpoint)
            fields = fields_of(request, endpoint.answer_fields)
            page = method(request, page=page_request)
            rows = select_fields(page.rows, fields)
            body = dumps({"data": rows, "pagination": page.pagination})
            return Answer(body, etag_of(body) if endpoint.cached else "")

        return answered(request, remembered(request, endpoint, compute))

    def answer_one(
        self, request: TenantRequest, endpoint: Endpoint, method: Callable[..., dict[str, Any]]
    ) -> HttpResponse:
        if wants_csv(request, endpoint):
            columns = endpoint.csv_columns
            found, fields = self._found(request, endpoint, method, columns)
            return csv_response(request, csv_lines(found["rows"], columns, fields))

        def compute() -> Answer:
            found, fields = self._found(request, endpoint, method, endpoint.answer_fields)
            [shown] = select_fields([found], fields)
            body = dumps(shown)
            return Answer(body, record_etag(body, found) if endpoint.etag else "")

        return answered(request, remembered(request, endpoint, compute))

    def answer_file(
        self, request: TenantRequest, endpoint: Endpoint, method: Callable[..., Download]
    ) -> HttpResponse:
        only_known(request, endpoint)
        filters = {"filters": filters_of(request, endpoint)} if endpoint.filters else {}
        return download_response(method(request, **filters))  # type: ignore[return-value]

    def _found(
        self,
        request: TenantRequest,
        endpoint: Endpoint,
        method: Callable[..., dict[str, Any]],
        columns: list[str],
    ) -> tuple[dict[str, Any], Any]:
        """What the method finds, and the fields of it that were asked for."""
        only_known(request, endpoint)
        fields = fields_of(request, columns)
        filters = {"filters": filters_of(request, endpoint)} if endpoint.filters else {}
        return method(request, **filters), fields

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
                response["ETag"] = record_etag(response.content, result)
            return response

        key = request.META.get("HTTP_IDEMPOTENCY_KEY") if endpoint.idempotent else None
        call = None if key is None else idempotency.Call.of(request, key)
        if endpoint.transition and flag(request, "dry_run"):
            return rehearse(request.ctx, work)
        return work() if call is None else idempotency.replayable(request.ctx, call, work)


def context_of(request: TenantRequest) -> Context:
    """The Context of an authenticated request; the only place that reads the clock for it."""
    user = request.user
    return Context(
        user.tenant_id,
        user.pk,
        datetime.now(UTC),
        request.request_id,
        session_id=getattr(user, "session_id", None),
        address=address_of(request),
        reason=reason_of(request),
    )


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


def record_etag(body: bytes, row: dict[str, Any]) -> str:
    """`"<version>-<hash of the bytes>"`: If-Match looks at the first part, If-None-Match at all."""
    return f'"{row["version"]}-{etag_of(body)[1:]}'


def remembered(request: TenantRequest, endpoint: Endpoint, compute: Callable[[], Answer]) -> Answer:
    """The answer to this address in this company, as long as nothing that it says has changed."""
    address = request.get_full_path()
    if endpoint.cached is None or len(address) > CACHED_ADDRESS_MAX:
        return compute()
    return endpoint.cached.get(request.ctx.tenant_id, address, compute)


def answered(request: TenantRequest, answer: Answer) -> HttpResponse:
    """200, or 304 where the client has these bytes already."""
    if not answer.etag:
        return HttpResponse(answer.body, content_type="application/json")
    offered = request.META.get("HTTP_IF_NONE_MATCH", "")
    if offered and answer.etag in [tag.strip().removeprefix("W/") for tag in offered.split(",")]:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(answer.body, content_type="application/json")
    response["ETag"] = answer.etag
    response["Cache-Control"] = REVALIDATED
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
