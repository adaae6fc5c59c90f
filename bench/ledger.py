"""The company that has everything: 200,000 invoices, a million journal lines, three years."""

from bench.database import Database
from bench.scale import Scale
from bench.world import Company, company_new

ACCOUNTS, CONTACTS = 200, 2_000
LEDGER_TABLES = (
    "accounting_document", "accounting_journal", "accounting_journalline",
    "accounting_accountday", "accounting_accountmonth", "accounting_account", "accounting_contact",
)  # fmt: skip


def large_company(database: Database, scale: Scale) -> Company:
    """Loaded by SQL past the triggers, which an import of an hour would not be; then analyzed."""
    company = company_new()
    database.script(
        "ledger.sql",
        tenant=str(company.tenant_id),
        series=str(company.series),
        receivable=str(company.receivable),
        tax_account=str(company.tax_account),
        contacts=CONTACTS,
        invoices=scale.invoices,
        accounts=ACCOUNTS,
    )
    for table in LEDGER_TABLES:
        database.run(f"VACUUM (ANALYZE) {table}")
    return company
