"""The live process as the Procfile starts it, against the test's database and Redis."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from psycopg.conninfo import make_conninfo

from deploy.process import path_of_this_python
from deploy.supervisor import read_procfile

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 40


@dataclass
class Server:
    port: int
    environment: dict[str, str]
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> "Server":
        line = read_procfile(ROOT / "Procfile")["live"]
        line = line.replace("${LIVE_PORT:-8001}", str(self.port))
        errors = None if "LIVE_SHOW" in os.environ else subprocess.DEVNULL
        self.child = subprocess.Popen(
            ["sh", "-c", f"exec {line}"], cwd=ROOT, env=self.environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=errors,
        )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.child.poll() is None, f"it ended with {self.child.returncode}"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2):
                    return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError("it did not answer")

    def stop(self) -> float:
        """Ask it to stop; how many seconds that took."""
        assert self.child is not None
        began = time.monotonic()
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(15)
        finally:
            self.kill()
        return time.monotonic() - began

    def kill(self) -> None:
        """At once, with its workers, as if the machine had lost power."""
        if self.child is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()
            self.child = None
            self._wait_closed()

    def _wait_closed(self) -> None:
        """Its worker may live a moment longer, and keep the port."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with suppress(OSError):
                    probe.bind(("127.0.0.1", self.port))
                    return
            time.sleep(0.05)

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        found = [line for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in found)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_server(**environment: str) -> Server:
    values = settings.DATABASES["default"]
    url = make_conninfo(
        dbname=values["NAME"], user=values["USER"], password=values["PASSWORD"],
        host=values["HOST"], port=values["PORT"] or None,
    )  # fmt: skip
    made = {
        "DATABASE_URL": url,
        "HTTPS": "false",
        "LOG_LEVEL": os.environ.get("LIVE_SHOW", "CRITICAL"),
        "PATH": path_of_this_python(),
        "DJANGO_SETTINGS_MODULE": "erp.settings",
    }
    inherited = {key: value for key, value in os.environ.items() if key != "DATABASE_OWNER_URL"}
    return Server(free_port(), inherited | made | environment)


@contextmanager
def running(**environment: str) -> Iterator[Server]:
    server = new_server(**environment).start()
    try:
        yield server
    finally:
        server.kill()
