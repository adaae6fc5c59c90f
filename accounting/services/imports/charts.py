"""What the rows of a file of charts of accounts mean, and which accounts follow from them.

**Types.** Sources call some accounts by their type (`asset_current`, `Income
Account`) and others by their purpose (`Bank`, `Payable`, `Tax`). A type word
holds; a purpose is of the type of what is above it, as in the source, and of
the type it usually has at the root.

**Parents** are named, and names repeat: the nearest group above the row with
that name is meant. Where a parent is of another type than its child, which our
tree does not know, the child hangs under the nearest ancestor of its own type,
or stands at the root.

**Codes.** The first row with a code keeps it; later ones with the same code
(the French chart uses letters for whole groups) get `-2`, `-3`. Rows without a
code are found again by type, name and parent, and get one made up (`codes`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from accounting.models import Account, AccountType
from accounting.services.imports.codes import CodeMaker
from accounting.services.imports.report import Refused
from accounting.services.imports.sources import Row

COLUMNS = ("chart", "code", "name", "type", "parent", "is_group")
TYPE_WORDS = {
    "asset": AccountType.ASSET,
    "fixed asset": AccountType.ASSET,
    "liability": AccountType.LIABILITY,
    "equity": AccountType.EQUITY,
    "income": AccountType.INCOME,
    "income account": AccountType.INCOME,
    "expense": AccountType.EXPENSE,
    "expense account": AccountType.EXPENSE,
}
PURPOSE_WORDS = {
    "accumulated depreciation": AccountType.ASSET,
    "bank": AccountType.ASSET,
    "capital work in progress": AccountType.ASSET,
    "cash": AccountType.ASSET,
    "receivable": AccountType.ASSET,
    "stock": AccountType.ASSET,
    "temporary": AccountType.ASSET,
    "credit": AccountType.LIABILITY,
    "payable": AccountType.LIABILITY,
    "stock received but not billed": AccountType.LIABILITY,
    "tax": AccountType.LIABILITY,
    "chargeable": AccountType.EXPENSE,
    "cost of goods sold": AccountType.EXPENSE,
    "depreciation": AccountType.EXPENSE,
    "expenses included in valuation": AccountType.EXPENSE,
    "round off": AccountType.EXPENSE,
    "stock adjustment": AccountType.EXPENSE,
}
NAME_MAX = Account._meta.get_field("name").max_length or 0
CODE_MAX = Account._meta.get_field("code").max_length or 0


@dataclass(slots=True)
class ChartRow:
    """An account of the chart; `type` is ours, `parent` an earlier row of the chart."""

    row: Row
    code: str
    name: str
    type: AccountType
    is_group: bool
    parent: "ChartRow | None"
    account: Account | None = None

    @property
    def reference(self) -> str:
        return self.code or self.name

    @property
    def rows(self) -> Sequence[Row]:
        return (self.row,)


class Chart:
    """The rows of one chart, each with its parent, as they come."""

    def __init__(self) -> None:
        self._by_name: dict[str, list[ChartRow]] = {}
        self._codes: dict[str, int] = {}

    def add(self, row: Row) -> ChartRow:
        """The next row; raises Refused."""
        _, code, name, word, parent_name, is_group = (cell.strip() for cell in row.cells)
        fault = _fault(code, name, is_group)
        if fault:
            raise Refused({row.line: fault}, fault)
        parent = self._named(parent_name)
        type_ = _type_of(word, parent)
        if type_ is None or (parent_name and parent is None):
            fault = f"type {word!r} is unknown" if type_ is None else f"no parent {parent_name!r}"
            raise Refused({row.line: fault}, fault)
        found = ChartRow(row, self._unique(code), name, type_, is_group == "1", parent)
        self._by_name.setdefault(name, []).append(found)
        return found

    def _named(self, name: str) -> ChartRow | None:
        rows = self._by_name.get(name, [])
        groups = [row for row in rows if row.is_group] or rows
        return groups[-1] if groups else None

    def _unique(self, code: str) -> str:
        if not code:
            return code
        times = self._codes[code] = self._codes.get(code, 0) + 1
        return code if times == 1 else f"{code}-{times}"


class ExistingAccounts:
    """The accounts that a company has, and how a row of a chart finds its own."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._by_code: dict[str, Account] = {}
        self._by_place: dict[tuple[object, ...], Account] = {}
        by_id = {account.id: account for account in accounts}
        for account in by_id.values():
            # Set from memory, so that climbing the tree asks no more questions.
            account.parent = by_id[account.parent_id] if account.parent_id else None
            self._add(account)
        self._codes = CodeMaker(self._by_code)

    def find(self, wanted: ChartRow) -> Account | None:
        """The account with the row's code, or else in its place; perhaps of another name."""
        if wanted.code:
            return self._by_code.get(wanted.code)
        parent = fitting_parent(wanted)
        return self._by_place.get((wanted.type, wanted.name, parent and parent.id))

    def make(self, wanted: ChartRow) -> Account:
        """A new account for the row, unsaved."""
        account = Account(
            code=wanted.code or self._codes.next(wanted.type),
            name=wanted.name,
            type=wanted.type,
            parent=fitting_parent(wanted),
            is_group=wanted.is_group,
        )
        self._add(account)
        return account

    def _add(self, account: Account) -> None:
        self._by_code[account.code] = account
        self._by_place[(account.type, account.name, account.parent_id)] = account


def fitting_parent(wanted: ChartRow) -> Account | None:
    """The account of the nearest ancestor that is of the same type."""
    for ancestor in _ancestors(wanted):
        if ancestor.account is not None and ancestor.account.type == wanted.type:
            return ancestor.account
    return None


def _ancestors(row: ChartRow) -> Iterator[ChartRow]:
    while row.parent is not None:
        row = row.parent
        yield row


def _type_of(word: str, parent: ChartRow | None) -> AccountType | None:
    """Our type for the source's word; Odoo adds an underscore and more: `asset_current`."""
    key = word.lower().partition("_")[0]
    if key in TYPE_WORDS:
        return TYPE_WORDS[key]
    if parent is not None and key in PURPOSE_WORDS:
        return parent.type
    return PURPOSE_WORDS.get(key)


def _fault(code: str, name: str, is_group: str) -> str:
    if not name or len(name) > NAME_MAX:
        return f"the name is empty or longer than {NAME_MAX} characters"
    if len(code) > CODE_MAX:
        return f"the code is longer than {CODE_MAX} characters"
    return "" if is_group in ("0", "1") else f"is_group {is_group!r} is neither 0 nor 1"
