"""Target 15: the trial balance of a million lines, at the end of any day."""

import functools
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from tqdm import tqdm

from accounting.selectors import reports
from bench.database import BenchError, Database, Latencies, application_dsn
from bench.ledger import LEDGER_TABLES
from bench.measure import Figure, find, ratio
from bench.replay import Statement, recorded
from bench.results import Target
from bench.scale import Scale
from bench.world import Company

GROUP_BY, POSTED = "plain GROUP BY over the lines", "the same, posted journals only"
SUMS = "the report's statement alone"
SERVICE = "service: trial_balance"
DAYS_PER_ROUND = 10
YEARS = 3
GROUP_SQL = """
    SELECT a.id, a.code, a.name, a.type, b.balance
    FROM (
        SELECT l.account_id, sum(l.amount) AS balance
        FROM accounting_journalline l {posted}
        WHERE l.tenant_id = %(tenant)s AND l.effective_on <= %(as_of)s
        GROUP BY l.account_id
    ) b
    JOIN accounting_account a ON a.tenant_id = %(tenant)s AND a.id = b.account_id
    ORDER BY a.code
"""
#: What the report must leave out; the bench's ledger has no drafts.
ONLY_POSTED = """
    JOIN accounting_journal j
        ON j.tenant_id = l.tenant_id AND j.id = l.journal_id AND j.state = 'posted'
"""
Ask = Callable[[date], Any]


def balances(database: Database, company: Company, scale: Scale) -> list[Figure]:
    """All in turn on the same random days, by one client, all as erp_app."""
    with psycopg.connect(application_dsn(), prepare_threshold=0, autocommit=True) as connection:
        connection.execute(f"SET app.tenant_id = '{company.tenant_id}'")

        def sql(text: str) -> Ask:
            def ask(day: date) -> list[Any]:
                parameters = {"tenant": company.tenant_id, "as_of": day}
                return connection.execute(text, parameters).fetchall()

            return ask

        def service(day: date) -> list[Any]:
            return list(reports.trial_balance(company.ctx(), as_of=day)["rows"])

        asks = {
            GROUP_BY: sql(GROUP_SQL.format(posted="")),
            POSTED: sql(GROUP_SQL.format(posted=ONLY_POSTED)),
            SUMS: _report_statement(company, connection),
            SERVICE: service,
        }
        _same_answers(asks)
        return _in_turn(database, asks, scale.rounds)


def _report_statement(company: Company, connection: psycopg.Connection[Any]) -> Ask:
    """The last statement that the report sends, recorded with its parameters when first asked."""

    @functools.cache
    def statement(day: date) -> Statement:
        return recorded(lambda: reports.trial_balance(company.ctx(), as_of=day))[-1]

    def ask(day: date) -> list[Any]:
        return connection.execute(*statement(day)).fetchall()

    ask.prepare = statement  # type: ignore[attr-defined]
    return ask


def _same_answers(asks: dict[str, Ask]) -> None:
    day = _days(1)[0]
    plain = {row[0]: row[4] for row in asks[GROUP_BY](day)}
    summed = {row["account_id"]: row["balance"] for row in asks[SERVICE](day)}
    if {k: v for k, v in plain.items() if v} != {k: v for k, v in summed.items() if v}:
        raise BenchError("The trial balance differs from the plain GROUP BY.")


def _days(count: int) -> list[date]:
    today = datetime.now(UTC).date()
    return [today - timedelta(days=random.randrange(YEARS * 365)) for _ in range(count)]


def _in_turn(database: Database, asks: dict[str, Ask], count: int) -> list[Figure]:
    times: dict[str, list[float]] = {name: [] for name in asks}
    cpu = dict.fromkeys(asks, 0.0)
    for _ in tqdm(range(count), desc="trial balances", leave=False):
        database.quiesce(LEDGER_TABLES)
        days = _days(DAYS_PER_ROUND)
        for prepare in (getattr(ask, "prepare", None) for ask in asks.values()):
            for day in days if prepare else ():
                prepare(day)
        for name, ask in asks.items():
            before = database.cpu_seconds()
            for day in days:
                started = time.perf_counter()
                ask(day)
                times[name].append((time.perf_counter() - started) * 1000)
            cpu[name] += database.cpu_seconds() - before
    return [_figure(name, taken, cpu[name]) for name, taken in times.items()]


def _figure(name: str, milliseconds: Sequence[float], cpu: float) -> Figure:
    seen = Latencies.of(milliseconds, sum(milliseconds) / 1000)
    return Figure(
        name, 1, 1000 / seen.p50_ms, seen.p50_ms, seen.p95_ms, cpu / seen.operations * 1e6
    )


def balance_targets(figures: Sequence[Figure]) -> list[Target]:
    plain, service = find(figures, GROUP_BY, 1), find(figures, SERVICE, 1)
    return [
        Target("15", "trial balance, faster than the plain GROUP BY",
               ratio(plain.p50_ms, service.p50_ms), floor=10, aim=50, unit="x")
    ]  # fmt: skip
