"""Reads of accounts, taxes, contacts, series and settings."""

from typing import Any, TypeVar
from uuid import UUID

from accounting.models import Account, CompanySettings, Contact, Series, Tax
from core.errors import NotFound
from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.models import TenantModel
from core.tenancy.transactions import query

R = TypeVar("R", bound=TenantModel)

ACCOUNT = (
    "id", "code", "name", "type", "role", "parent_id", "is_group", "is_active", "version",
)  # fmt: skip
TAX = (
    "id", "code", "name", "rate", "is_inclusive", "account_id", "valid_from", "valid_until",
    "is_active", "version",
)  # fmt: skip
CONTACT = (
    "id", "name", "reference", "email", "address", "country", "tax_number", "is_customer",
    "is_supplier", "payment_terms_days", "language", "is_active", "version",
)  # fmt: skip
SERIES = ("id", "kind", "fiscal_year", "prefix", "digits", "next_number")

LISTS: dict[type[TenantModel], tuple[Order, tuple[str, ...]]] = {
    Account: (Order("accounts", ("code", "id"), descending=False), ACCOUNT),
    Tax: (Order("taxes", ("code", "id"), descending=False), TAX),
    Contact: (Order("contacts", ("name", "id"), descending=False), CONTACT),
    Series: (Order("series", ("kind", "fiscal_year", "id"), descending=False), SERIES),
}


@query
def reference_list(ctx: Context, *, model: type[TenantModel], page: PageRequest) -> Page:
    """Accounts and taxes by code, contacts by name, series by kind and year."""
    order, columns = LISTS[model]
    return page_of(ctx, page.narrow(model.objects.all()).values(*columns), order, page)


@query
def reference_get(ctx: Context, *, model: type[R], record_id: UUID) -> R:
    """One account, tax or contact."""
    record: Any = model.objects.filter(pk=record_id).first()
    if record is None:
        raise NotFound
    found: R = record
    return found


@query
def settings_get(ctx: Context) -> CompanySettings:
    settings: CompanySettings | None = CompanySettings.objects.first()
    if settings is None:
        raise NotFound("This company has no accounting settings yet.")
    return settings
