"""RAW: the rows of a posted invoice on tables that nothing guards, as pgbench scripts.

One script per tenant, with its ids as literals, because pgbench has no UUIDs.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from bench.database import SQL, pgbench, superuser_dsn
from bench.measure import Load, Variant
from bench.world import Company

TABLES = (
    "bench.document", "bench.documentline", "bench.journal", "bench.journalline",
    "bench.accountday", "bench.accountmonth", "bench.outbox", "bench.audit",
)  # fmt: skip


def raw_variant(
    name: str, companies: Iterable[Company], *, clients: int, seconds: float
) -> Variant:
    """The limit, on the tables that `bare.sql` makes."""
    scripts = raw_scripts(companies, datetime.now(UTC).date())

    def run() -> Load:
        return Load(pgbench(superuser_dsn(), scripts, clients=clients, seconds=seconds))

    return Variant(name, clients, run, tables=TABLES)


def raw_scripts(companies: Iterable[Company], day: date) -> list[str]:
    template = (SQL / "raw_posting.sql").read_text()
    return [
        template.format(
            tenant=one.tenant_id, user=one.user_id, contact=one.contacts[0], sales=one.sales,
            receivable=one.receivable, tax_account=one.tax_account, series=one.series,
            tax_0=one.taxes[0], tax_1=one.taxes[1], day=day, due=day + timedelta(days=30),
        )
        for one in companies
    ]  # fmt: skip
