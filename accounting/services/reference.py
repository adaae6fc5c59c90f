"""Reference data: accounts, taxes, contacts, settings. Changed, deactivated, never deleted."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import F

from accounting.caches import void
from accounting.currencies import CURRENCIES
from accounting.errors import ContactErased
from accounting.events import ReferenceDataChanged
from accounting.models import (
    CONTROL_ROLES,
    Account,
    CompanySettings,
    Contact,
    Document,
    Journal,
    JournalLine,
    Letterhead,
    Payment,
    Tax,
)
from accounting.services.documents import require_version
from core.errors import Conflict, FieldError, Invalid, NotFound, require
from core.jobs import outbox
from core.printing.logos import logo_require
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
    Letterhead: "letterhead",
}
ANCESTORS_MAX = 20
#: Rows of one statement, which takes 65,535 parameters at most.
BATCH_SIZE = 1_000


@command
def account_create(ctx: Context, *, values: Values) -> Account:
    """A ledger account. `values` are its columns by name."""
    account = Account(**values)
    _require_fitting_parent(account)
    return _save(ctx, account)


@command
def accounts_create(ctx: Context, *, accounts: Sequence[Account]) -> list[Account]:
    """Many new accounts at once, all or none; a parent may be an earlier one of them."""
    for account in accounts:
        _require_fitting_parent(account)
    return _create(ctx, list(accounts))


@command
def account_update(
    ctx: Context, *, account_id: UUID, values: Values, expected_version: int | None = None
) -> Account:
    """Change an account; its type only while nothing was posted to it."""
    account = _lock(Account, account_id, expected_version)
    if _needs_no_postings(account, values) and JournalLine.objects.filter(account=account).exists():
        raise Conflict("Postings to this account exist; its type, kind and control role stay.")
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
def contacts_create(ctx: Context, *, contacts: Sequence[Values]) -> list[Contact]:
    """Many contacts at once, all or none."""
    return _create(ctx, [Contact(**values) for values in contacts])


@command
def contact_update(
    ctx: Context, *, contact_id: UUID, values: Values, expected_version: int | None = None
) -> Contact:
    contact = _lock(Contact, contact_id, expected_version)
    require(contact.erased_at is None, ContactErased())
    return _save(ctx, _assign(contact, values))


@command
def settings_update(
    ctx: Context, *, values: Values, expected_version: int | None = None
) -> CompanySettings:
    """Change the company's settings; currency and fiscal year only while the books are empty."""
    settings = CompanySettings.objects.select_for_update().first()
    if settings is None:
        raise NotFound
    require_version(settings, expected_version)
    fixed = ("base_currency", "fiscal_year_start_month", "fiscal_year_start_day")
    changes = [name for name in fixed if name in values and values[name] != getattr(settings, name)]
    kept = any(model.objects.exists() for model in (Journal, Document, Payment))
    if changes and kept:
        raise Conflict("There are journals, documents or payments; currency and fiscal year stay.")
    _assign(settings, values)
    known = settings.base_currency in CURRENCIES
    require(known, Invalid.field("base_currency", "Not a currency of ISO 4217."))
    return _save(ctx, settings)


@command
def letterhead_update(
    ctx: Context, *, values: Values, expected_version: int | None = None
) -> Letterhead:
    """Change what the company's papers say of it; made when it is first written.

    A `logo` is the bytes of a PNG; empty takes it away.
    """
    letterhead = Letterhead.objects.select_for_update().first() or Letterhead(version=0)
    require_version(letterhead, expected_version)
    if values.get("logo"):
        logo_require(values["logo"])
    return _save(ctx, _assign(letterhead, values))


def _lock(kind: type[R], record_id: UUID, expected_version: int | None) -> R:
    record: R | None = kind.objects.select_for_update().filter(pk=record_id).first()
    if record is None:
        raise NotFound
    require_version(record, expected_version)
    return record


def _assign(record: Any, values: Values) -> Any:
    for name, value in values.items():
        setattr(record, name, value)
    record.version = 1 if record._state.adding else F("version") + 1
    return record


def _save(ctx: Context, record: Any) -> Any:
    """Validate as a form would, write, void what is remembered of it, and announce it."""
    _clean(record)
    is_new_contact = isinstance(record, Contact) and record._state.adding
    record.save()
    if not is_new_contact:  # of whom nobody can remember anything
        void(ctx, type(record))
    record.refresh_from_db(fields=["version"])
    outbox.announce(ctx, ReferenceDataChanged(NOUNS[type(record)], record.id))
    return record


def _create(ctx: Context, records: list[R]) -> list[R]:
    """The same for many new records, in as few statements as they fit in."""
    for record in records:
        _clean(record)
    if records:
        kind = type(records[0])
        kind.objects.bulk_create(records, batch_size=BATCH_SIZE)
        if kind is not Contact:
            void(ctx, kind)
    changes = [ReferenceDataChanged(NOUNS[type(record)], record.id) for record in records]
    outbox.announce(ctx, *changes)
    return records


def _clean(record: Any) -> None:
    try:
        # A parent may be as new as the account; the database sees to it that there is one.
        record.clean_fields(exclude=["version", "tenant", "parent"])
    except ValidationError as error:
        fields = [FieldError(n, str(m)) for n, ms in error.message_dict.items() for m in ms]
        raise Invalid(f"{fields[0].name}: {fields[0].message}", fields=fields) from error


def _needs_no_postings(account: Account, values: Values) -> bool:
    """Whether the change would give existing postings another meaning."""
    role = values.get("role", account.role)
    return (
        values.get("type", account.type) != account.type
        or (values.get("is_group", False) and not account.is_group)
        or (role != account.role and not CONTROL_ROLES.isdisjoint({role, account.role}))
    )


def _require_fitting_parent(account: Account) -> None:
    """A parent of the same type, and no circle."""
    ancestor, steps = _named(account, "parent"), 0
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
    account = _named(tax, "account")
    if account.is_group or account.role in CONTROL_ROLES:
        raise Invalid.field("account_id", "A group or a control account collects no tax.")


def _named(record: TenantModel, name: str) -> Any:
    """What the record's `<name>_id` names; Invalid when there is none."""
    try:
        return getattr(record, name)
    except ObjectDoesNotExist:
        raise Invalid.field(f"{name}_id", f"There is no such {name}.") from None
