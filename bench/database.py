"""PostgreSQL as its superuser sees it: load data, warm pages, count CPU, run pgbench."""

import os
import re
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psutil
import psycopg
from tqdm import tqdm

from bench.processes import sessions_cpu_seconds
from deploy.cluster import binaries

SQL = Path(__file__).parent / "sql"
#: A plan is made once per session, as in a process that lives for days.
PLANNED_ONCE = "-c plan_cache_mode=force_generic_plan"


class BenchError(Exception):
    """A measurement that means nothing: it says why."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """What a load generator saw: finished operations and how long each took."""

    operations: int
    seconds: float
    p50_ms: float
    p95_ms: float

    @classmethod
    def of(cls, milliseconds: Sequence[float], seconds: float) -> "Latencies":
        if len(milliseconds) < 2:
            raise BenchError("Too few operations to say anything; raise BENCH_SECONDS.")
        cuts = statistics.quantiles(milliseconds, n=20, method="inclusive")
        return cls(len(milliseconds), seconds, statistics.median(milliseconds), cuts[18])


def superuser_dsn() -> str:
    directory = os.environ.get("POSTGRES_SOCKET_DIR")
    if not directory:
        raise BenchError("The benchmarks need a stack of their own: make bench")
    return f"host={directory} user=postgres dbname=erp"


def application_dsn() -> str:
    return os.environ["DATABASE_URL"]


class Database:
    """One superuser's connection, kept for the whole run."""

    def __init__(self) -> None:
        self._connection = psycopg.connect(superuser_dsn(), autocommit=True)
        self.run("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
        backend = self.value("SELECT pg_backend_pid()")
        self.postmaster = psutil.Process(backend).ppid()

    def run(self, sql: str, parameters: Any = None) -> None:
        self._connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: Any = None) -> list[Any]:
        return self._connection.execute(sql, parameters).fetchall()

    def value(self, sql: str, parameters: Any = None) -> Any:
        [[found]] = self.rows(sql, parameters)
        return found

    def script(self, name: str, **values: str | int) -> None:
        """Run a file of `bench/sql`; `{name}` in it is replaced, text quoted by the caller."""
        text = (SQL / name).read_text().format(**values)
        for statement in tqdm(text.split(";\n"), desc=name, leave=False, delay=2):
            if statement.strip():
                self._connection.execute(statement)

    @contextmanager
    def without_autovacuum(self) -> Iterator[None]:
        """Tables are vacuumed between the loads instead, so that no load pays for another's."""
        self._set_autovacuum("off")
        try:
            yield
        finally:
            self._set_autovacuum("on")

    def _set_autovacuum(self, value: LiteralString) -> None:
        self.run(f"ALTER SYSTEM SET autovacuum = {value}")
        self.run("SELECT pg_reload_conf()")

    def cpu_seconds(self) -> float:
        return sessions_cpu_seconds(self.postmaster)

    def quiesce(self, tables: Sequence[str]) -> None:
        """Before every load: `tables` tidy and in memory with their indexes, nothing to write."""
        for table in tables:
            self.run(f"VACUUM (ANALYZE) {table}")
            self.run(
                "SELECT pg_prewarm(i) FROM (SELECT %(t)s::regclass AS i UNION ALL "
                "SELECT indexrelid FROM pg_index WHERE indrelid = %(t)s::regclass) r",
                {"t": table},
            )
        self.run("CHECKPOINT")

    def version(self) -> str:
        return str(self.value("SHOW server_version"))


def pgbench(dsn: str, scripts: Sequence[str], *, clients: int, seconds: float) -> Latencies:
    """Run `scripts`, one picked at random per transaction, each statement prepared once."""
    with tempfile.TemporaryDirectory(prefix="erp-bench-") as folder:
        files = []
        for index, script in enumerate(scripts):
            path = Path(folder) / f"{index}.sql"
            path.write_text(script)
            files += ["-f", str(path)]
        command = [
            str(binaries() / "pgbench"), "-n", "-M", "prepared", "-c", str(clients),
            "-j", str(min(clients, 2)), "-T", str(max(1, round(seconds))),
            "-l", f"--log-prefix={folder}/log", *files, dsn,
        ]  # fmt: skip
        environment = os.environ | {"PGOPTIONS": PLANNED_ONCE}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        rate = re.search(r"tps = ([0-9.]+)", done.stdout)
        failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
        if done.returncode or rate is None or (failed and failed[1] != "0"):
            raise BenchError(f"pgbench: {(done.stderr.strip() or done.stdout)[-800:]}")
        logs = "".join(path.read_text() for path in Path(folder).glob("log.*"))
    milliseconds = [float(line.split(" ", 3)[2]) / 1000 for line in logs.splitlines()]
    return Latencies.of(milliseconds, len(milliseconds) / float(rate[1]))
