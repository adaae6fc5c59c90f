"""Bodies as they come over the wire: in chunks, too large, or unwanted."""

from http.client import HTTPConnection
from io import BytesIO
from typing import Any

import orjson
import pytest

from core.ops.bodies import DRAINED_BYTES_MAX, whole_bodies
from erp.wsgi import application
from tests.api.wire import LEAKS
from tests.cast import Api

TEN_MEGABYTES = b"x" * (10 * 1024 * 1024)


@pytest.mark.parametrize("token", [None, "wrong", "right"])
def test_a_client_that_sends_ten_megabytes_gets_an_answer(
    alice: Api, port: int, token: str | None
) -> None:
    """It writes all of its request before it reads; so somebody has to take it in."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {alice.token if token == 'right' else 'x'}"
    connection.request("POST", "/api/v1/contacts/", TEN_MEGABYTES, headers)
    answer = connection.getresponse()
    assert answer.status == (413 if token == "right" else 401)
    assert orjson.loads(answer.read())["error"]["request_id"] == answer.headers["X-Request-ID"]
    connection.close()


def test_a_body_in_chunks_is_a_body(alice: Api) -> None:
    """.NET and Node send bodies so, without a Content-Length."""
    status, made = in_chunks(alice, orjson.dumps({"name": "Dawson & Sons"}))
    assert (status, made["name"]) == (201, "Dawson & Sons")
    assert in_chunks(alice, b"")[0] == 422


def test_a_body_in_too_many_chunks_is_too_large(alice: Api) -> None:
    for size in (2 * 1024 * 1024 + 1, len(TEN_MEGABYTES)):
        status, refused = in_chunks(alice, b"x" * size)
        assert (status, refused["error"]["code"]) == (413, "TOO_LARGE")
    # Exactly at the limit it is read, and found not to be JSON.
    assert in_chunks(alice, b"x" * (2 * 1024 * 1024))[0] == 400


def test_an_endless_body_is_not_waited_for() -> None:
    serve = whole_bodies(lambda environ, start: [])
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    for environ in (chunked, {"CONTENT_LENGTH": str(10**12)}):
        endless = Endless()
        serve({**environ, "wsgi.input": endless}, None)
        assert endless.given < 2 * DRAINED_BYTES_MAX


class Endless(BytesIO):
    given = 0

    def read(self, size: int | None = 1) -> bytes:
        self.given += size or 0
        return bytes(size or 0)


def in_chunks(api: Api, body: bytes) -> tuple[int, Any]:
    """A POST as a server hands over a chunked one: decoded, of unknown length."""
    answered: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/v1/contacts/",
        "SCRIPT_NAME": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": f"Bearer {api.token}",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.url_scheme": "http",
    }
    parts = application(environ, lambda status, headers: answered.append(status))
    text = b"".join(parts).decode()
    assert not [leak for leak in LEAKS if leak in text]
    return int(answered[0].split()[0]), orjson.loads(text)
