"""The typed tree of accounts that the full names of a ledger imply."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounting.models import Account, CompanySettings
from accounting.services.imports.codes import CodeMaker
from accounting.services.imports.ledger_files import SEPARATOR, account_type
from accounting.services.reference import account_update, accounts_create
from core.tenancy.context import Context
from core.tenancy.transactions import command


@dataclass(frozen=True, slots=True)
class _Path:
    """A full name and what is above it."""

    name: str
    is_posted: bool

    @property
    def parent(self) -> str:
        return self.name.rpartition(SEPARATOR)[0]


@command
def ledger_accounts_ensure(ctx: Context, *, posted: Iterable[str]) -> int:
    """Make the accounts of these full names and those above them; returns how many were new.

    An account is found by its full name. Those above are groups, unless they
    are in `posted` themselves.
    """
    CompanySettings.objects.select_for_update().get()
    paths = _paths(frozenset(posted))
    known = Account.objects.filter(name__in=[path.name for path in paths])
    found: dict[str, Account] = {account.name: account for account in known.order_by("-code")}
    for path in paths:
        account = found.get(path.name)
        if account is not None and account.is_group and path.is_posted:
            account_update(ctx, account_id=account.id, values={"is_group": False})
    codes = CodeMaker(Account.objects.values_list("code", flat=True))
    new = []
    for path in paths:
        if path.name not in found:
            found[path.name] = _account(path, codes, found.get(path.parent))
            new.append(found[path.name])
    accounts_create(ctx, accounts=new)
    return len(new)


def _account(path: _Path, codes: CodeMaker, parent: Account | None) -> Account:
    type_ = account_type(path.name)
    assert type_ is not None  # who posts to it has seen to that
    return Account(
        code=codes.next(type_),
        name=path.name,
        type=type_,
        parent=parent,
        is_group=not path.is_posted,
    )


def _paths(posted: frozenset[str]) -> list[_Path]:
    """The names with everything above them, each above what is below it."""
    names = set(posted)
    for name in posted:
        parts = name.split(SEPARATOR)
        names.update(SEPARATOR.join(parts[:length]) for length in range(1, len(parts)))
    return [_Path(name, name in posted) for name in sorted(names, key=lambda n: n.split(SEPARATOR))]
