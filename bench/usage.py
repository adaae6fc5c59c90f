"""Usage events: batches over HTTP, next to INSERT of the same rows and nothing else.

The events of every batch are new: the load generator makes their ids as it sends them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from bench.database import BenchError, Database, pgbench, superuser_dsn
from bench.http_load import FRESH_ID, Call, http_load
from bench.measure import Figure, Load, Variant, find, ratio, rounds
from bench.scale import Scale
from bench.usage_client import service_load
from bench.web import Server, request
from bench.world import Company
from core.ids import uuid7
from core.json import dumps
from core.partitions.months import month_of, partition_name

BATCHES = (1, 50, 500)
BARE = "bare_usageevent"
PATH = "/api/v1/usage-events/"
INSERT = """
INSERT INTO bare_usageevent
    (tenant_id, id, type, user_id, properties, received_at, is_over_quota)
VALUES
"""


def limit(size: int) -> str:
    return f"INSERT of {size}"


def usage(
    database: Database, server: Server, companies: Sequence[Company], scale: Scale, size: int
) -> list[Figure]:
    """One batch size: operations are batches."""
    database.script("usage_bare.sql")
    clients, tables = scale.clients, _tables()
    scripts = [_insert(one, size) for one in companies]
    calls = [Call("POST", PATH, one.token, _body(FRESH_ID, size)) for one in companies]
    status, answer = request(server, PATH, companies[0].token, _body(str(uuid7()), 1))
    if status != 202:
        raise BenchError(f"{PATH} answered {status}: {answer[:300]!r}")

    def bare(seconds: float = scale.seconds) -> Load:
        _emptied(database)
        return Load(pgbench(superuser_dsn(), scripts, clients=clients, seconds=seconds))

    def service() -> Load:
        _emptied(database)
        return service_load(companies, size, database.postmaster, scale)

    def http(seconds: float = scale.seconds) -> Load:
        _emptied(database)
        return Load(http_load(server, calls, clients=clients, seconds=seconds))

    variants = [
        Variant(limit(size), clients, bare, tables=tables),
        Variant(f"service call, {size}", clients, service, tables=tables),
        Variant(f"HTTP, batch of {size}", clients, http, server.pid, tables, lambda: http(1)),
    ]
    return rounds(database, variants, scale.rounds, f"usage events, {size}")


def notes(figures: Sequence[Figure], clients: int, size: int) -> list[str]:
    """The same in events."""
    over = find(figures, f"HTTP, batch of {size}", clients).per_second
    bare = find(figures, limit(size), clients).per_second
    share = 100 * ratio(over, bare)
    return [
        f"Events a second: {over * size:,.0f} over HTTP, {bare * size:,.0f} bare; {share:.0f} %."
    ]


def _insert(company: Company, size: int) -> str:
    """A multi-row INSERT as somebody would write it who wants nothing but speed."""
    row = (
        f"('{company.tenant_id}', uuidv7(), 'page.viewed', '{company.user_id}', "
        """'{"page" : "/invoices", "milliseconds" : 120}', now(), false)"""
    )
    return INSERT + ",\n".join([row] * size) + ";\n"


def _body(event_id: str, size: int) -> bytes:
    said = {"page": "/invoices", "milliseconds": 120}
    event = {"id": event_id, "type": "page.viewed", "properties": said}
    return dumps({"events": [event] * size})


def _tables() -> tuple[str, ...]:
    """A partitioned table has nothing of its own to warm."""
    this = partition_name("activity_usageevent", month_of(datetime.now(UTC)))
    return BARE, this, "activity_usagearrival"


def _emptied(database: Database) -> None:
    """Each load begins with empty tables, or the last variant would pay for the first."""
    database.run(f"TRUNCATE {BARE}, activity_usageevent, activity_usagearrival")
