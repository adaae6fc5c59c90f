"""Facts: what a booking needs to know about its company; remembered, or read in one statement."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from accounting.currencies import minor_unit
from accounting.fiscal import fiscal_year_of
from accounting.models import CONTROL_ROLES, AccountRole, TaxRounding
from core.cache.namespaces import Codec, Namespace
from core.errors import Invalid
from core.json import dumps
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_row

FACTS_SQL = (Path(__file__).parent / "sql" / "facts.sql").read_text(encoding="utf-8")


class AccountFact(NamedTuple):
    id: UUID
    role: str
    code: str
    is_group: bool
    is_active: bool

    @classmethod
    def of(cls, row: list[Any]) -> "AccountFact":
        return cls(UUID(row[0]), *row[1:])

    @property
    def takes_postings(self) -> bool:
        return self.is_active and not self.is_group


class TaxFact(NamedTuple):
    id: UUID
    code: str
    rate: Decimal
    is_inclusive: bool
    account_id: UUID
    valid_from: date | None
    valid_until: date | None
    is_active: bool

    @classmethod
    def of(cls, row: list[Any]) -> "TaxFact":
        key, code, rate, inclusive, account, valid_from, valid_until, active = row
        return cls(
            UUID(key), code, Decimal(rate), inclusive, UUID(account), _day(valid_from),
            _day(valid_until), active,
        )  # fmt: skip

    def is_valid_on(self, day: date) -> bool:
        begun = self.valid_from is None or self.valid_from <= day
        return self.is_active and begun and (self.valid_until is None or day <= self.valid_until)


class ContactFact(NamedTuple):
    id: UUID
    name: str
    country: str
    payment_terms_days: int | None
    is_active: bool

    @classmethod
    def of(cls, row: list[Any]) -> "ContactFact":
        return cls(UUID(row[0]), *row[1:])


@dataclass(frozen=True)
class Facts:
    """The company's settings and the records that a booking names, by id."""

    settings: dict[str, Any]
    accounts: dict[UUID, AccountFact]
    taxes: dict[UUID, TaxFact]
    contacts: dict[UUID, ContactFact]
    series: dict[tuple[str, int], UUID] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        return str(self.settings["base_currency"])

    @cached_property
    def unit(self) -> Decimal:
        return minor_unit(self.currency)

    @property
    def tax_per_document(self) -> bool:
        return bool(self.settings["tax_rounding"] == TaxRounding.DOCUMENT)

    @cached_property
    def _by_role(self) -> dict[str, AccountFact]:
        return {account.role: account for account in self.accounts.values() if account.role}

    def fiscal_year(self, day: date) -> int:
        month = self.settings["fiscal_year_start_month"]
        return fiscal_year_of(day, month, self.settings["fiscal_year_start_day"])

    def account_with(self, role: AccountRole) -> UUID:
        """The account with a system role; raises Invalid when the chart has none."""
        account = self._by_role.get(role.value)
        if account is None:
            raise Invalid(f"The chart of accounts has no account with the role {role.label}.")
        if not account.takes_postings:
            raise Invalid(f"Account {account.code} takes no postings.")
        return account.id

    def postable(self, account_id: UUID, field_name: str) -> UUID:
        """`account_id`, if it exists and takes postings; raises Invalid otherwise."""
        account = self.accounts.get(account_id)
        if account is None:
            raise Invalid.field(field_name, "There is no such account.")
        if not account.takes_postings:
            raise Invalid.field(field_name, f"Account {account.code} takes no postings.")
        if account.role in CONTROL_ROLES:
            raise Invalid.field(
                field_name, "A control account is posted to through documents and payments only."
            )
        return account_id

    def tax(self, tax_id: UUID, day: date, field_name: str) -> TaxFact:
        """The tax, if it is valid on `day`; raises Invalid otherwise."""
        tax = self.taxes.get(tax_id)
        if tax is None:
            raise Invalid.field(field_name, "There is no such tax.")
        if not tax.is_valid_on(day):
            raise Invalid.field(field_name, f"Tax {tax.code} is not valid on {day}.")
        return tax

    def tax_account(self, tax_id: UUID) -> UUID:
        """Where this tax is posted; the account may have closed since the tax was made."""
        return self.postable(self.taxes[tax_id].account_id, "lines")

    def contact(self, contact_id: UUID, field_name: str = "contact_id") -> ContactFact:
        contact = self.contacts.get(contact_id)
        if contact is None:
            raise Invalid.field(field_name, "There is no such contact.")
        if not contact.is_active:
            raise Invalid.field(field_name, f"{contact.name} is no longer active.")
        return contact


