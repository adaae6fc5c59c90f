"""The service called in process: one process per client, as many workers would."""

import pickle
import subprocess
import sys
from collections.abc import Sequence
from datetime import date

from bench.database import BenchError, Latencies
from bench.measure import Load
from bench.processes import cpu_seconds
from bench.world import Company


def service_load(
    companies: Sequence[Company], day: date, postmaster: int, *, clients: int, seconds: float
) -> Load:
    """`document_create(..., post=True)` in `clients` processes at once.

    Both CPUs are read around the measured calls, so that the start of the
    processes and their first, unprepared calls do not count.
    """
    started = [_start(companies[n::clients], day, seconds) for n in range(clients)]
    try:
        for each in started:
            _line(each)  # it is warm
        before = cpu_seconds(postmaster)
        for each in started:
            assert each.stdin is not None
            each.stdin.write(b"go\n")
            each.stdin.flush()
        found = [_result(each) for each in started]
        database_cpu = cpu_seconds(postmaster) - before
    finally:
        for each in started:
            each.kill()
            each.wait()
    milliseconds = [each for times, _ in found for each in times]
    python_cpu = sum(cpu for _, cpu in found)
    return Load(Latencies.of(milliseconds, seconds), python_cpu, database_cpu)


def _start(companies: Sequence[Company], day: date, seconds: float) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.service_client"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    pickle.dump((companies, day, seconds), child.stdin)
    child.stdin.flush()
    return child


def _line(child: subprocess.Popen[bytes]) -> bytes:
    assert child.stdout is not None
    said = child.stdout.readline()
    if not said:
        raise BenchError("A service client ended; its error is above.")
    return said


def _result(child: subprocess.Popen[bytes]) -> tuple[list[float], float]:
    _line(child)
    assert child.stdout is not None
    times, cpu = pickle.load(child.stdout)  # noqa: S301  our own child wrote it
    return times, cpu
