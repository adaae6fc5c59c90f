"""One client of the load generator that needs nothing installed."""

import http.client
import secrets
import time
from collections.abc import Sequence

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
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        answer.read()
        errors += not 200 <= answer.status < 300
        after = time.perf_counter()
        times.append((after - before) * 1000)
        before = after
    return times, errors
