"""What the rows of a flat ledger mean: one row a posting, as ledger programs export them.

Two flavours are read: that of hledger (`description`, `txn_comment`,
`posting_comment`) and that of beancount (`payee`, `narration`). Where there is
a `weight`, the amount at which the posting balances its transaction (its cost,
say), it counts and not the units. A positive amount is a debit.

The first part of an account's name says its type. Every transaction is booked
whole or refused whole: one in another currency or a commodity, one with a
single posting, and one that does not sum to exactly zero.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from accounting.currencies import minor_unit
from accounting.models import Account, AccountType, Journal, JournalLine
from accounting.services.imports.cells import BadCell, day, number
from accounting.services.imports.groups import Group
from accounting.services.imports.report import Refused
from accounting.services.imports.sources import Row

COLUMNS = ("txn", "date", "account", "amount", "currency")
OPTIONAL = ("weight", "weight_currency", "payee", "description", "narration", "txn_comment",
            "posting_comment")  # fmt: skip
TYPES = {
    "assets": AccountType.ASSET,
    "liabilities": AccountType.LIABILITY,
    "equity": AccountType.EQUITY,
    "income": AccountType.INCOME,
    "revenue": AccountType.INCOME,
    "revenues": AccountType.INCOME,
    "expenses": AccountType.EXPENSE,
}
SEPARATOR = ":"
NAME_MAX = Account._meta.get_field("name").max_length or 0
MEMO_MAX = JournalLine._meta.get_field("memo").max_length or 0
NARRATION_MAX = Journal._meta.get_field("narration").max_length or 0
REFERENCE_MAX = Journal._meta.get_field("reference").max_length or 0


class LedgerPosting(NamedTuple):
    """A posting to the account of that full name; a positive amount is a debit."""

    account: str
    amount: Decimal
    memo: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction; `debit` is the sum of its debits."""

    reference: str
    effective_on: date
    narration: str
    postings: list[LedgerPosting]
    debit: Decimal
    rows: list[Row]


def account_type(name: str) -> AccountType | None:
    """The type that the first part of a full name says, or None."""
    return TYPES.get(name.partition(SEPARATOR)[0].strip().lower())


def transaction_of(group: Group, *, prefix: str, currency: str) -> Transaction:
    """The transaction of a group of rows; raises Refused naming the lines at fault."""
    if group.fault:
        raise Refused({}, group.fault)
    faults: dict[int, str] = {}
    postings = list(_postings(group.rows, currency, faults))
    effective_on = _one_day(group.rows, faults)
    if faults or effective_on is None:
        raise Refused(faults, "another posting of this transaction is refused")
    _require_journal(postings)
    _, _, _, _, _, _, _, payee, description, narration, comment, _ = group.rows[0].cells
    said = (payee, description, narration, comment)
    reference = f"{prefix}{SEPARATOR}{group.key}"
    if not group.key or len(reference) > REFERENCE_MAX:
        raise Refused({}, "txn is empty, or too long")
    return Transaction(
        reference=reference,
        effective_on=effective_on,
        narration=" | ".join(filter(None, said))[:NARRATION_MAX],
        postings=postings,
        debit=sum((p.amount for p in postings if p.amount > 0), Decimal(0)),
        rows=group.rows,
    )


def _postings(rows: list[Row], currency: str, faults: dict[int, str]) -> Iterator[LedgerPosting]:
    unit = minor_unit(currency)
    for row in rows:
        _, _, account, units, units_currency, weight, weight_currency, *_, memo = row.cells
        try:
            amount = number(weight, "weight") if weight else number(units, "amount")
        except BadCell as error:
            faults[row.line] = str(error)
            continue
        found = (weight_currency or units_currency) if weight else units_currency
        if found != currency:
            faults[row.line] = f"in {found or 'no currency'}; these books are in {currency}"
        elif amount % unit:
            faults[row.line] = f"{amount} is finer than the minor unit of {currency}"
        elif account_type(account) is None:
            faults[row.line] = f"account {account!r} does not begin with a type such as Assets"
        elif len(account) > NAME_MAX:
            faults[row.line] = f"the account's name is longer than {NAME_MAX} characters"
        else:
            yield LedgerPosting(account, amount, memo[:MEMO_MAX])


def _one_day(rows: list[Row], faults: dict[int, str]) -> date | None:
    """The day that all rows share."""
    days = set()
    for row in rows:
        try:
            days.add(day(row.cells[1], "date"))
        except BadCell as error:
            faults[row.line] = str(error)
    if len(days) > 1:
        faults[rows[0].line] = "the postings of this transaction have different dates"
    return min(days, default=None)


def _require_journal(postings: list[LedgerPosting]) -> None:
    if len(postings) < 2:
        raise Refused({}, "a transaction of a single posting")
    difference = sum((posting.amount for posting in postings), Decimal(0))
    if difference:
        raise Refused({}, f"debits and credits differ by {abs(difference)}")
