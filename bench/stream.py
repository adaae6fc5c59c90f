"""The event stream: pulling it, numbering it, and what dropping a cache entry takes beside it."""

import time
from collections.abc import Sequence

from accounting.events import PaymentPosted
from bench.database import Database, Latencies, pgbench, superuser_dsn
from bench.http_load import Call, http_variant
from bench.measure import Figure, Load, Variant, rounds
from bench.scale import Scale
from bench.web import Server
from bench.world import Company
from core.cache.namespaces import Namespace, bump
from core.events.selectors import event_list
from core.ids import uuid7
from core.jobs.outbox import announce
from core.jobs.positions import place, place_all, tenant_tail
from core.listing import LIMIT_MAX
from core.tenancy.context import Context
from core.tenancy.transactions import command

RAWPULL, SERVICE = "RAWPULL", "event_list, one process"
HTTP = "HTTP, GET /events/"
NUMBERED, UPDATED = "outbox_place, 1,000 at a time", "UPDATE of the same rows to known numbers"
ANNOUNCED, BUMPED = "a command that announces", "a command that drops a cache entry"
READ = "announced, placed and read from the stream"
BATCH, EVENTS, CHANGES = 1_000, 50_000, 300
TABLES = ("jobs_outboxevent", "jobs_tenanttail")
INSERT_SQL = """
    INSERT INTO jobs_outboxevent (id, tenant_id, request_id, name, payload, created_at)
    SELECT uuidv7(), (%(tenants)s::uuid[])[1 + n %% cardinality(%(tenants)s::uuid[])], 'bench',
           'payment.posted', jsonb_build_object('payment_id', gen_random_uuid()), now()
    FROM generate_series(1, %(rows)s) n"""
NUMBERS_SQL = """
    CREATE TEMPORARY TABLE known ON COMMIT DROP AS
    SELECT e.id, (SELECT position FROM jobs_outboxtail) + row_number() OVER (ORDER BY written) AS p,
           t.sequence + row_number() OVER (PARTITION BY tenant_id ORDER BY written) AS s
    FROM jobs_outboxevent e JOIN jobs_tenanttail t USING (tenant_id) WHERE e.position IS NULL"""
UPDATE_SQL = """
    UPDATE jobs_outboxevent e SET position = k.p, sequence = k.s FROM known k WHERE e.id = k.id"""


def pulling(
    database: Database, server: Server, companies: Sequence[Company], scale: Scale
) -> list[Figure]:
    """Pages of 200 events, from random places of one company's sequence."""
    one, clients = companies[0], scale.clients
    _events(database, [one], scale.rows(EVENTS, 4_000))
    place_all()
    last = tenant_tail(one.tenant_id).position
    places = [last * step // 20 for step in range(19)]
    scripts = [
        "SELECT sequence, id, name, created_at, actor_id, payload::text FROM jobs_outboxevent"
        f" WHERE tenant_id = '{one.tenant_id}' AND sequence > {after}"
        f" ORDER BY sequence LIMIT {LIMIT_MAX};\n"
        for after in places
    ]
    calls = [
        Call("GET", f"/api/v1/events/?after={after}&limit={LIMIT_MAX}", one.token)
        for after in places
    ]

    def raw() -> Load:
        return Load(pgbench(superuser_dsn(), scripts, clients=clients, seconds=scale.seconds))

    def service() -> Load:
        times, cpu = [], time.thread_time()
        until = time.perf_counter() + scale.seconds
        while (before := time.perf_counter()) < until:
            event_list(one.ctx(), after=places[len(times) % len(places)])
            times.append((time.perf_counter() - before) * 1000)
        return Load(Latencies.of(times, scale.seconds), time.thread_time() - cpu)

    variants = [
        Variant(RAWPULL, clients, raw, tables=TABLES),
        Variant(SERVICE, 1, service, tables=TABLES),
        http_variant(server, HTTP, calls, clients=clients, seconds=scale.seconds, tables=TABLES),
    ]
    return rounds(database, variants, scale.rounds, "pulling")


def numbering(database: Database, companies: Sequence[Company], scale: Scale) -> list[Figure]:
    """An event each, of all companies; inserting them is not counted."""

    def numbered() -> float:
        before = time.perf_counter()
        place(BATCH)
        return time.perf_counter() - before

    def updated() -> float:
        database.run("BEGIN")
        database.run(NUMBERS_SQL)
        before = time.perf_counter()
        database.run(UPDATE_SQL)
        database.run("COMMIT")
        seconds = time.perf_counter() - before
        database.run("UPDATE jobs_outboxtail SET position = position + %s", [BATCH])
        database.run(
            "UPDATE jobs_tenanttail t SET sequence = (SELECT max(e.sequence)"
            " FROM jobs_outboxevent e WHERE e.tenant_id = t.tenant_id)"
        )
        return seconds

    def variant(name: str, work: "type[object] | object") -> Variant:
        def run() -> Load:
            times = []
            for _ in range(20):
                place_all()
                _events(database, companies, BATCH)
                times.append(work() * 1000 / BATCH)  # type: ignore[operator]
            spread = [one for one in times for _ in range(BATCH)]
            return Load(Latencies.of(spread, sum(spread) / 1000))

        return Variant(name, 1, run, tables=TABLES)

    variants = [variant(UPDATED, updated), variant(NUMBERED, numbered)]
    return rounds(database, variants, scale.rounds, "numbering")


@command
def _announce(ctx: Context) -> None:
    announce(ctx, PaymentPosted(uuid7()))


@command
def _bump(ctx: Context) -> None:
    bump(ctx.tenant_id, Namespace("accounts"))


def telling(database: Database, companies: Sequence[Company], scale: Scale) -> list[Figure]:
    """From the call until whoever asks next cannot be given what was."""
    one = companies[0]

    def read() -> None:
        after = tenant_tail(one.tenant_id).position
        _announce(one.ctx())
        event_list(one.ctx(), after=after)

    def variant(name: str, work: object) -> Variant:
        def run() -> Load:
            place_all()
            times, cpu = [], time.thread_time()
            for _ in range(CHANGES):
                before = time.perf_counter()
                work()  # type: ignore[operator]
                times.append((time.perf_counter() - before) * 1000)
            return Load(Latencies.of(times, sum(times) / 1000), time.thread_time() - cpu)

        return Variant(name, 1, run, tables=TABLES)

    variants = [
        variant(ANNOUNCED, lambda: _announce(one.ctx())),
        variant(BUMPED, lambda: _bump(one.ctx())),
        variant(READ, read),
    ]
    return rounds(database, variants, scale.rounds, "telling")


def _events(database: Database, companies: Sequence[Company], rows: int) -> None:
    database.run(INSERT_SQL, {"tenants": [one.tenant_id for one in companies], "rows": rows})
