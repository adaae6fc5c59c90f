"""What the audit log costs those who write, and how fast it is read and verified."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from bench.database import BenchError, Database, application_dsn, pgbench
from bench.http_load import Call, http_variant
from bench.imports import import_once
from bench.measure import Figure, Load, Variant, find, ratio, rounds
from bench.replay import request_scripts
from bench.results import Target
from bench.scale import Scale
from bench.web import Server
from bench.world import Company, company_new, invoice_body
from core.json import dumps

INVOICES = "/api/v1/invoices/"
HTTP, HTTP_WITHOUT = "HTTP, with the log", "HTTP, without"
SQL, SQL_WITHOUT = "the request's statements, with the log", "the request's statements, without"
IMPORT, IMPORT_WITHOUT = "import, with the log", "import, without"
HISTORY, ONE, VERIFY = "history of one record", "select 1", "verify_audit, rows"
HISTORY_SQL = """
    SELECT id, action, actor_id, operation, old, new, personal FROM audit_auditlog
    WHERE tenant_id = '{tenant}' AND row_id = '{row}' AND id > '{row}'
    ORDER BY id DESC LIMIT 50;
"""


def writing(
    database: Database, server: Server, companies: Sequence[Company], scale: Scale
) -> list[Figure]:
    """Each load with the triggers and without, in the same rounds."""
    day = datetime.now(UTC).date()
    with_log, without = _switched(database, on=True), _switched(database, on=False)
    http = http_variant(
        server, HTTP, _invoices(companies, day), clients=scale.clients, seconds=scale.seconds
    )

    def statements() -> Load:
        scripts = request_scripts(companies, day)
        found = pgbench(application_dsn(), scripts, clients=scale.clients, seconds=scale.seconds)
        return Load(found)

    def variant(
        name: str, switch: Callable[[], None], run: Callable[[], Load], pid: int | None
    ) -> Variant:
        def switched() -> Load:
            switch()
            return run()

        tables = ("accounting_document", "accounting_journalline")
        return Variant(name, scale.clients, switched, pid, tables)

    try:
        return rounds(
            database,
            [
                variant(HTTP, with_log, http.run, server.pid),
                variant(HTTP_WITHOUT, without, http.run, server.pid),
                variant(SQL, with_log, statements, None),
                variant(SQL_WITHOUT, without, statements, None),
            ],
            scale.rounds,
            "audit",
        )
    finally:
        with_log()


def importing(database: Database, scale: Scale) -> list[Figure]:
    """The same lines twice, each time into a company of its own."""
    taken: dict[str, list[Figure]] = {IMPORT: [], IMPORT_WITHOUT: []}
    try:
        for _ in range(min(scale.rounds, 2)):
            for name, is_on in ((IMPORT, True), (IMPORT_WITHOUT, False)):
                _switched(database, on=is_on)()
                taken[name].append(
                    import_once(database, company_new(), scale.rows(100_000, 2_000), name)
                )
    finally:
        _switched(database, on=True)()
    return [max(figures, key=lambda f: f.per_second) for figures in taken.values()]


def _switched(database: Database, *, on: bool) -> Callable[[], None]:
    def switch() -> None:
        rows = database.rows(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal "
            "AND tgname IN ('audit_insert', 'audit_update', 'audit_delete') "
            "AND tgenabled <> %s",
            ["O" if on else "D"],
        )
        for table, trigger in rows:
            word = "ENABLE" if on else "DISABLE"
            database.run(f"ALTER TABLE {table} {word} TRIGGER {trigger}")

    return switch


def _invoices(companies: Sequence[Company], day: date) -> list[Call]:
    return [
        Call("POST", INVOICES, one.token, dumps(invoice_body(one, day, n)))
        for n, one in enumerate(companies)
    ]


def reading(database: Database, company: Company, scale: Scale) -> list[Figure]:
    """One record's history among many, and all of it verified."""
    rows = scale.rows(10_000_000, 20_000)
    database.script("audit_rows.sql", tenant=str(company.tenant_id), rows=rows)
    database.run("VACUUM (ANALYZE) audit_auditlog")
    some = [
        str(row)
        for (row,) in database.rows(
            "SELECT row_id FROM audit_auditlog WHERE tenant_id = %s AND reason = 'bench' "
            "AND row_id IS NOT NULL ORDER BY mark LIMIT 40",
            [company.tenant_id],
        )
    ]
    begin = f"BEGIN READ ONLY; SET LOCAL app.tenant_id = '{company.tenant_id}';"
    scripts = [
        f"{begin}{HISTORY_SQL.format(tenant=company.tenant_id, row=row)}COMMIT;\n" for row in some
    ]

    def variant(name: str, scripts: Sequence[str]) -> Variant:
        def run() -> Load:
            return Load(pgbench(application_dsn(), scripts, clients=1, seconds=scale.seconds))

        return Variant(name, 1, run)

    figures = rounds(
        database,
        [variant(HISTORY, scripts), variant(ONE, [f"{begin}SELECT 1;COMMIT;\n"])],
        scale.rounds,
        "audit history",
    )
    return [*figures, _verified(database, company)]


def _verified(database: Database, company: Company) -> Figure:
    """Seal what there is, and check every row of it."""
    unsealed = (
        "SELECT EXISTS (SELECT FROM audit_auditlog WHERE tenant_id = %(tenant)s AND id > coalesce("
        "(SELECT until_id FROM audit_auditblock WHERE tenant_id = %(tenant)s "
        "ORDER BY sequence DESC LIMIT 1), audit_platform()))"
    )
    tenant = {"tenant": company.tenant_id}
    # What is not sealed is looked for only when a call, which seals many rows, found no more.
    while database.value("SELECT audit_seal(1000, 100000, '0 s')") or database.value(
        unsealed, tenant
    ):
        pass
    [(blocks, rows)] = database.rows("SELECT * FROM audit_extent(%s)", [company.tenant_id])
    before, started = database.cpu_seconds(), time.perf_counter()
    for first in range(1, blocks + 1, 20):
        last = min(first + 19, blocks)
        faults = database.rows(
            "SELECT * FROM audit_faults(%s, %s, %s, '{}')", [company.tenant_id, first, last]
        )
        if faults:
            raise BenchError(f"The log does not verify: {faults[:3]}")
    seconds = time.perf_counter() - started
    return Figure(VERIFY, 1, rows / seconds, 0, 0, (database.cpu_seconds() - before) / rows * 1e6)


def audit_targets(figures: Sequence[Figure], clients: int) -> list[Target]:
    def kept(with_log: str, without: str, count: int) -> float:
        return ratio(
            find(figures, with_log, count).per_second, find(figures, without, count).per_second
        )

    return [
        Target("audit", "posting over HTTP with the log, of without",
               kept(HTTP, HTTP_WITHOUT, clients), floor=0.85, aim=0.90, unit="%"),
        Target("audit", "import of 100,000 lines with the log, of without",
               kept(IMPORT, IMPORT_WITHOUT, 1), floor=0.85, aim=0.90, unit="%"),
    ]  # fmt: skip
