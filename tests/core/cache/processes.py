"""Processes of the system: the web server as the Procfile starts it, and what asks it."""

import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deploy.process import path_of_this_python
from deploy.supervisor import read_procfile
from tests.core.cache.machines import until

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60


def environment(redis_url: str, board: Path | str, **more: str) -> dict[str, str]:
    """Of a process that uses the database of this test run."""
    database = conninfo_to_dict(os.environ["DATABASE_URL"])
    database["dbname"] = settings.DATABASES["default"]["NAME"]
    made = os.environ | {
        "DATABASE_URL": make_conninfo(**database),
        "REDIS_URL": redis_url,
        "CACHE_BOARD": str(board),
        "DJANGO_SETTINGS_MODULE": "erp.settings",
        "SECRET_KEY": settings.SECRET_KEY,
        "HTTPS": "false",
        "LOG_LEVEL": "CRITICAL",
        "PASSWORD_HASHER": "permissions.hashers.CheapArgon2PasswordHasher",
        "THROTTLE_ANONYMOUS_PER_MINUTE": "1000000",
        "PATH": path_of_this_python(),
    }
    made.pop("DATABASE_OWNER_URL", None)
    return made | more


def stack_url(port: int) -> str:
    """The Redis of this test run, reached through another port of this machine."""
    parts = urlsplit(settings.REDIS_URL)
    return settings.REDIS_URL.replace(f":{parts.port}", f":{port}", 1)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return orjson.loads(self.body)


class Web:
    """A running web server. Each thread has a connection of its own to it."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self.port, self._source = port, source
        self._kept = threading.local()

    def call(self, method: str, path: str, token: str | None = None, body: Any = None) -> Answer:
        address = path if path.startswith("/") else f"/api/v1/{path}"
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else orjson.dumps(body, default=str)
        connection = self._connection()
        try:
            connection.request(method, address, data, headers)
            response = connection.getresponse()
            said = {name.lower(): value for name, value in response.getheaders()}
            found = Answer(response.status, said, response.read())
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        return found

    def get(self, path: str, token: str | None = None) -> Answer:
        return self.call("GET", path, token)

    def _connection(self) -> http.client.HTTPConnection:
        kept: http.client.HTTPConnection | None = getattr(self._kept, "connection", None)
        if kept is None:
            kept = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=30, source_address=(self._source, 0)
            )
            self._kept.connection = kept
        return kept


@contextmanager
def web_server(redis_url: str, board: Path | str, **more: str) -> Iterator[Web]:
    """granian with the Procfile's options and two workers, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = read_procfile(ROOT / "Procfile")["web"].replace("${PORT:-8000}", str(port))
    line = line.replace("${WEB_WORKERS:-2}", "2")
    child = subprocess.Popen(
        ["sh", "-c", f"exec {line}"],
        cwd=ROOT,
        env=environment(redis_url, board, **more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    web = Web(port)
    try:
        until(lambda: _answers(web) or child.poll() is not None, START_SECONDS)
        assert child.poll() is None, f"granian ended with {child.returncode}"
        yield web
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _answers(web: Web) -> bool:
    try:
        return web.get("/healthz").status == 200
    except OSError:
        return False


@dataclass
class Asked:
    """One request: when it was begun, and how it ended."""

    began: float
    status: int


@dataclass
class Crowd:
    """Clients that ask without a pause until the block ends: `with Crowd(20, ask) as crowd:`."""

    size: int
    ask: Callable[[int], int]
    seen: list[Asked] = field(default_factory=list)

    def __enter__(self) -> "Crowd":
        self._ended = threading.Event()
        self._failed: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._hammer, args=[number]) for number in range(self.size)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(40)
        assert not self._failed, self._failed[0]

    def begun_after(self, moment: float) -> list[Asked]:
        return [asked for asked in list(self.seen) if asked.began > moment]

    def wait_for(self, number: int, after: float = 0.0) -> None:
        """Until so many requests that were begun after a moment have been answered."""
        until(lambda: self._failed or len(self.begun_after(after)) >= number, 30)

    def _hammer(self, number: int) -> None:
        try:
            while not self._ended.is_set():
                began = time.monotonic()
                self.seen.append(Asked(began, self.ask(number)))
        except BaseException as error:  # noqa: BLE001  said by the thread that waits
            self._failed.append(error)
