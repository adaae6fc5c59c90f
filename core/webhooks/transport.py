"""One POST to a receiver that may be slow, broken or hostile: what came of it, within 5 seconds.

The name is looked up and judged here, and the connection goes to the very address that was
judged; TLS asks for a certificate of the name. No redirect is followed, no proxy is asked,
and of the answer only its status counts.
"""

import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import certifi
import httpcore

from core.webhooks.addresses import Forbidden, LookupFailed, Target, addresses_of

SECONDS_MAX = 5.0
#: Read of an answer so that its connection can be used again; of a longer one it cannot.
BODY_BYTES_MAX = 16 * 1024
RETRY_AFTER_SECONDS_MAX = 3_600


@dataclass(frozen=True, slots=True)
class Outcome:
    """`error` is empty where it was taken; otherwise the kind of failure, never its text."""

    error: str
    status: int | None
    milliseconds: int
    #: As the receiver asked, within bounds.
    retry_after_seconds: int | None = None

    @property
    def is_unreachable(self) -> bool:
        """Nothing was answered at all, so the next one would fare no better."""
        return bool(self.error) and self.status is None


class Deadline:
    """The time that is left of one request, whatever it is spent on."""

    def __init__(self) -> None:
        self._until = 0.0
        self.begin()

    def begin(self) -> None:
        self._until = time.monotonic() + SECONDS_MAX

    def left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left


class Caller:
    """Requests to one receiver, one after the other, over one connection while it lasts."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._deadline = Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(),
            max_connections=1,
            network_backend=_Pinned(target, self._deadline),
        )

    def post(self, headers: Iterable[tuple[str, str]], body: bytes) -> Outcome:
        began = time.monotonic()
        self._deadline.begin()
        status, retry_after = None, None
        try:
            status, retry_after = self._ask(list(headers), body)
            error = _error_of(status)
        except Exception as failure:  # noqa: BLE001  a receiver may answer anything at all
            error = _kind(failure)
        took = round((time.monotonic() - began) * 1000)
        return Outcome(error, status, took, retry_after)

    def close(self) -> None:
        self._pool.close()

    def _ask(self, headers: list[tuple[str, str]], body: bytes) -> tuple[int, int | None]:
        target = self._target
        url = httpcore.URL(
            scheme=target.scheme, host=target.host, port=target.port, target=target.path
        )
        said = [("Host", target.authority), ("Content-Length", str(len(body))), *headers]
        with self._pool.stream("POST", url, headers=said, content=body) as response:
            _drain(response)
            return response.status, _retry_after(response.headers)


class _Pinned(httpcore.NetworkBackend):
    """Connects to addresses that were judged, and lets nothing take longer than is left."""

    def __init__(self, target: Target, deadline: Deadline) -> None:
        self._target, self._deadline = target, deadline
        self._plain = httpcore.SyncBackend()

    def connect_tcp(self, host: str, port: int, *_: Any, **options: Any) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError()
        for address in addresses_of(self._target, seconds=self._deadline.left()):
            try:
                stream = self._plain.connect_tcp(address, port, timeout=self._deadline.left())
                return _Stream(stream, self._deadline)
            except httpcore.ConnectError as error:
                failure = error
        raise failure


class _Stream(httpcore.NetworkStream):
    def __init__(self, plain: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._plain, self._deadline = plain, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._plain.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secured = self._plain.start_tls(ssl_context, server_hostname, self._deadline.left())
        return _Stream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)


def _drain(response: httpcore.Response) -> None:
    """What was answered is decided by now; the rest is read to keep the connection, or it ends."""
    read = 0
    try:
        for chunk in response.iter_stream():
            read += len(chunk)
            if read > BODY_BYTES_MAX:
                return
    except (httpcore.TimeoutException, httpcore.ProtocolError, httpcore.NetworkError):
        return


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


def _error_of(status: int) -> str:
    if 200 <= status < 300:
        return ""
    return "redirect" if 300 <= status < 400 else "status"


def _kind(failure: Exception) -> str:
    """The first kind that fits; the order goes from the special to the general."""
    if isinstance(failure.__context__, ssl.SSLError) or isinstance(failure, ssl.SSLError):
        return "tls"
    kinds: dict[type[Exception], str] = {
        Forbidden: "forbidden",
        LookupFailed: "name",
        httpcore.TimeoutException: "timeout",
        httpcore.ConnectError: "connect",
        httpcore.ProtocolError: "protocol",
        httpcore.NetworkError: "network",
    }
    return next((kind for cls, kind in kinds.items() if isinstance(failure, cls)), "unexpected")


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Seconds only; a date would need a clock that both agree on."""
    for name, value in headers:
        if name.lower() == b"retry-after" and value.isdigit() and len(value) < 10:
            return min(int(value), RETRY_AFTER_SECONDS_MAX)
    return None
