"""A company that has talked for fifteen months, and the same talk in two other shapes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from tqdm import tqdm

from bench.crowd import crowd
from bench.database import Database
from bench.scale import Scale
from bench.world import Company, company_new

THREADS, MEMBERS, PLACES = 1_000, 50, 20
PARTITIONED = ("messaging_message", "messaging_messageread", "messaging_messagereaction",
               "messaging_mention")  # fmt: skip
#: Policies and statements are the product's; only the table's name differs.
PLAIN = "bench."
JSONB = "bench.thread_messages"
#: Indexes of the partitioned tables, and whether a constraint needs them.
INDEXES_SQL = """
SELECT i.oid::regclass::text, t.relname, pg_get_indexdef(i.oid),
       EXISTS (SELECT FROM pg_constraint WHERE conindid = i.oid)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE x.indrelid = ANY(%s::regclass[]) ORDER BY i.relname
"""
LEAKPROOF = Path(__file__).resolve().parent.parent / "deploy" / "sql" / "leakproof.sql"


@dataclass(frozen=True, slots=True)
class Talk:
    """The company under test and threads of it, the busiest first."""

    company: Company
    threads: Sequence[UUID]
    #: A message half way down each of them.
    deep: Sequence[UUID]
    #: Somebody in each who is not the owner.
    others: Sequence[UUID]
    #: Who has read one message a day.
    rare: UUID
    messages: int
    partitions: int


def talk_of(database: Database, companies: Sequence[Company], scale: Scale) -> Talk:
    """Loaded by SQL past the triggers, then analyzed and read into memory."""
    company = company_new()
    people = [one.user_id for one in crowd([company], MEMBERS)]
    others = companies[1:]
    messages = scale.rows(10_000_000, 100_000)
    values = {
        "tenant": str(company.tenant_id),
        "user": str(company.user_id),
        "members": f"{{{','.join(map(str, people))}}}",
        "rare": str(people[-1]),
        "other_tenants": f"{{{','.join(str(one.tenant_id) for one in others)}}}",
    }
    database.run("SET maintenance_work_mem = '512MB'")
    with _indexes_after(database):
        database.script(
            "messaging.sql", others=len(others), threads=THREADS, messages=messages, **values
        )
    database.run("ANALYZE messaging_message")
    database.script("messaging_people.sql", **values)
    database.script("messaging_shapes.sql")
    _same_indexes(database)
    database.script("messaging_jsonb.sql", **values)
    _same_policies(database)
    _leakproof(database)
    for table in (*PARTITIONED, "messaging_thread", "messaging_participant"):
        database.run(f"VACUUM (ANALYZE) {table}")
    for table in (*(PLAIN + name for name in PARTITIONED), JSONB):
        database.run(f"VACUUM (ANALYZE) {table}")
    threads = _busiest(database, company)
    return Talk(
        company,
        threads,
        deep=[_half_way(database, company, one) for one in threads],
        others=[_other(database, company, one) for one in threads],
        rare=people[-1],
        messages=messages,
        partitions=database.value(
            "SELECT count(DISTINCT tableoid) FROM messaging_message WHERE tenant_id = %s",
            [company.tenant_id],
        ),
    )  # fmt: skip


def in_memory(database: Database, tables: Sequence[str]) -> None:
    """These tables, their partitions and indexes; a table that is partitioned has no file."""
    database.rows(
        "SELECT pg_prewarm(r.relid) FROM unnest(%s::regclass[]) AS t(name) "
        "CROSS JOIN LATERAL (SELECT t.name AS relid UNION SELECT inhrelid FROM pg_inherits "
        "WHERE inhparent = t.name) leaf "
        "CROSS JOIN LATERAL (SELECT leaf.relid UNION SELECT indexrelid FROM pg_index "
        "WHERE indrelid = leaf.relid) r "
        "JOIN pg_class c ON c.oid = r.relid WHERE c.relkind IN ('r', 'i')",
        [list(tables)],
    )


@contextmanager
def _indexes_after(database: Database) -> Iterator[None]:
    """Those of messages that no constraint needs are built when the rows are there."""
    found = database.rows(INDEXES_SQL, [["messaging_message"]])
    built = [(name, text) for name, _, text, is_constraint in found if not is_constraint]
    for name, _ in built:
        database.run(f"DROP INDEX {name}")
    yield
    for _, text in tqdm(built, desc="indexes", leave=False, delay=2):
        database.run(text.replace(" ON ONLY ", " ON "))


def _same_indexes(database: Database) -> None:
    """On the tables that are not partitioned."""
    found = database.rows(INDEXES_SQL, [list(PARTITIONED)])
    for _, table, text, _ in tqdm(found, desc="indexes, one table", leave=False, delay=2):
        database.run(text.replace(f" ON ONLY public.{table} ", f" ON {PLAIN}{table} "))


def _same_policies(database: Database) -> None:
    """Row-level security costs every shape the same."""
    [[policy]] = database.rows(
        "SELECT qual FROM pg_policies WHERE tablename = 'messaging_message' AND qual IS NOT NULL "
        "LIMIT 1"
    )
    for table in (*(PLAIN + name for name in PARTITIONED), JSONB):
        database.run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        database.run(f"CREATE POLICY same ON {table} USING ({policy})")


def _leakproof(database: Database) -> None:
    """As `deploy/sql/leakproof.sql` is meant for: else no GIN index serves anybody but an owner."""
    lines = LEAKPROOF.read_text().splitlines()
    database.run("\n".join(line for line in lines if not line.startswith(("\\", "--"))))


def _busiest(database: Database, company: Company) -> list[UUID]:
    """Some of the threads in which most is said: of the busiest tenth."""
    rows = database.rows(
        "SELECT thread_id FROM messaging_message WHERE tenant_id = %s "
        "GROUP BY thread_id ORDER BY count(*) DESC LIMIT %s",
        [company.tenant_id, THREADS // 10],
    )
    return [thread_id for (thread_id,) in rows][:: THREADS // 10 // PLACES]


def _half_way(database: Database, company: Company, thread_id: UUID) -> UUID:
    found: UUID = database.value(
        "SELECT m.id FROM messaging_message m WHERE m.tenant_id = %(tenant)s "
        "AND m.thread_id = %(thread)s ORDER BY m.id DESC OFFSET (SELECT count(*) / 2 "
        "FROM messaging_message n WHERE n.tenant_id = %(tenant)s AND n.thread_id = %(thread)s) "
        "LIMIT 1",
        {"tenant": company.tenant_id, "thread": thread_id},
    )
    return found


def _other(database: Database, company: Company, thread_id: UUID) -> UUID:
    found: UUID = database.value(
        "SELECT user_id FROM messaging_participant WHERE tenant_id = %s AND thread_id = %s "
        "AND role = 'member' ORDER BY id LIMIT 1",
        [company.tenant_id, thread_id],
    )
    return found
