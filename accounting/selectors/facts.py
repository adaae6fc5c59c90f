"""Facts: what a booking needs to know about its company, read in one statement."""

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
from core.errors import Invalid
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_cursor

FACTS_SQL = (Path(__file__).parent / "sql" / "facts.sql").read_text(encoding="utf-8")


class AccountFact(NamedTuple):
    id: UUID
    role: str
    code: str
    is_group: bool
    is_active: bool

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

    def is_valid_on(self, day: date) -> bool:
        begun = self.valid_from is None or self.valid_from <= day
        return self.is_active and begun and (self.valid_until is None or day <= self.valid_until)


class ContactFact(NamedTuple):
    id: UUID
    name: str
    country: str
    payment_terms_days: int | None
    is_active: bool


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


@query
def facts_get(
    ctx: Context,
    *,
    kind: str,
    accounts: Iterable[UUID] = (),
    taxes: Iterable[UUID] = (),
    contacts: Iterable[UUID] = (),
) -> Facts:
    """Facts for a booking of series `kind` that names these records. One statement."""
    with tenant_cursor() as cursor:
        cursor.execute(
            FACTS_SQL,
            {
                "tenant": ctx.tenant_id,
                "kind": kind,
                "accounts": list(accounts),
                "taxes": list(taxes),
                "contacts": list(contacts),
            },
        )
        found = orjson.loads(cursor.fetchone()[0])
    if found["settings"] is None:
        raise Invalid("This company has no accounting settings yet.")
    return Facts(
        settings=found["settings"],
        accounts={a.id: a for a in map(_account, found["accounts"] or ())},
        taxes={t.id: t for t in map(_tax, found["taxes"] or ())},
        contacts={c.id: c for c in map(_contact, found["contacts"] or ())},
        series={(k, year): UUID(key) for k, year, key in found["series"] or ()},
    )


def _account(row: list[Any]) -> AccountFact:
    return AccountFact(UUID(row[0]), *row[1:])


def _tax(row: list[Any]) -> TaxFact:
    key, code, rate, inclusive, account, valid_from, valid_until, active = row
    return TaxFact(
        UUID(key), code, Decimal(rate), inclusive, UUID(account), _day(valid_from),
        _day(valid_until), active,
    )  # fmt: skip


def _contact(row: list[Any]) -> ContactFact:
    return ContactFact(UUID(row[0]), *row[1:])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
