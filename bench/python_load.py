"""One client of the load generator that needs nothing installed."""

import http.client
import secrets
import time
from collections.abc import Sequence

#: Stands in a body where each request needs a UUIDv7 of its own.
FRESH_ID = b"@fresh-id@"
Asked = tuple[str, str, bytes, dict[str, str], bool]


def client(port: int, calls: Sequence[Asked], seconds: float) -> tuple[list[float], int]:
    """Milliseconds of every answer, and how many were no success."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    times: list[float] = []
    errors = 0
    started = before = time.perf_counter()
    while before - started < seconds:
        method, path, body, headers, fresh_key = calls[len(times) % len(calls)]
        if fresh_key:
            headers = headers | {"Idempotency-Key": secrets.token_hex(16)}
        if FRESH_ID in body:
            body = with_fresh_ids(body)
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        answer.read()
        errors += not 200 <= answer.status < 300
        after = time.perf_counter()
        times.append((after - before) * 1000)
        before = after
    return times, errors


def with_fresh_ids(body: bytes) -> bytes:
    """Random behind the time of the request: nobody looks at their order."""
    parts = body.split(FRESH_ID)
    time_hex = f"{time.time_ns() // 1_000_000:012x}"
    head = f"{time_hex[:8]}-{time_hex[8:]}"
    whole = [parts[0]]
    for part in parts[1:]:
        tail = secrets.token_hex(9)
        whole += (f"{head}-7{tail[:3]}-8{tail[3:6]}-{tail[6:]}".encode(), part)
    return b"".join(whole)