def facts_get(
    ctx: Context,
    *,
    kind: str,
    accounts: Iterable[UUID] = (),
    taxes: Iterable[UUID] = (),
    contacts: Iterable[UUID] = (),
) -> Facts:
    """Facts for a booking of series `kind` that names these records.

    From memory; what is not remembered comes in one statement.
    """
    named = Named(kind, set(accounts), set(taxes), set(contacts))
    parts = _parts(ctx, named)
    if not parts.get("settings"):
        raise Invalid("This company has no accounting settings yet.")
    found_taxes = [parts[key] for key in map(tax_key, named.taxes) if key in parts]
    # A tax names an account in its turn; asked for with it, unless it alone was remembered.
    collecting = {tax.account_id for tax in found_taxes} - named.accounts
    if any(account_key(one) not in parts for one in collecting):
        parts |= _parts(ctx, Named(kind, collecting, set(), set()))
    every_account = [*parts["roles"], *(p for p in parts.values() if isinstance(p, AccountFact))]
    return Facts(
        settings=parts["settings"],
        accounts={account.id: account for account in every_account},
        taxes={tax.id: tax for tax in found_taxes},
        contacts={part.id: part for part in parts.values() if isinstance(part, ContactFact)},
        series={(kind, year): key for year, key in parts[series_key(kind)].items()},
    )


@dataclass(frozen=True)
class Named:
    """The records that a booking names."""

    kind: str
    accounts: set[UUID]
    taxes: set[UUID]
    contacts: set[UUID]

    def keys(self) -> list[str]:
        return [
            "settings",
            "roles",
            series_key(self.kind),
            *map(account_key, self.accounts),
            *map(tax_key, self.taxes),
            *map(contact_key, self.contacts),
        ]

    def only(self, keys: Iterable[str]) -> "Named":
        """Of these records, those whose parts are among `keys`."""
        wanted = set(keys)
        return Named(
            self.kind,
            {one for one in self.accounts if account_key(one) in wanted},
            {one for one in self.taxes if tax_key(one) in wanted},
            {one for one in self.contacts if contact_key(one) in wanted},
        )


def _parts(ctx: Context, named: Named) -> dict[str, Any]:
    keys = named.keys()
    if len(keys) > REMEMBERED_MAX:
        return _read(ctx, named)

    def load(missing: list[str]) -> dict[str, Any]:
        return _read(ctx, named.only(missing))

    return BOOKING_FACTS.get_many(ctx.tenant_id, keys, load)


@query
def _read(ctx: Context, named: Named) -> dict[str, Any]:
    """Settings, roles and series, and of the records named those that exist, by key."""
    [text] = tenant_row(
        FACTS_SQL,
        {
            "tenant": ctx.tenant_id,
            "kind": named.kind,
            "accounts": list(named.accounts),
            "taxes": list(named.taxes),
            "contacts": list(named.contacts),
        },
    )
    found = orjson.loads(text)
    accounts = [AccountFact.of(row) for row in found["accounts"] or ()]
    return {
        "settings": found["settings"],
        "roles": [account for account in accounts if account.role],
        series_key(named.kind): {year: UUID(key) for year, key in found["series"] or ()},
        **{account_key(account.id): account for account in accounts},
        **{tax_key(UUID(row[0])): TaxFact.of(row) for row in found["taxes"] or ()},
        **{contact_key(UUID(row[0])): ContactFact.of(row) for row in found["contacts"] or ()},
    }


def account_key(account_id: UUID) -> str:
    return f"account {account_id.hex}"


def tax_key(tax_id: UUID) -> str:
    return f"tax {tax_id.hex}"


def contact_key(contact_id: UUID) -> str:
    return f"contact {contact_id.hex}"


def series_key(kind: str) -> str:
    return f"series {kind}"


def _encode(part: Any) -> bytes:
    if isinstance(part, list):
        return dumps(["roles", [list(account) for account in part]])
    if isinstance(part, tuple):
        return dumps([type(part).__name__, list(part)])
    if all(isinstance(key, int) for key in part):
        return dumps(["series", list(part.items())])
    return dumps(["settings", part])


def _decode(data: bytes) -> Any:
    name, rows = orjson.loads(data)
    if name == "roles":
        return [AccountFact.of(row) for row in rows]
    if name == "series":
        return {year: UUID(key) for year, key in rows}
    return rows if name == "settings" else RECORDS[name].of(rows)


RECORDS: dict[str, Any] = {kind.__name__: kind for kind in (AccountFact, TaxFact, ContactFact)}
#: A booking that names more asks the database: it would push out what requests need.
REMEMBERED_MAX = 200
BOOKING_FACTS: Namespace[Any] = Namespace("booking_facts", Codec(_encode, _decode))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
