"""Processes: ours, and those that an earlier run left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deploy import privileges
from deploy.errors import StackError


@dataclass(frozen=True)
class Streams:
    stdin: int = subprocess.DEVNULL
    stdout: int | IO[bytes] = subprocess.PIPE
    stderr: int | IO[bytes] = subprocess.STDOUT


def spawn(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    streams: Streams,
    *,
    identity: privileges.Identity | None = None,
    signal_on_orphaned: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """A child in a session of its own (the terminal's Ctrl-C is for us) that does not outlive us.

    To be called from the main thread: the kernel counts a child as orphaned when the thread that
    made it ends. There is only one thread here, which also makes `preexec_fn` safe.
    """
    try:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=streams.stdin,
            stdout=streams.stdout,
            stderr=streams.stderr,
            cwd="/" if identity else None,  # ours may be closed to it
            start_new_session=True,
            preexec_fn=privileges.before_exec(identity, signal_on_orphaned),
        )
    except subprocess.SubprocessError:  # the only thing that can fail there
        raise StackError(
            "Root may not change its user here, which PostgreSQL needs: use an ordinary user."
        ) from None


def command_line(pid: int) -> str:
    """Of a living process; empty if there is none (or it is a zombie)."""
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.parent.parent.joinpath("self").exists():
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    ps = ["ps", "-p", str(pid), "-o", "args="]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout.strip()


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def stop_child(child: subprocess.Popen[bytes], first: int, seconds: float) -> None:
    """Asks with `first`, and does not ask again when that was not enough."""
    if child.poll() is None:
        child.send_signal(first)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def stop_orphan(pid: int, first: int, seconds: float) -> None:
    """The same for a process that is not our child any more."""
    for number, patience in ((first, seconds), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if wait_until(lambda: not command_line(pid), patience):
            return


def pids_marked(marker: str) -> list[int]:
    """Those with `marker` (KEY=value) in their environment. Linux only; elsewhere none."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if marker.encode() in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def pids_titled(title: str) -> list[int]:
    """Living processes that call themselves so. Linux only; elsewhere none."""
    pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return [pid for pid in pids if command_line(pid).startswith(title)]


def stop_marked(marker: str, seconds: float = 10.0) -> int:
    """Ends what a killed supervisor left behind (a web server's own children, say)."""
    pids = pids_marked(marker)
    for pid in pids:
        signal_quietly(pid, signal.SIGTERM)
    wait_until(lambda: not pids_marked(marker), seconds)
    for pid in pids_marked(marker):
        signal_quietly(pid, signal.SIGKILL)
    wait_until(lambda: not pids_marked(marker), 2.0)
    return len(pids)


def signal_quietly(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def path_of_this_python() -> str:
    """`PATH` such that `python` and `celery` are those beside the Python that runs us."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
