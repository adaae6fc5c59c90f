"""The companies that the load is spread over, and the one that has everything."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounting.models import Account, AccountRole
from accounting.selectors.facts import facts_get
from accounting.services.booking import series_of
from accounting.services.companies import CompanyInput, company_open
from accounting.services.drafts import DocumentInput, LineInput
from accounting.services.reference import contact_create, tax_create
from core.ids import uuid7
from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions.services.sessions import session_open
from permissions.services.tenants import user_create

CONTACTS = 20
RATES = (Decimal(20), Decimal(5))
OTHERS = (
    AccountRole.PURCHASES,
    AccountRole.ROUNDING,
    AccountRole.SALES,
    AccountRole.RETAINED_EARNINGS,
)


@dataclass(frozen=True, slots=True)
class Company:
    """A tenant with what an invoice names, and a token of its owner."""

    tenant_id: UUID
    slug: str
    user_id: UUID
    token: str
    receivable: UUID
    sales: UUID
    tax_account: UUID
    series: UUID
    #: Accounts that a general journal may use.
    others: tuple[UUID, ...]
    taxes: tuple[UUID, ...]
    contacts: tuple[UUID, ...] = field(repr=False)

    def ctx(self) -> Context:
        return Context(self.tenant_id, self.user_id, datetime.now(UTC), "bench")


def companies_open(count: int) -> list[Company]:
    """`count` fresh companies through the product's own services."""
    return [company_new() for _ in range(count)]


def company_new() -> Company:
    name = secrets.token_hex(6)
    user = user_create(email=f"{name}@example.test", password=secrets.token_hex(12), name=name)
    ctx = Context(uuid7(), user.pk, datetime.now(UTC), "bench")
    books = CompanyInput(slug=f"c-{name}", name=f"Company {name}", base_currency="GBP")
    company_open(ctx, company=books, owner_id=user.pk)
    accounts = _accounts(ctx)
    return Company(
        tenant_id=ctx.tenant_id,
        slug=books.slug,
        user_id=user.pk,
        token=session_open(ctx, user_id=user.pk).access,
        receivable=accounts[AccountRole.RECEIVABLE],
        sales=accounts[AccountRole.SALES],
        tax_account=accounts[AccountRole.TAX],
        series=_series(ctx),
        others=tuple(accounts[role] for role in OTHERS),
        taxes=tuple(_tax(ctx, accounts[AccountRole.TAX], rate) for rate in RATES),
        contacts=tuple(_contact(ctx, number) for number in range(CONTACTS)),
    )


@command
def _accounts(ctx: Context) -> dict[str, UUID]:
    rows = Account.objects.exclude(role="").values_list("role", "id")
    return dict(rows)


@command
def _series(ctx: Context) -> UUID:
    """This year's series, made before the clock runs: it is made once a year."""
    return series_of(ctx, facts_get(ctx, kind="invoice"), "invoice", ctx.today)


def _tax(ctx: Context, account_id: UUID, rate: Decimal) -> UUID:
    values = {"code": f"VAT{rate}", "name": f"VAT {rate}", "rate": rate, "account_id": account_id}
    return tax_create(ctx, values=values).id


def _contact(ctx: Context, number: int) -> UUID:
    return contact_create(ctx, values={"name": f"Customer {number:03}", "country": "GB"}).id


def invoice_input(company: Company, day: date, index: int) -> DocumentInput:
    """Five lines, two tax rates: what the service is called with."""
    lines = [
        LineInput(
            quantity=Decimal(line + 1),
            unit_price=Decimal("19.99"),
            description=f"Item {line + 1} of the usual order",
            item_code=f"SKU-{line:04}",
            tax_id=company.taxes[line % 2],
        )
        for line in range(5)
    ]
    contact = company.contacts[index % len(company.contacts)]
    return DocumentInput("invoice", contact, day, lines, reference=f"PO-{index}")


def invoice_body(company: Company, day: date, index: int) -> dict[str, Any]:
    """The same as the body of a request."""
    asked = invoice_input(company, day, index)
    lines = [
        {
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "description": line.description,
            "item_code": line.item_code,
            "tax_id": line.tax_id,
        }
        for line in asked.lines
    ]
    return {
        "contact_id": asked.contact_id,
        "issued_on": asked.issued_on,
        "reference": asked.reference,
        "lines": lines,
        "post": True,
    }


def journal_body(company: Company, day: date) -> dict[str, Any]:
    """A general journal of four lines, posted at once."""
    sides = (("debit", "60.00"), ("debit", "40.00"), ("credit", "80.00"), ("credit", "20.00"))
    lines = [
        {"account_id": account, side: amount}
        for account, (side, amount) in zip(company.others, sides, strict=True)
    ]
    return {"effective_on": day, "narration": "Four lines", "lines": lines, "post": True}
