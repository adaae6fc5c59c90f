"""One envelope for every refusal, whoever raised it."""

from collections.abc import Iterator
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions

from core.errors import DomainError, FieldError, ServiceUnavailable
from core.json import dumps

log = structlog.get_logger(__name__)

#: DRF's exceptions, most specific first, to the contract's codes.
CODES: list[tuple[type[Exception], int, str]] = [
    (exceptions.ParseError, 400, "MALFORMED"),
    (exceptions.NotAuthenticated, 401, "NOT_AUTHENTICATED"),
    (exceptions.AuthenticationFailed, 401, "NOT_AUTHENTICATED"),
    (exceptions.PermissionDenied, 403, "FORBIDDEN"),
    (exceptions.NotFound, 404, "NOT_FOUND"),
    (Http404, 404, "NOT_FOUND"),
    (exceptions.MethodNotAllowed, 405, "METHOD_NOT_ALLOWED"),
    (exceptions.NotAcceptable, 406, "NOT_ACCEPTABLE"),
    (exceptions.UnsupportedMediaType, 415, "UNSUPPORTED_MEDIA_TYPE"),
    (exceptions.Throttled, 429, "RATE_LIMITED"),
    (RequestDataTooBig, 413, "TOO_LARGE"),
    (SuspiciousOperation, 400, "MALFORMED"),
]
UNREACHABLE = "The database cannot be reached; nothing was changed."


def envelope(
    code: str,
    message: str,
    *,
    request_id: str,
    operation: str = "",
    fields: tuple[FieldError, ...] = (),
) -> dict[str, Any]:
    """The body of every answer that is not a success."""
    return {
        "error": {
            "code": code,
            "message": message,
            "operation": operation or None,
            "fields": [{"name": field.name, "message": field.message} for field in fields],
            "request_id": request_id,
        }
    }


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """DRF's exception handler: JSON whatever was asked for; never a traceback or SQL."""
    request = context["request"]
    response = refusal_response(error, request.request_id)
    if response.status_code == 401:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    return response


def refusal_response(error: Exception, request_id: str) -> HttpResponse:
    """The answer to `error`."""
    if isinstance(error, exceptions.ValidationError):
        fields = tuple(field_errors(error.detail))
        return _answer(422, "INVALID", _summary(fields), request_id, fields=fields)
    for kind, status, code in CODES:
        if isinstance(error, kind):
            message = str(getattr(error, "detail", "")) or _plain(kind)
            wait = getattr(error, "wait", None)
            return _answer(status, code, message, request_id, retry_after=wait)
    domain = error if isinstance(error, DomainError) else _unexpected(error)
    if domain is None:
        return _answer(500, "INTERNAL", "An unexpected error; it has been logged.", request_id)
    return _answer(
        domain.status,
        domain.code,
        domain.message,
        request_id,
        operation=domain.operation,
        fields=domain.fields,
        retry_after=domain.retry_after_seconds,
    )


def _unexpected(error: Exception) -> DomainError | None:
    unreachable = isinstance(error, InterfaceError | OperationalError)
    log.error("request_failed", exc_info=error, database=isinstance(error, DatabaseError))
    return ServiceUnavailable(UNREACHABLE) if unreachable else None


def _answer(
    status: int,
    code: str,
    message: str,
    request_id: str,
    *,
    operation: str = "",
    fields: tuple[FieldError, ...] = (),
    retry_after: float | None = None,
) -> HttpResponse:
    body = envelope(code, message, request_id=request_id, operation=operation, fields=fields)
    response = HttpResponse(dumps(body), status=status, content_type="application/json")
    if retry_after is not None:
        response["Retry-After"] = str(max(1, round(retry_after)))
    return response


def _plain(kind: type[Exception]) -> str:
    return {
        Http404: "There is no such record.",
        RequestDataTooBig: "The body is larger than this endpoint takes.",
    }.get(kind, "The request cannot be understood.")


def field_errors(detail: Any, path: str = "") -> Iterator[FieldError]:
    """DRF's nested error detail as a flat list of dotted paths."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from field_errors(inner, f"{path}.{name}".strip("."))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from field_errors(inner, f"{path}.{index}".strip(".") if nested else path)
    else:
        yield FieldError(path, str(detail))


def _summary(fields: tuple[FieldError, ...]) -> str:
    first = fields[0]
    return f"{first.name}: {first.message}" if first.name else first.message


def plain_answer(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    """The envelope outside of DRF: an unknown address, a broken middleware."""
    request_id = getattr(request, "request_id", "")
    body = envelope(code, message, request_id=request_id)
    return HttpResponse(dumps(body), status=status, content_type="application/json")


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain_answer(request, 400, "MALFORMED", "The request cannot be understood.")


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain_answer(request, 403, "FORBIDDEN", "This is not allowed.")


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain_answer(request, 404, "NOT_FOUND", "There is nothing at this address.")


def handler500(request: HttpRequest) -> HttpResponse:
    return plain_answer(request, 500, "INTERNAL", "An unexpected error; it has been logged.")
