"""Requests as bytes, and what every refusal must look like."""

from typing import Any

import orjson

from core.api.schema import CODES
from tests.cast import Api

#: What no answer may ever hold.
LEAKS = (
    "Traceback",
    "psycopg",
    "SELECT ",
    "INSERT INTO",
    "<html",
    "<!DOCTYPE",
    "django.",
    'File "',
)


def send(
    api: Api,
    method: str,
    path: str,
    data: bytes = b"",
    content_type: str = "application/json",
    **environment: str,
) -> Any:
    """`path` below `/api/v1/`, or an absolute one; `environment` as WSGI spells it."""
    address = path if path.startswith("/") else f"/api/v1/{path}"
    if api.token and "HTTP_AUTHORIZATION" not in environment:
        environment["HTTP_AUTHORIZATION"] = f"Bearer {api.token}"
    return api.client.generic(method, address, data, content_type=content_type, **environment)


def refusal(response: Any, *statuses: int) -> dict[str, Any]:
    """The error of an answer that must be a clean refusal with one of `statuses`."""
    text = response.content.decode()
    assert response.status_code in statuses, (response.status_code, text[:500])
    assert response["Content-Type"] == "application/json"
    assert not [leak for leak in LEAKS if leak in text], text[:500]
    error: dict[str, Any] = orjson.loads(text)["error"]
    assert list(error) == ["code", "message", "operation", "fields", "request_id"]
    assert error["code"] in CODES
    assert error["message"]
    assert error["request_id"] == response["X-Request-ID"]
    assert all(set(field) == {"name", "message"} for field in error["fields"])
    return error


def refused(response: Any) -> dict[str, Any]:
    """The error of an answer that must be any clean 4xx."""
    return refusal(response, *range(400, 500))
