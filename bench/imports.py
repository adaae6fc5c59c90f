"""Target 16: a whole file through `import_invoices`, against multi-row INSERT of the same rows."""

import csv
import gzip
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import psutil
import psycopg
from psycopg import sql
from tqdm import tqdm

from bench.database import BenchError, Database, application_dsn, superuser_dsn
from bench.measure import NOT_TIMED, Figure, find, ratio
from bench.results import Target
from bench.scale import Scale
from bench.web import ROOT
from bench.world import Company, company_new

IMPORT, INSERTS = "import_invoices", "multi-row INSERT on bare tables"
RETAIL = ROOT.parent / "shared" / "data" / "01-online-retail"
WHOLE_FILE = RETAIL / "online_retail_2010-12_2011-10.csv.gz"
#: Where the data folder is missing; small, so that starting up is part of the result.
DEMO_FILE = ROOT / "demo" / "online-retail" / "lines.csv"
ROUNDS_MAX = 2
ROWS_PER_STATEMENT = 1_000
ROWS_PER_TRANSACTION = 10_000
#: Bare table: where its rows come from. Account days are not written here: one
#: row in a thousand, and the import updates them in place.
COPIED = {
    "bench.document": "accounting_document",
    "bench.documentline": "accounting_documentline",
    "bench.journal": "accounting_journal",
    "bench.journalline": "accounting_journalline",
}


def imports(database: Database, scale: Scale) -> list[Figure]:
    """Each round into a company of its own."""
    taken: dict[str, list[Figure]] = {INSERTS: [], IMPORT: []}
    with _file(scale.import_lines) as (path, lines):
        for _ in tqdm(range(min(scale.rounds, ROUNDS_MAX)), desc="imports", leave=False):
            company = company_new()
            database.run("CHECKPOINT")
            taken[IMPORT].append(_import(database, company, path, lines))
            database.script("bare.sql")
            database.run("CHECKPOINT")
            taken[INSERTS].append(_insert(database, company, lines))
    return [max(figures, key=lambda f: f.per_second) for figures in taken.values()]


def import_once(database: Database, company: Company, lines: int, name: str) -> Figure:
    """The first lines of the file into this company."""
    with _file(lines) as (path, there):
        return replace(_import(database, company, path, there), name=name)


@contextmanager
def _file(most: int) -> Iterator[tuple[Path, int]]:
    """The file, or as many of its first lines as are asked for, and their number."""
    with tempfile.TemporaryDirectory(prefix="erp-bench-") as folder:
        short = Path(folder) / "lines.csv"
        with _opened() as source:
            rows = csv.reader(source)
            with short.open("w", encoding="utf-8", newline="") as target:
                writer, lines = csv.writer(target), -1
                for lines, row in enumerate(islice(rows, most + 1)):  # noqa: B007
                    writer.writerow(row)
        yield short, lines


def _opened() -> TextIO:
    if WHOLE_FILE.exists():
        return gzip.open(WHOLE_FILE, "rt", encoding="utf-8", newline="")
    return DEMO_FILE.open(encoding="utf-8", newline="")


def _import(database: Database, company: Company, path: Path, lines: int) -> Figure:
    report = path.with_name(f"refused-{company.slug}.csv")
    command = [sys.executable, "manage.py", "import_invoices", str(path), "--tenant", company.slug,
               "--report", str(report), "--verbosity", "0"]  # fmt: skip
    before = database.cpu_seconds()
    own = psutil.Process().cpu_times()
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise BenchError(f"import_invoices: {done.stderr.strip()[-800:]}")
    after = psutil.Process().cpu_times()
    python_cpu = (after.children_user + after.children_system) - (
        own.children_user + own.children_system
    )
    database_cpu = database.cpu_seconds() - before
    return _figure(IMPORT, lines, seconds, database_cpu, python_cpu)


def _insert(database: Database, company: Company, lines: int) -> Figure:
    """The rows that the import has left: read and put into SQL outside of the clock."""
    seconds = cpu = 0.0
    with (
        psycopg.connect(superuser_dsn()) as reading,
        psycopg.connect(application_dsn()) as writing,
    ):
        for bare, product in COPIED.items():
            for rows in _batches(reading, product, company):
                statements = _statements(writing, bare, rows)
                before, started = database.cpu_seconds(), time.perf_counter()
                for statement in statements:
                    _execute(writing, statement)
                writing.commit()
                seconds += time.perf_counter() - started
                cpu += database.cpu_seconds() - before
        [[written]] = reading.execute("SELECT count(*) FROM bench.documentline").fetchall()
    if not written:
        raise BenchError("Nothing was imported, so there is nothing to compare with.")
    return _figure(INSERTS, lines, seconds, cpu, None)


def _execute(connection: psycopg.Connection[Any], statement: bytes) -> None:
    """Without psycopg's look at a megabyte of text for parameters that are not there."""
    result = connection.pgconn.exec_(statement)
    if result.status != psycopg.pq.ExecStatus.COMMAND_OK:
        raise BenchError(f"INSERT: {result.get_error_message()}")


def _batches(
    connection: psycopg.Connection[Any], table: str, company: Company
) -> Iterator[Sequence[Any]]:
    with connection.cursor(name="rows") as cursor:
        cursor.itersize = ROWS_PER_TRANSACTION
        cursor.execute(
            sql.SQL("SELECT * FROM {} WHERE tenant_id = %s").format(sql.Identifier(table)),
            [company.tenant_id],
        )
        while rows := cursor.fetchmany(ROWS_PER_TRANSACTION):
            yield rows


def _statements(
    connection: psycopg.Connection[Any], table: str, rows: Sequence[Any]
) -> list[bytes]:
    """One transaction: statements of a thousand rows with their values written out."""
    cursor = psycopg.ClientCursor(connection)
    found = ["BEGIN"]
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        batch = rows[start : start + ROWS_PER_STATEMENT]
        row = f"({', '.join(['%s'] * len(batch[0]))})"
        values = ", ".join(cursor.mogrify(row, list(one)) for one in batch)
        found.append(f"INSERT INTO {table} VALUES {values}")
    return [statement.encode() for statement in found]


def _figure(
    name: str, lines: int, seconds: float, database_cpu: float, python_cpu: float | None
) -> Figure:
    per_line = None if python_cpu is None else python_cpu / lines * 1e6
    return Figure(
        name, 1, lines / seconds, NOT_TIMED, NOT_TIMED, database_cpu / lines * 1e6, per_line
    )


def import_targets(figures: Sequence[Figure]) -> list[Target]:
    return [
        Target("16", "import of invoices, lines per second, of multi-row INSERT",
               ratio(find(figures, IMPORT, 1).per_second, find(figures, INSERTS, 1).per_second),
               floor=0.15, aim=0.40, unit="%")
    ]  # fmt: skip
