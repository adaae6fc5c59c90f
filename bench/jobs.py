"""Target 18: what a job costs the request that enqueues it, and how fast workers do them."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from bench.database import BenchError, Database, Latencies
from bench.kinds import NOTHING
from bench.measure import Figure, Load, Variant, find, rounds
from bench.processes import cpu_seconds
from bench.raw import raw_variant
from bench.results import Target
from bench.scale import Scale
from bench.web import ROOT
from bench.world import Company
from core.ids import uuid7
from core.jobs.outbox import announce
from core.jobs.services import Terms, job_enqueue
from core.json import dumps
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_row
from deploy.process import path_of_this_python
from deploy.supervisor import read_procfile
from permissions.events import UserLoggedOut

WITHOUT, WITH = "a command that announces an event", "the same, and enqueues a job"
BARE, RAW = "the same, and two bare INSERTs", "RAW"
#: What RAW does on the machine that target 18 was written on: a slower one has more microseconds.
RAW_PER_SECOND = 2_541
END_TO_END, ALONE = "jobs end to end, 2 workers", "one job at a time: from commit to start"
#: Of each company: below the cap.
AT_ONCE = 80
COMPANIES_MAX = 25
PATIENCE_SECONDS = 120.0
#: Few at a time and often: a difference of two figures needs them close together.
ENQUEUED, TURNS = 240, 8
SINGLE = 150


BARE_JOB = """
    INSERT INTO jobs_job (id, tenant_id, task, queue, arguments, effect_key, actor_id, request_id,
                          created_at, run_at)
    VALUES (%s, %s, %s, 1, %s::jsonb, %s, %s, %s, %s, %s) RETURNING id"""
BARE_TICKET = """
    INSERT INTO jobs_jobticket (job_id, tenant_id, queue, turn, run_at)
    VALUES (%s, %s, 1, 0, %s) RETURNING job_id"""


def enqueued(ctx: Context) -> None:
    job_enqueue(ctx, task=NOTHING, arguments={"document_id": str(ctx.tenant_id)})


def inserted(ctx: Context) -> None:
    """Its rows alone: no line that may be full, nobody woken."""
    job_id, arguments = uuid7(), dumps({"document_id": str(ctx.tenant_id)}).decode()
    tenant_row(
        BARE_JOB,
        [job_id, ctx.tenant_id, NOTHING, arguments, str(job_id), ctx.actor_id, ctx.request_id,
         ctx.now, ctx.now],
    )  # fmt: skip
    tenant_row(BARE_TICKET, [job_id, ctx.tenant_id, ctx.now])


@command
def change(ctx: Context, *, then: Callable[[Context], None]) -> None:
    announce(ctx, UserLoggedOut(ctx.acting_user, ctx.tenant_id))
    then(ctx)


def enqueueing(database: Database, companies: Sequence[Company], scale: Scale) -> list[Figure]:
    def run(then: Callable[[Context], None]) -> Load:
        times, cpu = [], 0.0
        for start in range(0, ENQUEUED, AT_ONCE):
            one = companies[start // AT_ONCE % len(companies)]
            database.run("TRUNCATE jobs_jobticket")
            cpu_before = time.thread_time()
            for _ in range(AT_ONCE):
                before = time.perf_counter()
                change(one.ctx(), then=then)
                times.append((time.perf_counter() - before) * 1000)
            cpu += time.thread_time() - cpu_before
        database.run("TRUNCATE jobs_jobticket")
        return Load(Latencies.of(times, sum(times) / 1000), cpu)

    database.script("bare.sql")
    tables = ["jobs_job", "jobs_jobticket", "jobs_outboxevent"]
    raw = raw_variant(RAW, companies, clients=scale.clients, seconds=scale.seconds / TURNS)
    variants = [raw] + [
        Variant(name, 1, lambda then=then: run(then), tables=tables)
        for name, then in ((WITHOUT, lambda ctx: None), (WITH, enqueued), (BARE, inserted))
    ]
    return rounds(database, variants, scale.rounds * TURNS, "enqueueing")


def working(database: Database, companies: Sequence[Company], scale: Scale) -> list[Figure]:
    with workers() as children:
        _enqueue(companies[0])
        _wait_until_done(database)  # they are awake
        variants = [
            Variant(END_TO_END, 2, lambda: _flood(database, companies[:COMPANIES_MAX], children)),
            Variant(ALONE, 1, lambda: _one_by_one(database, companies)),
        ]
        return rounds(database, variants, scale.rounds, "working")


@contextmanager
def workers() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Relay and worker as the Procfile starts them."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "PATH": path_of_this_python(),
        "LOG_LEVEL": "WARNING",
    }
    lines = read_procfile(ROOT / "Procfile")
    children = [
        subprocess.Popen(
            ["sh", "-c", f"exec {lines[name]}"], cwd=ROOT, env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for name in ("relay", "worker")
    ]  # fmt: skip
    try:
        yield children
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(30)


def jobs_targets(figures: Sequence[Figure], clients: int) -> list[Target]:
    added = find(figures, WITH, 1).cpu_us - find(figures, WITHOUT, 1).cpu_us
    pace = find(figures, RAW, clients).per_second / RAW_PER_SECOND
    return [
        Target("18", f"CPU added by enqueueing a job, at RAW's pace ({added:.0f} µs here)",
               added * pace, floor=300, aim=120, unit="µs", less_is_better=True)
    ]  # fmt: skip


def _flood(
    database: Database, companies: Sequence[Company], children: Sequence["subprocess.Popen[bytes]"]
) -> Load:
    """Everything is enqueued before the first is done: the workers wait for the commit of all."""
    for one in companies:
        for _ in range(AT_ONCE):
            _enqueue(one, later=True)
    before = sum(cpu_seconds(child.pid) for child in children)
    started = time.perf_counter()
    database.run("UPDATE jobs_jobticket SET run_at = now(), turn = 0")
    _wait_until_done(database)
    seconds = time.perf_counter() - started
    cpu = sum(cpu_seconds(child.pid) for child in children) - before
    took = database.rows(
        "SELECT extract(epoch FROM ended_at - started_at)::float * 1000 FROM jobs_job "
        "ORDER BY ended_at DESC NULLS LAST LIMIT %s",
        [AT_ONCE * len(companies)],
    )
    latencies = Latencies.of([row[0] for row in took], seconds)
    return Load(latencies, cpu)


def _one_by_one(database: Database, companies: Sequence[Company]) -> Load:
    """In a system that is idle otherwise: who waits for a mail waits so long."""
    committed = {}
    for number in range(SINGLE):
        job_id = _enqueue(companies[number % len(companies)])
        committed[job_id] = time.time()
        time.sleep(0.02)
    _wait_until_done(database)
    rows = database.rows(
        "SELECT id, extract(epoch FROM started_at)::float FROM jobs_job WHERE id = ANY(%s)",
        [list(committed)],
    )
    waited = [(started - committed[job_id]) * 1000 for job_id, started in rows]
    return Load(Latencies.of(waited, sum(waited) / 1000))


@command
def _enqueue_one(ctx: Context, *, later: bool) -> object:
    terms = Terms(run_at=ctx.now + timedelta(days=1)) if later else Terms()
    return job_enqueue(ctx, task=NOTHING, arguments={}, terms=terms)


def _enqueue(company: Company, *, later: bool = False) -> object:
    return _enqueue_one(company.ctx(), later=later)


def _wait_until_done(database: Database) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while database.value("SELECT count(*) FROM jobs_jobticket"):
        if time.monotonic() > deadline:
            raise BenchError("Jobs wait, and nobody does them.")
        time.sleep(0.02)
