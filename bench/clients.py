"""Load from processes of Python: each does its own calls, all start at the same moment."""

import json
import subprocess
from collections.abc import Mapping, Sequence

from bench.database import BenchError, Latencies
from bench.measure import Load
from bench.processes import sessions_cpu_seconds
from bench.web import ROOT

Child = subprocess.Popen[str]


def clients_load(
    commands: Sequence[Sequence[str]],
    environment: Mapping[str, str],
    postmaster: int,
    seconds: float,
) -> Load:
    """Both CPUs are read around the measured calls only: starting up and warming do not count."""
    children = [
        subprocess.Popen(
            command, cwd=ROOT, env=dict(environment), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for command in commands
    ]  # fmt: skip
    try:
        for child in children:
            _said(child)  # it is warm
        before = sessions_cpu_seconds(postmaster)
        for child in children:
            _tell(child, f"{seconds}\n")
        found = [json.loads(_said(child)) for child in children]
        database_cpu = sessions_cpu_seconds(postmaster) - before
    finally:
        for child in children:
            child.kill()
            child.communicate()
    milliseconds = [each for one in found for each in one["milliseconds"]]
    python_cpu = sum(one["cpu_seconds"] for one in found)
    return Load(Latencies.of(milliseconds, seconds), python_cpu, database_cpu)


def _tell(child: Child, line: str) -> None:
    assert child.stdin is not None
    child.stdin.write(line)
    child.stdin.flush()


def _said(child: Child) -> str:
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise BenchError("A client process ended; its error is above.")
    return line
