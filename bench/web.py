"""Servers as the Procfile starts them; the web one with the addresses to compare with added."""

import os
import shlex
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.database import BenchError
from deploy.process import path_of_this_python
from deploy.supervisor import read_procfile

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Server:
    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def web_server() -> AbstractContextManager[Server]:
    """Until the block ends."""
    line = read_procfile(ROOT / "Procfile")["web"]
    return _serving(line.replace("erp.wsgi:application", "bench.wsgi:application"), "${PORT:-8000}")


def live_server() -> AbstractContextManager[Server]:
    """The process of the streams, until the block ends."""
    return _serving(read_procfile(ROOT / "Procfile")["live"], "${LIVE_PORT:-8001}")


@contextmanager
def _serving(line: str, port_named: str) -> Iterator[Server]:
    """granian with the Procfile's options."""
    port = _free_port()
    environment = os.environ | {
        "PORT": str(port),
        "HTTPS": "false",
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "PATH": path_of_this_python(),
    }
    command = os.path.expandvars("exec " + line.replace(port_named, str(port)))
    child = subprocess.Popen(
        ["sh", "-c", command], cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        server = Server(child.pid, port)
        _wait_until_ready(server, child, shlex.split(line)[0])
        yield server
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def request(server: Server, path: str, token: str, body: bytes | None = None) -> tuple[int, bytes]:
    """One call, to see that an address answers as it should before it is measured."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    asked = urllib.request.Request(f"{server.url}{path}", data=body, headers=headers)  # noqa: S310  ours
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def _wait_until_ready(server: Server, child: subprocess.Popen[bytes], program: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise BenchError(f"{program} ended with {child.returncode}.")
        try:
            with urllib.request.urlopen(f"{server.url}/healthz", timeout=2):  # noqa: S310
                return
        except OSError:
            time.sleep(0.1)
    raise BenchError(f"{program} did not answer within {START_SECONDS} s.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
