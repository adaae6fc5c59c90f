"""Reference data: accounts, taxes, contacts, settings. Changed, deactivated, never deleted."""

from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import F

from accounting.currencies import CURRENCIES
from accounting.events import ReferenceDataChanged
from accounting.models import Account, CompanySettings, Contact, Journal, JournalLine, Tax
from accounting.services.documents import require_version
from core.errors import Conflict, FieldError, Invalid, NotFound, require
from core.jobs import outbox
from core.tenancy.context import Context
from core.tenancy.models import TenantModel
from core.tenancy.transactions import command

R = TypeVar("R", bound=TenantModel)
Values = dict[str, Any]
NOUNS: dict[type[TenantModel], str] = {
    Account: "account",
    Tax: "tax",
    Contact: "contact",
    CompanySettings: "settings",
}
ANCESTORS_MAX = 20


@command
def account_create(ctx: Context, *, values: Values) -> Account:
    """A ledger account. `values` are its columns by name."""
    account = Account(**values)
    _require_fitting_parent(account)
    return _save(ctx, account)


@command
def account_update(
    ctx: Context, *, account_id: UUID, values: Values, expected_version: int | None = None
) -> Account:
    """Change an account; its type only while nothing was posted to it."""
    account = _lock(Account, account_id, expected_version)
    used = "type" in values and values["type"] != account.type
    used = used or (values.get("is_group", False) and not account.is_group)
    if used and JournalLine.objects.filter(account=account).exists():
        raise Conflict("Postings to this account exist; its type and kind stay.")
    _assign(account, values)
    _require_fitting_parent(account)
    return _save(ctx, account)


@command
def tax_create(ctx: Context, *, values: Values) -> Tax:
    """A tax. Lines copy its rate, so changing it later changes no document."""
    tax = Tax(**values)
    _require_sound_tax(tax)
    return _save(ctx, tax)


@command
def tax_update(
    ctx: Context, *, tax_id: UUID, values: Values, expected_version: int | None = None
) -> Tax:
    tax = _lock(Tax, tax_id, expected_version)
    _assign(tax, values)
    _require_sound_tax(tax)
    return _save(ctx, tax)


@command
def contact_create(ctx: Context, *, values: Values) -> Contact:
    """A customer, a supplier, or both."""
    return _save(ctx, Contact(**values))


@command
def contact_update(
    ctx: Context, *, contact_id: UUID, values: Values, expected_version: int | None = None
) -> Contact:
    return _save(ctx, _assign(_lock(Contact, contact_id, expected_version), values))


@command
def settings_update(
    ctx: Context, *, values: Values, expected_version: int | None = None
) -> CompanySettings:
    """Change the company's settings; currency and fiscal year only before the first posting."""
    settings = CompanySettings.objects.select_for_update().first()
    if settings is None:
        raise NotFound
    require_version(settings, expected_version)
    fixed = ("base_currency", "fiscal_year_start_month", "fiscal_year_start_day")
    changes = [name for name in fixed if name in values and values[name] != getattr(settings, name)]
    if changes and Journal.objects.filter(state="posted").exists():
        raise Conflict("Journals are posted; currency and fiscal year stay.")
    _assign(settings, values)
    known = settings.base_currency in CURRENCIES
    require(known, Invalid.field("base_currency", "Not a currency of ISO 4217."))
    return _save(ctx, settings)


def _lock(kind: type[R], record_id: UUID, expected_version: int | None) -> R:
    record: R | None = kind.objects.select_for_update().filter(pk=record_id).first()
    if record is None:
        raise NotFound
    require_version(record, expected_version)
    return record


def _assign(record: Any, values: Values) -> Any:
    for name, value in values.items():
        setattr(record, name, value)
    record.version = F("version") + 1
    return record


def _save(ctx: Context, record: Any) -> Any:
    """Validate as a form would, write, and announce that caches of it are stale."""
    try:
        record.clean_fields(exclude=["version", "tenant"])
    except ValidationError as error:
        fields = [FieldError(n, str(m)) for n, ms in error.message_dict.items() for m in ms]
        raise Invalid(f"{fields[0].name}: {fields[0].message}", fields=fields) from error
    record.save()
    record.refresh_from_db(fields=["version"])
    outbox.announce(ctx, ReferenceDataChanged(NOUNS[type(record)], record.id))
    return record


def _require_fitting_parent(account: Account) -> None:
    """A parent of the same type, and no circle."""
    ancestor, steps = account.parent, 0
    while ancestor is not None:
        steps += 1
        if ancestor.id == account.id or steps > ANCESTORS_MAX:
            raise Invalid.field("parent_id", "The tree of accounts has no circles.")
        if ancestor.type != account.type:
            raise Invalid.field("parent_id", f"The parent is of type {ancestor.type}.")
        ancestor = ancestor.parent


def _require_sound_tax(tax: Tax) -> None:
    if tax.valid_from and tax.valid_until and tax.valid_until < tax.valid_from:
        raise Invalid.field("valid_until", "Before the first valid day.")
    if tax.account.is_group:
        raise Invalid.field("account_id", "A group takes no postings.")
