"""Relay and workers as the Procfile starts them, on the test's database, to be killed."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from django.conf import settings
from psycopg.conninfo import make_conninfo

from deploy.process import path_of_this_python
from deploy.supervisor import read_procfile
from tests.jobs.desk import until

ROOT = Path(__file__).resolve().parents[2]
#: A broker database for each test worker: their messages must not wake each other's workers.
FIRST_BROKER = 2


@dataclass
class Process:
    name: str
    command: str
    environment: dict[str, str] = field(repr=False)
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> "Process":
        show = None if "JOBS_SHOW" in os.environ else subprocess.DEVNULL
        self.child = subprocess.Popen(
            ["sh", "-c", f"exec {self.command}"], cwd=ROOT, env=self.environment,
            start_new_session=True, stdout=show, stderr=show,
        )  # fmt: skip
        return self

    @property
    def is_alive(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def descendants(self) -> list[psutil.Process]:
        if not self.is_alive:
            return []
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.child.pid).children(recursive=True)
        return []

    def kill_child(self, number: int) -> bool:
        """One of the worker's processes, as the kernel does when memory runs out."""
        found = self.descendants()
        if not found:
            return False
        with suppress(psutil.NoSuchProcess):
            found[number % len(found)].kill()
        return True

    def kill_tree(self) -> None:
        """Everything at once, as if the machine had lost power."""
        if self.child is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()
            self.child = None

    def stop(self) -> float:
        """Ask it to stop; how many seconds that took."""
        assert self.child is not None
        began = time.monotonic()
        self.child.terminate()
        try:
            self.child.wait(30)
        finally:
            self.kill_tree()
        return time.monotonic() - began


def process(name: str, **environment: str) -> Process:
    """A line of the Procfile, or `work`, which is in none."""
    lines = read_procfile(ROOT / "Procfile") | {"work": "python manage.py work"}
    return Process(name, lines[name], _environment() | environment)


def broker_url() -> str:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    base = settings.REDIS_URL.rpartition("/")[0]
    return f"{base}/{FIRST_BROKER + int(worker) % 10}"


@contextmanager
def running(*names: str, **environment: str) -> Iterator[list[Process]]:
    found = [process(name, **environment).start() for name in names]
    try:
        yield found
    finally:
        for one in found:
            one.kill_tree()


def gone(pid: int) -> None:
    until(lambda: not psutil.pid_exists(pid))


def _environment() -> dict[str, str]:
    values = settings.DATABASES["default"]
    url = make_conninfo(
        dbname=values["NAME"], user=values["USER"], password=values["PASSWORD"],
        host=values["HOST"], port=values["PORT"] or None,
    )  # fmt: skip
    made = {
        "DATABASE_URL": url,
        "HTTPS": "false",
        "LOG_LEVEL": "WARNING",
        "PATH": path_of_this_python(),
        "DJANGO_SETTINGS_MODULE": "tests.jobs.settings",
        "CELERY_BROKER_URL": broker_url(),
    }
    inherited = {key: value for key, value in os.environ.items() if key != "DATABASE_OWNER_URL"}
    return inherited | made
