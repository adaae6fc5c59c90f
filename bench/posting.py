"""Targets 1, 2, 3 and 5: create and post an invoice of five lines, from SQL to HTTP."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from bench.database import BenchError, Database, application_dsn, pgbench
from bench.http_load import Call, http_variant
from bench.measure import Figure, Load, Variant, find, ratio, rounds
from bench.raw import TABLES as RAW_TABLES
from bench.raw import raw_variant
from bench.replay import guarded_scripts, request_scripts
from bench.results import Target
from bench.scale import Scale
from bench.service import service_load
from bench.web import Server, request
from bench.world import Company, invoice_body, journal_body
from core.json import dumps

RAW, GUARDED, STATEMENTS = "RAW", "RAW_GUARDED", "the request's statements"
SERVICE, HTTP, HTTP_KEY = "service call", "HTTP", "HTTP with Idempotency-Key"
HTTP_ONE, RAW_ONE = "HTTP, one tenant", "RAW, one tenant"
JOURNAL = "HTTP, journal of 4 lines"
INVOICES, JOURNALS = "/api/v1/invoices/", "/api/v1/journals/"
TABLES = (
    "accounting_document", "accounting_documentline", "accounting_journal",
    "accounting_journalline", "accounting_accountday", "accounting_accountmonth",
    "jobs_outboxevent", *RAW_TABLES,
)  # fmt: skip


def posting(
    database: Database, server: Server, companies: Sequence[Company], scale: Scale
) -> list[Figure]:
    """1 and 8 clients in the same rounds; the first company is the single tenant's."""
    day = _today()
    database.script("bare.sql")
    _answers(server, companies[0], INVOICES, dumps(invoice_body(companies[0], day, 0)))
    _answers(server, companies[0], JOURNALS, dumps(journal_body(companies[0], day)))
    variants = [
        variant
        for clients in (1, scale.clients)
        for variant in _variants(database, server, companies, clients, scale.seconds)
    ]
    variants += _extras(server, companies, scale)
    return rounds(database, variants, scale.rounds, "create and post")


def _variants(
    database: Database, server: Server, companies: Sequence[Company], clients: int, seconds: float
) -> list[Variant]:
    day, postmaster = _today(), database.postmaster

    def replayed(name: str, scripts: Sequence[str]) -> Variant:
        dsn = application_dsn()
        return _variant(
            name, clients, lambda: Load(pgbench(dsn, scripts, clients=clients, seconds=seconds))
        )

    return [
        raw_variant(RAW, companies, clients=clients, seconds=seconds),
        replayed(GUARDED, guarded_scripts(companies, day)),
        replayed(STATEMENTS, request_scripts(companies, day)),
        _variant(
            SERVICE,
            clients,
            lambda: service_load(companies, day, postmaster, clients=clients, seconds=seconds),
        ),
        _over_http(server, HTTP, _invoices(companies, day), clients, seconds),
    ]


def _extras(server: Server, companies: Sequence[Company], scale: Scale) -> list[Variant]:
    day = _today()
    clients, seconds, one = scale.clients, scale.seconds, companies[:1]
    keyed = _invoices(companies, day, fresh_key=True)
    journals = [
        Call("POST", JOURNALS, each.token, dumps(journal_body(each, day))) for each in companies
    ]
    return [
        _over_http(server, HTTP_KEY, keyed, clients, seconds),
        _over_http(server, JOURNAL, journals, clients, seconds),
        _over_http(server, HTTP_ONE, _invoices(one, day), clients, seconds),
        raw_variant(RAW_ONE, one, clients=clients, seconds=seconds),
    ]


def _today() -> date:
    return datetime.now(UTC).date()


def _variant(name: str, clients: int, run: Callable[[], Load]) -> Variant:
    return Variant(name, clients, run, tables=TABLES)


def _over_http(
    server: Server, name: str, calls: Sequence[Call], clients: int, seconds: float
) -> Variant:
    return http_variant(server, name, calls, clients=clients, seconds=seconds, tables=TABLES)


def _invoices(companies: Sequence[Company], day: date, *, fresh_key: bool = False) -> list[Call]:
    return [
        Call("POST", INVOICES, one.token, dumps(invoice_body(one, day, n)), fresh_key)
        for n, one in enumerate(companies)
    ]


def _answers(server: Server, company: Company, path: str, body: bytes) -> None:
    status, answer = request(server, path, company.token, body)
    if status != 201 or b'"posted"' not in answer:
        raise BenchError(f"{path} answered {status}: {answer[:500]!r}")


def posting_targets(figures: Sequence[Figure], clients: int) -> list[Target]:
    def at(name: str) -> Figure:
        return find(figures, name, clients)

    raw, http = at(RAW), at(HTTP)
    return [
        Target("1", "create and post over HTTP, of RAW", ratio(http.per_second, raw.per_second),
               floor=0.20, aim=0.40, unit="%"),
        Target("2", "CPU of such a request, of RAW's", ratio(http.cpu_us, raw.database_cpu_us),
               floor=4.0, aim=2.2, unit="x", less_is_better=True),
        Target("3", "the same within one tenant, of spread",
               ratio(at(HTTP_ONE).per_second, http.per_second), floor=0.60, aim=0.75, unit="%"),
    ]  # fmt: skip
