"""The short answers of this process: refusals in the API's envelope, health, metrics."""

from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from core.api.errors import envelope
from core.ids import uuid7
from core.json import dumps
from messaging.live.stream import Send

Scope = dict[str, Any]
JSON = "application/json"

REFUSALS = {
    400: ("MALFORMED", "This host is not served here."),
    401: ("NOT_AUTHENTICATED", "This token is not valid, or no longer."),
    403: ("FORBIDDEN", "Your roles do not allow this."),
    404: ("NOT_FOUND", "There is nothing at this address."),
    405: ("METHOD_NOT_ALLOWED", "A stream is read with GET."),
    422: ("INVALID", "The only parameter is `after`."),
    429: ("RATE_LIMITED", "You have as many streams open as one user may have."),
    503: ("SERVICE_UNAVAILABLE", "No more streams can be opened here at the moment."),
}
MORE = {
    401: {"WWW-Authenticate": 'Bearer realm="api"'},
    405: {"Allow": "GET"},
    429: {"Retry-After": "30"},
    503: {"Retry-After": "5"},
}
STREAM = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}


class Asked:
    """What matters of one request."""

    def __init__(self, scope: Scope) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        self.query = dict(parse_qsl(scope["query_string"].decode("latin-1"), True))
        self.id = str(uuid7())

    @property
    def token(self) -> str:
        """Empty where there is none."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" else ""

    @property
    def after(self) -> str | None:
        """Where the client has come to; its header says so, or its first address."""
        return self.headers.get("last-event-id") or self.query.get("after") or None

    def fault(self) -> int:
        """The status that refuses it as it is; 0 where nothing is wrong."""
        host, _ = split_domain_port(self.headers.get("host", "").lower())
        if not (host and validate_host(host, settings.ALLOWED_HOSTS)):
            return 400
        if self.method != "GET":
            return 405
        return 422 if set(self.query) - {"after"} else 0

    def is_plain_http(self) -> bool:
        """Whether the proxy in front says that the token came without TLS."""
        return settings.HTTPS and self.headers.get("x-forwarded-proto") != "https"

    def secure_url(self) -> str:
        return f"https://{self.headers['host']}{self.path}"


async def start(send: Send, status: int, request_id: str, headers: dict[str, str]) -> None:
    headers = {
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Request-ID": request_id,
        **headers,
    }
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})


async def answer(
    send: Send, asked: Asked, status: int, body: bytes, headers: dict[str, str]
) -> None:
    await start(send, status, asked.id, {"Content-Length": str(len(body)), **headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def refuse(send: Send, asked: Asked, status: int) -> None:
    code, message = REFUSALS[status]
    body = dumps(envelope(code, message, request_id=asked.id))
    await answer(send, asked, status, body, {"Content-Type": JSON, **MORE.get(status, {})})
