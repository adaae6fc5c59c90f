"""Opening a company: tenant, roles, settings and a first chart of accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from accounting.currencies import CURRENCIES
from accounting.models import Account, AccountRole, AccountType, CompanySettings
from core.errors import Invalid, require
from core.tenancy.context import Context
from core.tenancy.models import Tenant
from core.tenancy.transactions import command
from permissions.services.tenants import owner_install, tenant_open

#: What every company needs for documents and payments to find their accounts:
#: code, name, type, role. Written for this project; import a chart to go on from here.
STARTER_CHART: Sequence[tuple[str, str, AccountType, AccountRole | None]] = (
    ("1000", "Bank", AccountType.ASSET, AccountRole.BANK),
    ("1100", "Accounts receivable", AccountType.ASSET, AccountRole.RECEIVABLE),
    ("1190", "Allowance for bad debts", AccountType.ASSET, AccountRole.BAD_DEBT_ALLOWANCE),
    ("2000", "Accounts payable", AccountType.LIABILITY, AccountRole.PAYABLE),
    ("2200", "Tax", AccountType.LIABILITY, AccountRole.TAX),
    ("3000", "Share capital", AccountType.EQUITY, None),
    ("3900", "Retained earnings", AccountType.EQUITY, AccountRole.RETAINED_EARNINGS),
    ("4000", "Sales", AccountType.INCOME, AccountRole.SALES),
    ("5000", "Purchases", AccountType.EXPENSE, AccountRole.PURCHASES),
    ("5100", "Bad debts", AccountType.EXPENSE, AccountRole.BAD_DEBTS),
    ("5900", "Rounding differences", AccountType.EXPENSE, AccountRole.ROUNDING),
)


@dataclass(frozen=True, slots=True)
class CompanyInput:
    """A company to open. The fiscal year starts on day 1 to 28 of a month."""

    slug: str
    name: str
    base_currency: str
    fiscal_year_start_month: int = 1
    fiscal_year_start_day: int = 1


@command
def company_open(ctx: Context, *, company: CompanyInput, owner_id: UUID) -> Tenant:
    """Open the context's tenant, whose id is new, as a company with books and an owner."""
    known = company.base_currency in CURRENCIES
    require(known, Invalid.field("base_currency", "Not a currency of ISO 4217."))
    tenant = tenant_open(ctx, slug=company.slug, name=company.name)
    owner_install(ctx, user_id=owner_id)
    CompanySettings.objects.create(
        base_currency=company.base_currency,
        fiscal_year_start_month=company.fiscal_year_start_month,
        fiscal_year_start_day=company.fiscal_year_start_day,
    )
    Account.objects.bulk_create(
        Account(code=code, name=name, type=type_, role=role or "")
        for code, name, type_, role in STARTER_CHART
    )
    return tenant
