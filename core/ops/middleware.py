"""The outermost middleware: a request id, our host, one log line, and nothing else."""

import re
import time
from collections.abc import Callable

import structlog
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from core.api.errors import plain_answer
from core.ids import uuid7
from core.ops.degraded import say_so

log = structlog.get_logger("erp.request")
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = {"/healthz", "/readyz", "/metrics"}


class RequestMiddleware:
    """Gives every request an id, echoes it, and logs who asked for what and how it ended."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        offered = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = offered if _ACCEPTABLE_ID.fullmatch(offered) else str(uuid7())
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self._answer(request)
        response["X-Request-ID"] = request_id
        say_so(response)
        if not response.streaming:
            response["Content-Length"] = str(len(response.content))
        if request.path not in _QUIET:
            log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                milliseconds=round((time.perf_counter() - started) * 1000, 2),
            )
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        """The answer, unless the request is for a host that is not ours."""
        if request.path not in _QUIET:  # probes call the process by its address
            try:
                request.get_host()
            except DisallowedHost:
                return plain_answer(request, 400, "MALFORMED", "This host is not served here.")
        return self.get_response(request)
