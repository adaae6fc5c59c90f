"""Targets 6, 7 and 14: a page of 50 among 200,000 invoices, first and deep inside."""

import json
from collections.abc import Sequence

from accounting.selectors.documents import document_list
from bench.database import BenchError, Database, application_dsn, pgbench, superuser_dsn
from bench.http_load import Call, http_variant
from bench.ledger import LEDGER_TABLES
from bench.measure import Figure, Load, Variant, find, ratio, rounds
from bench.replay import page_scripts
from bench.results import Target
from bench.scale import Scale
from bench.web import Server, request
from bench.world import Company
from core.listing import PageRequest

RAWPAGE, SELECTOR_SQL = "RAWPAGE", "the selector's statement"
EXPLICIT, POLICY = "RAWPAGE in a transaction", "RAWPAGE in a transaction, row-level security"
FIRST, PAGE_200, DEEP = "HTTP, page 1", "HTTP, page 200", "HTTP, half way down"
FILTERED, MODEL = "HTTP, page 1 with a filter", "HTTP, ModelSerializer"
LIMIT, PAGES, STEP = 50, 199, 200
INVOICES = "/api/v1/invoices/"
PLACES = 20
RAW_SQL = """
SELECT d.id, d.kind, d.state, d.number, d.contact_id, c.name, d.issued_on, d.due_on, d.currency,
       d.country, d.reference, d.narration, d.net, d.tax, d.total, d.allocated, d.corrects_id,
       d.created_at, d.posted_at, d.version
FROM accounting_document d
JOIN accounting_contact c ON c.tenant_id = d.tenant_id AND c.id = d.contact_id
WHERE d.tenant_id = '{tenant}' AND d.kind = 'invoice' AND (d.issued_on, d.id) < ('{day}', '{id}')
ORDER BY d.issued_on DESC, d.id DESC LIMIT 51;
"""


def pages(database: Database, server: Server, company: Company, scale: Scale) -> list[Figure]:
    clients, seconds = scale.clients, scale.seconds
    raw = _raw_scripts(database, company)
    inside = [
        f"BEGIN;\nSET LOCAL app.tenant_id = '{company.tenant_id}';\n{s}COMMIT;\n" for s in raw
    ]
    replayed = page_scripts(
        company, lambda: document_list(company.ctx(), kind="invoice", page=PageRequest())
    )

    def sql(name: str, dsn: str, scripts: Sequence[str]) -> Variant:
        def run() -> Load:
            return Load(pgbench(dsn, scripts, clients=clients, seconds=seconds))

        return Variant(name, clients, run, tables=LEDGER_TABLES)

    def web(name: str, path: str) -> Variant:
        calls = [Call("GET", path, company.token)]
        return http_variant(
            server, name, calls, clients=clients, seconds=seconds, tables=LEDGER_TABLES
        )

    variants = [
        sql(RAWPAGE, superuser_dsn(), raw),
        sql(EXPLICIT, superuser_dsn(), inside),
        sql(POLICY, application_dsn(), inside),
        sql(SELECTOR_SQL, application_dsn(), replayed),
        *(web(name, path) for name, path in _addresses(server, company, scale).items()),
    ]
    return rounds(database, variants, scale.rounds, "pages")


def _raw_scripts(database: Database, company: Company) -> list[str]:
    """The first page and some inside it, evenly spread."""
    rows = database.rows(
        "SELECT issued_on, id FROM (SELECT issued_on, id, ntile(%s) OVER w AS part, "
        "row_number() OVER w AS n FROM accounting_document WHERE tenant_id = %s "
        "WINDOW w AS (ORDER BY issued_on DESC, id DESC)) d "
        "WHERE n IN (SELECT 1 + k * (SELECT count(*) FROM accounting_document "
        "WHERE tenant_id = %s) / %s FROM generate_series(0, %s) k)",
        [PLACES, company.tenant_id, company.tenant_id, PLACES, PLACES - 1],
    )
    return [RAW_SQL.format(tenant=company.tenant_id, day=day, id=id_) for day, id_ in rows]


def _addresses(server: Server, company: Company, scale: Scale) -> dict[str, str]:
    first = f"{INVOICES}?limit={LIMIT}"
    page_200 = _follow(server, company, LIMIT, PAGES)
    half_way = _follow(server, company, STEP, scale.invoices // 2 // STEP)
    customer = company.contacts[0]
    return {
        FIRST: first,
        PAGE_200: f"{first}&cursor={page_200}",
        DEEP: f"{first}&cursor={half_way}",
        FILTERED: f"{first}&contact_id={customer}",
        MODEL: "/bench/modelserializer/",
    }


def _follow(server: Server, company: Company, limit: int, steps: int) -> str:
    """The cursor after `steps` pages, as a client gets there."""
    path, cursor = f"{INVOICES}?limit={limit}", ""
    for _ in range(steps):
        status, body = request(server, path, company.token)
        if status != 200:
            raise BenchError(f"{path} answered {status}: {body[:500]!r}")
        cursor = json.loads(body)["pagination"]["next"]
        path = f"{INVOICES}?limit={limit}&cursor={cursor}"
    return cursor


def page_targets(figures: Sequence[Figure], clients: int) -> list[Target]:
    def at(name: str) -> Figure:
        return find(figures, name, clients)

    first = at(FIRST)
    return [
        Target("6", "page of 50 over HTTP, of RAWPAGE",
               ratio(first.per_second, at(RAWPAGE).per_second), floor=0.08, aim=0.18, unit="%"),
        Target("6", "page of 50, against ModelSerializer",
               ratio(first.per_second, at(MODEL).per_second), floor=2.5, aim=5.0, unit="x"),
        Target("7", "p95 of page 200 against page 1", ratio(at(PAGE_200).p95_ms, first.p95_ms),
               floor=1.3, aim=1.1, unit="x", less_is_better=True),
        Target("14", "row-level security, of an explicit filter",
               ratio(at(POLICY).per_second, at(EXPLICIT).per_second),
               floor=0.85, aim=0.95, unit="%"),
    ]  # fmt: skip
