"""The whole system on one machine: servers, schema, demo, then the processes of the Procfile."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from deploy import envfile, process
from deploy.errors import StackError
from deploy.stack import Stack
from deploy.supervisor import Supervisor, read_procfile

MARKER = "ERP_STACK"
# The processes that face the network never learn these.
PRIVILEGED = ("DATABASE_OWNER_URL", "DATABASE_BACKUP_URL")
_READY_SECONDS = 120
_WEB_FAILURES_BEFORE_READY = 3
_QUIET_SECONDS, _SETTLING_SECONDS = 2.0, 6.0
_SERVER_HEALTHY_SECONDS = 60
T = TypeVar("T")


def emit(line: str) -> None:
    with suppress(OSError):  # the reader of our output is gone; the system goes on
        print(line, flush=True)


def step(what: str, work: Callable[[], T]) -> T:
    started = time.monotonic()
    result = work()
    emit(f"{what:<44} {time.monotonic() - started:6.1f} s")
    return result


class System:
    """One `make run`, in the order of its methods."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.stack = Stack(data_dir)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.live_port = wanted_port(os.environ.get("LIVE_PORT") or str(port + 1))
        self.live_url = f"http://127.0.0.1:{self.live_port}"
        self.environment: dict[str, str] = {}
        self.supervisor: Supervisor | None = None
        self._revived_at: dict[str, float] = {}

    def everything(self) -> None:
        self.stack.claim(f"{self.url} (process {os.getpid()})")
        process.stop_marked(f"{MARKER}={self.stack.data_dir}")
        require_free(self.port)
        require_free(self.live_port)
        try:
            self.servers()
            logins = self.prepare()
            self.apps()
            self.announce(logins)
            while True:
                self.watch()
        finally:
            self.down()

    def servers(self) -> None:
        for name, variable, start in (
            ("PostgreSQL", "DATABASE_URL", self.stack.start_postgres),
            ("Valkey", "REDIS_URL", self.stack.start_valkey),
        ):
            step(f"{name} of {variable}" if os.environ.get(variable) else name, start)
        # Nothing in front of us speaks TLS.
        here = {
            "PORT": str(self.port),
            "LIVE_PORT": str(self.live_port),
            "HTTPS": os.environ.get("HTTPS") or "false",
        }
        self.environment = self.stack.environment() | here
        envfile.write(self.stack.data_dir / "env", self.environment)

    def prepare(self) -> dict[str, Any]:
        step("Migrations", lambda: self.manage("migrate", "--noinput"))
        step("Static files", lambda: self.manage("collectstatic", "--noinput"))
        said = step("Demo companies", lambda: self.manage("seed_demo", "--json"))
        step("Demo conversations", lambda: self.manage("seed_conversations"))
        step("Demo usage", lambda: self.manage("seed_usage"))
        try:
            logins = json.loads(said)
        except ValueError:
            raise StackError(f"seed_demo did not print JSON but: {said[-500:]}") from None
        return dict(logins)

    def manage(self, *arguments: str) -> str:
        """Its standard output. A failure shows the end of what it said."""
        command = [sys.executable, str(envfile.ROOT / "manage.py"), *arguments]
        streams = process.Streams(stderr=subprocess.PIPE)
        child = process.spawn(command, self.process_environment(), streams)
        try:
            out, error = child.communicate()
        finally:
            process.stop_child(child, signal.SIGTERM, 10)
        if child.returncode != 0:
            said = (out + error).decode(errors="replace").strip().splitlines()[-20:]
            raise StackError("\n".join([f"manage.py {' '.join(arguments)} failed:", *said]))
        return out.decode()

    def process_environment(self) -> dict[str, str]:
        made = {
            "PATH": process.path_of_this_python(),
            "PYTHONUNBUFFERED": "1",
            MARKER: str(self.stack.data_dir),
        }
        return os.environ | self.environment | made

    def apps(self) -> None:
        environment = {
            key: value for key, value in self.process_environment().items() if key not in PRIVILEGED
        }
        self.supervisor = Supervisor(read_procfile(envfile.ROOT / "Procfile"), environment, emit)
        self.supervisor.start()
        step("Web, live, worker, relay, webhooks and beat", self.wait_for_web)

    def wait_for_web(self) -> None:
        assert self.supervisor is not None
        web = next(app for app in self.supervisor.apps if app.name == "web")
        deadline = time.monotonic() + _READY_SECONDS
        addresses = [f"{self.url}/healthz", f"{self.live_url}/healthz"]
        while not all(answers(address) for address in addresses):
            self.watch()
            if web.failures >= _WEB_FAILURES_BEFORE_READY:
                raise StackError("web does not start (see above)")
            if time.monotonic() > deadline:
                raise StackError(f"{self.url}/healthz did not answer 200 within {_READY_SECONDS} s")
        # Worker and beat greet us a little later, and "Ready" is to be the last line.
        settled = time.monotonic() + _SETTLING_SECONDS
        while time.monotonic() < min(settled, self.supervisor.last_output_at + _QUIET_SECONDS):
            self.watch()

    def announce(self, logins: Mapping[str, Any]) -> None:
        names = {tenant["slug"]: tenant["name"] for tenant in logins.get("tenants", [])}
        rows = [("e-mail", "password", "role", "company")]
        for user in logins.get("users", []):
            tenant = user.get("tenant") or ""
            rows.append((user["email"], user["password"], user["role"], names.get(tenant, tenant)))
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        emit(f"\nEvents stream from {self.live_url}/api/v1/live/")
        if not os.environ.get("EMAIL_URL"):
            emit(f"Mails are files in {self.stack.data_dir / 'mail'}; none leaves this machine")
        emit(f"Ready on {self.url}")
        for row in rows:
            cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
            emit("  " + "  ".join(cells).rstrip())

    def watch(self) -> None:
        assert self.supervisor is not None
        self.supervisor.pump(0.25)
        self.revive("PostgreSQL", self.stack.postgres)
        self.revive("Valkey", self.stack.valkey)

    def revive(self, name: str, server: Any) -> None:
        """A server that dies twice in a minute has a reason that a restart does not mend."""
        if server is None or server.child is None or server.child.poll() is None:
            return
        code = server.child.returncode
        if time.monotonic() - self._revived_at.get(name, -1e9) < _SERVER_HEALTHY_SECONDS:
            raise StackError(f"{name} ended again (code {code}): see {server.log}")
        emit(f"{name} ended (code {code}); restarting it")
        self._revived_at[name] = time.monotonic()
        server.start()

    def down(self) -> None:
        emit("Stopping")
        try:
            if self.supervisor is not None:
                step("Stopped web, live, worker, relay, webhooks and beat", self.supervisor.stop)
        finally:
            step("Stopped Valkey and PostgreSQL", self.stack.stop)


def wanted_port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise StackError(f"PORT must be a number from 1 to 65535, not {text}")


def require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            reason = f"Port {port} cannot be used ({error.strerror})."
            raise StackError(f"{reason} Try: make run PORT=8001") from None


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 (our own http address)
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False
