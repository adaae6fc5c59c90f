"""The web server as the Procfile starts it, and clients who ask it and do not give up."""

import http.client
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from deploy.valkey import free_port
from tests.jobs.desk import until
from tests.jobs.processes import Process, process

START_SECONDS = 60
GIVES_UP_SECONDS = 300


@dataclass
class Web:
    port: int
    process: Process

    def start(self) -> "Web":
        self.process.start()
        until(self.is_up, START_SECONDS)
        return self

    def is_up(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            return Caller(self, "").call("GET", "/healthz")[0] == 200
        return False

    def kill(self) -> None:
        """With its workers, and wait until its port is free."""
        self.process.kill_tree()
        until(self._is_free)

    def megabytes(self) -> float:
        return sum(one.memory_info().rss for one in self.process.descendants()) / 2**20

    def _is_free(self) -> bool:
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", self.port))
            return True
        return False


@contextmanager
def web(**environment: str) -> Iterator[Web]:
    port = free_port()
    one = Web(port, process("web", PORT=str(port), WEB_WORKERS="1", **environment)).start()
    try:
        yield one
    finally:
        one.process.kill_tree()


@dataclass
class Caller:
    web: Web
    token: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=30)
        try:
            sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            connection.request(method, path, json.dumps(body) if body else None, sent | headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def export(self, name: str, **headers: str) -> int:
        """An export that is told from others by what it looks for; the status of the answer."""
        body = {"list": "contacts", "format": "csv", "filters": {"name": name}}
        return self.call("POST", "/api/v1/exports/", body, **headers)[0]


@dataclass
class Persistent:
    """Asks for one export after the other, each under one key until it is answered."""

    caller: Caller
    names: list[str]
    answers: Counter[int | str] = field(default_factory=Counter)

    def run(self) -> None:
        for name in self.names:
            deadline = time.monotonic() + GIVES_UP_SECONDS
            while not self._ask(name):
                assert time.monotonic() < deadline, name
                time.sleep(0.1)

    def _ask(self, name: str) -> bool:
        try:
            status = self.caller.export(name, **{"Idempotency-Key": name})
        except (OSError, http.client.HTTPException) as error:
            self.answers[type(error).__name__] += 1
            return False
        self.answers[status] += 1
        assert status in (202, 409, 503), status
        return status == 202


def together(*work: Any) -> list[threading.Thread]:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    return threads
