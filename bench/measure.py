"""Rounds: every variant takes its turn, so that a noisy neighbour meets all of them."""

import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from tqdm import tqdm

from bench.database import Database, Latencies
from bench.processes import cpu_seconds

#: For what is one long piece of work and has no latency.
NOT_TIMED = math.nan


@dataclass(frozen=True, slots=True)
class Figure:
    """One variant: medians over its rounds. CPU is per operation, in microseconds."""

    name: str
    clients: int
    per_second: float
    p50_ms: float
    p95_ms: float
    database_cpu_us: float
    #: Of the process that does the work: web server or service call. None for pgbench.
    python_cpu_us: float | None = None

    @property
    def cpu_us(self) -> float:
        return self.database_cpu_us + (self.python_cpu_us or 0)

    def as_row(self) -> dict[str, Any]:
        row = asdict(self)
        return {name: None if value != value else value for name, value in row.items()}  # NaN


@dataclass(frozen=True, slots=True)
class Load:
    """What a variant ran: latencies, and the CPU where it knows better than its surroundings."""

    latencies: Latencies
    python_cpu_seconds: float | None = None
    database_cpu_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    name: str
    clients: int
    run: Callable[[], Load]
    #: The web server, whose CPU is read from outside.
    server_pid: int | None = None
    tables: Sequence[str] = ()
    #: Run once before it is measured, where processes live on between the rounds.
    warm: Callable[[], object] | None = None


def rounds(database: Database, variants: Sequence[Variant], count: int, title: str) -> list[Figure]:
    """Each variant once per round, in the order given; the median of each number."""
    taken: dict[int, list[Figure]] = {index: [] for index in range(len(variants))}
    turns = [(number, index) for number in range(count) for index in range(len(variants))]
    progress = tqdm(turns, desc=title, leave=False)
    with database.without_autovacuum():
        for _, index in progress:
            variant = variants[index]
            progress.set_postfix_str(f"{variant.name}, {variant.clients}")
            if not taken[index] and variant.warm:
                variant.warm()
            taken[index].append(_once(database, variant))
    return [_median(figures) for figures in taken.values()]


def _once(database: Database, variant: Variant) -> Figure:
    database.quiesce(variant.tables)
    pid = variant.server_pid
    server_before = cpu_seconds(pid) if pid else 0.0
    before = database.cpu_seconds()
    load = variant.run()
    _backends_gone(database)
    database_cpu = database.cpu_seconds() - before
    if load.database_cpu_seconds is not None:
        database_cpu = load.database_cpu_seconds
    python_cpu = cpu_seconds(pid) - server_before if pid else load.python_cpu_seconds
    seen = load.latencies
    return Figure(
        name=variant.name,
        clients=variant.clients,
        per_second=seen.operations / seen.seconds,
        p50_ms=seen.p50_ms,
        p95_ms=seen.p95_ms,
        database_cpu_us=database_cpu / seen.operations * 1e6,
        python_cpu_us=None if python_cpu is None else python_cpu / seen.operations * 1e6,
    )


def _backends_gone(database: Database) -> None:
    """Wait until pgbench's sessions were collected by the postmaster, which then has their CPU."""
    running = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'"
    for _ in range(100):
        if database.value(running) == 0:
            break
        time.sleep(0.02)
    time.sleep(0.1)


def _median(figures: Sequence[Figure]) -> Figure:
    first = figures[0]

    def middle(name: str) -> Any:
        values = [getattr(figure, name) for figure in figures]
        return None if values[0] is None else statistics.median(values)

    numbers = ("per_second", "p50_ms", "p95_ms", "database_cpu_us", "python_cpu_us")
    return Figure(first.name, first.clients, **{name: middle(name) for name in numbers})


def find(figures: Iterable[Figure], name: str, clients: int) -> Figure:
    return next(f for f in figures if f.name == name and f.clients == clients)


def ratio(numerator: float, denominator: float) -> float:
    with suppress(ZeroDivisionError):
        return numerator / denominator
    return float("nan")
