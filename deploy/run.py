"""`python -m deploy.run` (`make run`): everything on this machine, until Ctrl-C."""

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
from pathlib import Path
from types import FrameType
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
_SERVER_HEALTHY_SECONDS = 60
T = TypeVar("T")


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal. Not an Exception, so that nothing swallows it."""


def emit(line: str) -> None:
    try:
        print(line, flush=True)
    except OSError:  # the reader of our output is gone; the system goes on
        pass


def step(what: str, work: Callable[[], T]) -> T:
    started = time.monotonic()
    result = work()
    emit(f"{what:<44} {time.monotonic() - started:6.1f} s")
    return result


def listen_for_signals() -> None:
    def stopped(number: int, frame: FrameType | None) -> None:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            signal.signal(signal.Signals[name], signal.SIG_IGN)  # once is enough: do not disturb the shutdown
        raise Stopped

    signal.signal(signal.SIGINT, stopped)
    signal.signal(signal.SIGTERM, stopped)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup asked us to ignore it
        signal.signal(signal.SIGHUP, stopped)


class Run:
    """One `make run`, in the order of its methods."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.stack = Stack(data_dir)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.environment: dict[str, str] = {}
        self.supervisor: Supervisor | None = None
        self._revived_at: dict[str, float] = {}

    def everything(self) -> None:
        self.stack.claim(f"{self.url} (process {os.getpid()})")
        process.stop_marked(f"{MARKER}={self.stack.data_dir}")
        require_free(self.port)
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
        self.environment = self.stack.environment() | {"PORT": str(self.port)}
        envfile.write(self.stack.data_dir / "env", self.environment)

    def prepare(self) -> dict[str, Any]:
        step("Migrations", lambda: self.manage("migrate", "--noinput"))
        step("Static files", lambda: self.manage("collectstatic", "--noinput"))
        said = step("Demo companies", lambda: self.manage("seed_demo", "--json"))
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
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        made = {"PATH": path, "PYTHONUNBUFFERED": "1", MARKER: str(self.stack.data_dir)}
        return os.environ | self.environment | made

    def apps(self) -> None:
        environment = {
            key: value for key, value in self.process_environment().items() if key not in PRIVILEGED
        }
        self.supervisor = Supervisor(read_procfile(envfile.ROOT / "Procfile"), environment, emit)
        self.supervisor.start()
        step("Web, worker and beat", self.wait_for_web)

    def wait_for_web(self) -> None:
        assert self.supervisor is not None
        web = next(app for app in self.supervisor.apps if app.name == "web")
        deadline = time.monotonic() + _READY_SECONDS
        while not answers(f"{self.url}/healthz"):
            self.watch()
            if web.failures >= _WEB_FAILURES_BEFORE_READY:
                raise StackError("web does not start (see above)")
            if time.monotonic() > deadline:
                raise StackError(f"{self.url}/healthz did not answer 200 within {_READY_SECONDS} s")

    def announce(self, logins: Mapping[str, Any]) -> None:
        names = {tenant["slug"]: tenant["name"] for tenant in logins.get("tenants", [])}
        rows = [("e-mail", "password", "role", "company")]
        for user in logins.get("users", []):
            tenant = user.get("tenant") or ""
            rows.append((user["email"], user["password"], user["role"], names.get(tenant, tenant)))
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        emit(f"\nReady on {self.url}")
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
                step("Stopped web, worker and beat", self.supervisor.stop)
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
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def main() -> int:
    listen_for_signals()
    os.chdir(envfile.ROOT)
    try:
        Run(envfile.data_dir(os.environ), wanted_port(os.environ.get("PORT") or "8000")).everything()
    except Stopped:
        return 0
    except (StackError, OSError) as error:
        print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
