"""Web, worker and beat: their output on one console, restarted when they die, stopped together."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from honcho.environ import parse_procfile

from deploy import process

# A process that lived this long was healthy: its next failure starts the back-off anew.
_HEALTHY_SECONDS = 30.0
_LONGEST_PAUSE = 30.0
_GRACE_SECONDS = 15.0


def read_procfile(path: Path) -> dict[str, str]:
    """Process name to command. The format is honcho's; its manager is not used, because it
    stops everything when one process dies."""
    return dict(parse_procfile(path.read_text()).processes)


@dataclass
class App:
    """One line of the Procfile."""

    name: str
    command: str
    child: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started_at: float = 0.0
    restart_at: float = 0.0
    unfinished: bytes = b""


def _alive(app: App) -> bool:
    return app.child is not None and app.child.poll() is None


class Supervisor:
    """`pump()` does all the work, in the caller's thread: children are orphaned when it ends."""

    def __init__(
        self,
        commands: Mapping[str, str],
        environment: Mapping[str, str],
        emit: Callable[[str], None],
    ) -> None:
        self.apps = [App(name, command) for name, command in commands.items()]
        self._environment = dict(environment)
        self._emit = emit
        self._selector = selectors.DefaultSelector()
        self.last_output_at = time.monotonic()
        self._width = max((len(app.name) for app in self.apps), default=0)

    def start(self) -> None:
        for app in self.apps:
            self._start(app)

    def pump(self, seconds: float) -> None:
        """Shows output for up to `seconds`, notices deaths, restarts what is due."""
        self._show(seconds)
        now = time.monotonic()
        for app in self.apps:
            if app.child is not None and app.child.poll() is not None:
                self._buried(app, now)
            elif app.child is None and now >= app.restart_at:
                self._start(app)

    def stop(self) -> None:
        """Asks all at once and waits for all; what does not listen is killed with its children."""
        running = [app for app in self.apps if app.child is not None]
        for app in running:
            if app.child is not None and app.child.poll() is None:
                app.child.terminate()
        deadline = time.monotonic() + _GRACE_SECONDS
        while time.monotonic() < deadline and any(_alive(app) for app in running):
            self._show(0.1)
        for app in running:
            if _alive(app):
                self._emit(f"{app.name} did not stop within {_GRACE_SECONDS:.0f} s: killed")
            self._close(app)

    def _start(self, app: App) -> None:
        # Without `exec` the shell would stand between us and the signals.
        command = ["/bin/sh", "-c", f"exec {app.command}"]
        # How its sessions are called in the database, unless its URL says otherwise.
        environment = {"PGAPPNAME": f"erp-{app.name}"} | self._environment
        app.child = process.spawn(command, environment, process.Streams())
        assert app.child.stdout is not None
        app.started_at = time.monotonic()
        os.set_blocking(app.child.stdout.fileno(), False)
        self._selector.register(app.child.stdout, selectors.EVENT_READ, app)

    def _buried(self, app: App, now: float) -> None:
        code = app.child.returncode if app.child is not None else 0
        lived = now - app.started_at
        self._close(app)
        app.failures = 1 if lived > _HEALTHY_SECONDS else app.failures + 1
        pause = min(_LONGEST_PAUSE, 2.0 ** (app.failures - 1))
        app.restart_at = now + pause
        killed = f"was killed by {signal.Signals(-code).name}" if code < 0 else ""
        reason = killed or f"ended with code {code}"
        self._emit(f"{app.name} {reason} after {lived:.0f} s; restarting it in {pause:.0f} s")

    def _close(self, app: App) -> None:
        """The group too: a killed web server leaves its workers, and they hold the port."""
        child = app.child
        if child is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdout is not None:
            self._read(app)
            self._selector.unregister(child.stdout)
            child.stdout.close()
        app.child = None

    def _show(self, seconds: float) -> None:
        if not self._selector.get_map():
            time.sleep(seconds)
            return
        for key, _ in self._selector.select(seconds):
            if not self._read(key.data):
                time.sleep(0.05)  # end of output: the pipe stays readable until its owner is buried

    def _read(self, app: App) -> bool:
        assert app.child is not None
        assert app.child.stdout is not None
        try:
            block = os.read(app.child.stdout.fileno(), 65536)
        except BlockingIOError:
            return True
        *lines, app.unfinished = (app.unfinished + block).split(b"\n")
        if lines:
            self.last_output_at = time.monotonic()
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            self._emit(f"{app.name:<{self._width}} | {text}")
        return bool(block)
