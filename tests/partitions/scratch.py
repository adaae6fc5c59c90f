"""Two partitioned tables of the tests' own, made like the application's: who said and who heard.

So that months can be dropped, and time be years ahead, without the conversations noticing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from core.ids import uuid7, uuid7_floor
from core.partitions import registry
from core.partitions.models import PartitionArchive
from core.partitions.registry import Family
from core.tenancy.postgresql.schema import TENANT_MATCHES
from tests.core.raw import raw, rows
from tests.database import connect

SAID, HEARD = "scratch_said", "scratch_heard"
FAMILY = Family("scratch", (HEARD, SAID))
DDL = f"""
    CREATE TABLE {SAID} (
        tenant_id uuid NOT NULL REFERENCES tenancy_tenant, id uuid NOT NULL,
        body text, extra jsonb, said_at timestamptz, is_loud boolean, price numeric(12, 4),
        shout text GENERATED ALWAYS AS (upper(body)) STORED,
        CONSTRAINT scratch_said_pkey PRIMARY KEY (tenant_id, id)) PARTITION BY RANGE (id);
    CREATE INDEX scratch_said_body ON {SAID} (tenant_id, body, id DESC) WHERE is_loud;
    CREATE STATISTICS scratch_said_stat (dependencies, ndistinct) ON tenant_id, body FROM {SAID};
    CREATE TABLE {HEARD} (
        tenant_id uuid NOT NULL REFERENCES tenancy_tenant, id uuid NOT NULL, said_id uuid NOT NULL,
        who text NOT NULL, CONSTRAINT scratch_heard_pkey PRIMARY KEY (tenant_id, id, said_id),
        CONSTRAINT scratch_heard_once UNIQUE (tenant_id, said_id, who),
        CONSTRAINT scratch_heard_said FOREIGN KEY (tenant_id, said_id)
            REFERENCES {SAID} (tenant_id, id)) PARTITION BY RANGE (said_id);
"""


@contextmanager
def scratch_tables() -> Iterator[None]:
    """The tables, and the registry knowing of nothing else."""
    declared = dict(registry._families)
    with connect("owner") as owner:
        owner.execute(DDL)
        for table in (SAID, HEARD):
            owner.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            owner.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            owner.execute(f"CREATE POLICY own ON {table} USING ({TENANT_MATCHES})")
            owner.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO erp_app")
    registry._families.clear()
    registry.declare(FAMILY)
    try:
        yield
    finally:
        registry._families.clear()
        registry._families.update(declared)
        with connect("owner") as owner:
            owner.execute(f"DROP TABLE {HEARD}, {SAID}")
        PartitionArchive.objects.filter(table__in=[HEARD, SAID]).delete()


def at(year: int, month: int, day: int = 1, *clock: int) -> datetime:
    return datetime(year, month, day, *clock, tzinfo=UTC)


def id_at(moment: datetime) -> UUID:
    """A key as the application would have made it then."""
    return UUID(int=uuid7_floor(moment).int | (uuid7().int & ((1 << 80) - 1)))


def say(tenant_id: UUID, moment: datetime, **values: Any) -> UUID:
    """One saying, and one who heard it."""
    said_id = id_at(moment)
    columns = {"tenant_id": tenant_id, "id": said_id, "body": "hello", "said_at": moment} | values
    with raw(tenant_id) as connection:
        connection.execute(
            f"INSERT INTO {SAID} ({', '.join(columns)}) "
            f"VALUES ({', '.join(['%s'] * len(columns))})",
            list(columns.values()),
        )
        connection.execute(
            f"INSERT INTO {HEARD} VALUES (%s, %s, %s, 'bob')", [tenant_id, uuid7(), said_id]
        )
    return said_id


def sayings(tenant_id: UUID, table: str = SAID) -> list[tuple[Any, ...]]:
    with raw(tenant_id) as connection:
        return rows(connection, f"SELECT * FROM {table} ORDER BY id")


def partitions(table: str = SAID) -> list[str]:
    with raw(alias="owner") as connection:
        found = rows(
            connection,
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass "
            "ORDER BY 1",
            table,
        )
    return [name for (name,) in found]


def month_ends(first: date, count: int) -> list[datetime]:
    """The last millisecond of each month."""
    found, day = [], first.replace(day=1)
    for _ in range(count):
        day = (day + timedelta(days=32)).replace(day=1)
        found.append(datetime(day.year, day.month, 1, tzinfo=UTC) - timedelta(milliseconds=1))
    return found
