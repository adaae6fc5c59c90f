"""Exports: rows a second of a job that makes the file, against COPY of the same rows."""

import time
from collections.abc import Callable

import psycopg

from accounting.services.reference import contact_create
from bench.database import Database, Latencies, application_dsn
from bench.measure import Figure, Load, Variant, rounds
from bench.scale import Scale
from bench.world import Company, company_new
from core.exports.lists import Wanted
from core.exports.services import export_start
from core.jobs.runner import queues_served, run_next
from core.tenancy.context import Context
from core.tenancy.transactions import command

COPY = "COPY of the rows as CSV"
COLUMNS = ("id", "name", "email", "country", "tax_number", "payment_terms_days", "is_active")
BATCH = 50


def exporting(database: Database, scale: Scale) -> list[Figure]:
    company = company_new()
    count = scale.rows(20_000, 2_000)
    for start in range(0, count, BATCH):
        _fill(company.ctx(), start=start, count=min(BATCH, count - start))
    variants = [Variant(COPY, 1, lambda: _timed(count, lambda: _copy(company)))]
    variants += [
        Variant(f"export as {kind}", 1, lambda kind=kind: _export(company, kind, count))
        for kind in ("csv", "xlsx")
    ]
    return rounds(database, variants, scale.rounds, "exporting")


@command
def _fill(ctx: Context, *, start: int, count: int) -> None:
    for number in range(start, start + count):
        values = {"name": f"Customer {number}", "email": f"c{number}@example.test", "country": "GB"}
        contact_create(ctx, values=values)


def _copy(company: Company) -> None:
    with psycopg.connect(application_dsn()) as connection:
        connection.execute(f"SET LOCAL app.tenant_id = '{company.tenant_id}'")
        asked = f"SELECT {', '.join(COLUMNS)} FROM accounting_contact ORDER BY name, id"
        with connection.cursor().copy(f"COPY ({asked}) TO STDOUT (FORMAT csv, HEADER)") as rows:
            for _ in rows:
                pass


def _export(company: Company, format: str, count: int) -> Load:
    """From the claim to the file on the disk; several slices, if it takes so long."""
    wanted = Wanted("contacts", {}, COLUMNS)
    export_start(company.ctx(), wanted=wanted, format=format)

    def work() -> None:
        while run_next(queues_served()):
            pass

    return _timed(count, work)


def _timed(count: int, work: Callable[[], None]) -> Load:
    """Each row is an operation; none has a time of its own."""
    started, cpu = time.perf_counter(), time.thread_time()
    work()
    seconds, cpu = time.perf_counter() - started, time.thread_time() - cpu
    return Load(Latencies.of([seconds / count * 1000] * count, seconds), cpu)
