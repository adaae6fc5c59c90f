"""Manual journals by their services, and the accounts they post to."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounting.models import Account, AccountDay, Journal, JournalLine, Series
from accounting.selectors.reports import general_ledger, trial_balance
from accounting.services.journals import (
    LINES_MAX,
    JournalInput,
    JournalLineInput,
    journal_create,
    journal_delete,
    journal_post,
    journal_reverse,
    journal_update,
    journals_create,
)
from accounting.services.reference import account_create, account_update, settings_update
from core.errors import Conflict, DomainError, Invalid, NotFound, StaleVersion
from core.ids import uuid7
from core.listing import PageRequest
from tests.accounting.books import DAY, Books, counted, lines_of, open_books
from tests.accounting.invariants import check_books


@pytest.fixture
def books() -> Books:
    return open_books()


def lines(books: Books, *amounts: str, roles: tuple[str, ...] = ("bank", "3000", "sales")) -> Any:
    return [
        JournalLineInput(books.accounts[role], Decimal(amount))
        for role, amount in zip(roles, amounts, strict=False)
    ]


def new_account(books: Books, code: str, **values: Any) -> Any:
    asked = {"code": code, "name": code, "type": "asset", **values}
    return account_create(books.ctx, values=asked)


# --- journals -----------------------------------------------------------------------


def test_an_unbalanced_journal_may_be_kept_but_not_posted(books: Books) -> None:
    draft = books.journal("10.00", "-9.99", post=False)
    with pytest.raises(DomainError, match=r"differ by 0\.01") as caught:
        journal_post(books.ctx, journal_id=draft.id)
    assert caught.value.code == "UNBALANCED"
    with pytest.raises(DomainError):
        books.journal("10.00", "-9.99")
    assert counted(books.ctx, Journal) == 1
    assert counted(books.ctx, AccountDay) == 0
    journal_update(books.ctx, journal_id=draft.id, changes={"lines": lines(books, "10", "-10")})
    assert journal_post(books.ctx, journal_id=draft.id).number == "JV-2026-00001"
    check_books(books)


def test_a_draft_moves_to_another_day_with_its_lines(books: Books) -> None:
    draft = books.journal("10.00", "-10.00", post=False)
    journal_update(books.ctx, journal_id=draft.id, changes={"effective_on": date(2027, 1, 1)})
    assert {line.effective_on for line in lines_of(books.ctx, draft.id)} == {date(2027, 1, 1)}
    assert journal_post(books.ctx, journal_id=draft.id).number == "JV-2027-00001"
    check_books(books)


def test_a_stale_version_is_refused(books: Books) -> None:
    draft = books.journal("10.00", "-10.00", post=False)
    journal_update(books.ctx, journal_id=draft.id, changes={"narration": "x"})
    for service, more in ((journal_update, {"changes": {"narration": "y"}}), (journal_delete, {})):
        with pytest.raises(StaleVersion):
            service(books.ctx, journal_id=draft.id, expected_version=draft.version, **more)
    journal_delete(books.ctx, journal_id=draft.id)
    assert counted(books.ctx, Journal) == counted(books.ctx, JournalLine) == 0


def test_a_posted_journal_is_reversed_once_and_nothing_else(books: Books) -> None:
    posted = books.journal("10.00", "-10.00")
    for attempt in (
        lambda: journal_update(books.ctx, journal_id=posted.id, changes={"narration": "x"}),
        lambda: journal_delete(books.ctx, journal_id=posted.id),
        lambda: journal_post(books.ctx, journal_id=posted.id),
    ):
        with pytest.raises(DomainError) as caught:
            attempt()
        assert caught.value.code == "NOT_DRAFT"
    reversal = journal_reverse(books.ctx, journal_id=posted.id)
    assert (reversal.reverses_id, reversal.number) == (posted.id, "JV-2026-00002")
    for journal in (posted.id, reversal.id):
        with pytest.raises(Conflict):
            journal_reverse(books.ctx, journal_id=journal)
    check_books(books)


def test_a_draft_is_not_reversed_and_a_reversal_not_dated_back(books: Books) -> None:
    with pytest.raises(Conflict):
        journal_reverse(books.ctx, journal_id=books.journal("1", "-1", post=False).id)
    with pytest.raises(Invalid):
        journal_reverse(
            books.ctx,
            journal_id=books.journal("1", "-1").id,
            effective_on=DAY - timedelta(days=1),
        )


@pytest.mark.parametrize("role", ["receivable", "payable"])
def test_a_control_account_is_not_posted_to_by_hand(books: Books, role: str) -> None:
    with pytest.raises(Invalid) as caught:
        journal_create(
            books.ctx,
            journal=JournalInput(DAY, lines(books, "5", "-5", roles=("bank", role))),
        )
    assert [field.name for field in caught.value.fields] == ["lines.1.account_id"]


@pytest.mark.parametrize("values", [{"is_group": True}, {"is_active": False}])
def test_a_closed_account_takes_no_postings(books: Books, values: dict[str, bool]) -> None:
    account = new_account(books, "1500")
    books.accounts["x"] = account.id
    wanted = JournalInput(DAY, lines(books, "5", "-5", roles=("bank", "x")))
    sales = JournalInput(DAY, lines(books, "5", "-5", roles=("bank", "sales")))
    account_update(books.ctx, account_id=account.id, values=values)
    with pytest.raises(Invalid):
        journal_create(books.ctx, journal=wanted)
    with pytest.raises(Invalid):
        journals_create(books.ctx, journals=[sales, wanted], post=True)
    assert counted(books.ctx, Journal) == 0


@pytest.mark.parametrize("values", [{"is_group": True}, {"is_active": False}])
def test_an_account_closed_under_a_draft_stops_its_posting(
    books: Books, values: dict[str, bool]
) -> None:
    books.accounts["x"] = new_account(books, "1500").id
    wanted = JournalInput(DAY, lines(books, "5", "-5", roles=("bank", "x")))
    draft = journal_create(books.ctx, journal=wanted)
    try:
        account_update(books.ctx, account_id=books.accounts["x"], values=values)
    except Conflict:
        return  # refusing to close it is as good
    with pytest.raises(Invalid):
        journal_post(books.ctx, journal_id=draft.id)


@pytest.mark.parametrize(
    "amounts", [["5"], ["0.001", "-0.001"], ["1"] * (LINES_MAX + 1), []], ids=len
)
def test_lines_that_make_no_journal_are_refused(books: Books, amounts: list[str]) -> None:
    wanted = [JournalLineInput(books.accounts["bank"], Decimal(amount)) for amount in amounts]
    with pytest.raises(Invalid):
        journal_create(books.ctx, journal=JournalInput(DAY, wanted))


def test_an_unknown_or_foreign_account_is_refused_alike(books: Books) -> None:
    said = []
    for account in (uuid7(), open_books().accounts["bank"]):
        with pytest.raises(Invalid) as caught:
            journal_create(
                books.ctx,
                journal=JournalInput(
                    DAY, [JournalLineInput(account, Decimal(1)), *lines(books, "-1")]
                ),
            )
        said.append((caught.value.message, caught.value.fields))
    assert said[0] == said[1]


def test_another_companys_journal_is_not_found(books: Books) -> None:
    foreign = open_books().journal("1", "-1", post=False).id
    for service in (journal_post, journal_delete, journal_reverse):
        with pytest.raises(NotFound):
            service(books.ctx, journal_id=foreign)


def test_many_journals_are_all_posted_or_none(books: Books) -> None:
    good, bad = lines(books, "5", "-5"), lines(books, "5", "-4")
    with pytest.raises(DomainError):
        journals_create(
            books.ctx, journals=[JournalInput(DAY, good), JournalInput(DAY, bad)], post=True
        )
    assert counted(books.ctx, Journal) == counted(books.ctx, Series) == 0


# --- reports ------------------------------------------------------------------------


def test_a_trial_balance_is_that_of_its_day(books: Books) -> None:
    books.journal("10.00", "-10.00", day=date(2026, 3, 1))
    books.journal("5.00", "-5.00", day=date(2026, 3, 3))
    for day, debit in ((date(2026, 2, 28), 0), (date(2026, 3, 2), 10), (date(2026, 3, 3), 15)):
        balance = trial_balance(books.ctx, as_of=day)
        assert balance["totals"] == {"debit": Decimal(debit), "credit": Decimal(debit)}


def test_the_ledger_of_an_account_runs_on_over_pages(books: Books) -> None:
    for number in range(1, 8):
        day = date(2026, 3, 1 + number // 3)
        books.journal(f"{number}.00", f"-{number}.00", day=day)
    seen: list[Any] = []
    asked: PageRequest | None = PageRequest(limit=2)
    while asked is not None:
        page = general_ledger(books.ctx, account_id=books.accounts["bank"], page=asked)
        seen += page.rows
        asked = PageRequest(limit=2, cursor=str(page.next)) if page.next else None
    assert [row["debit"] for row in seen] == [Decimal(n) for n in range(1, 8)]
    assert [row["balance"] for row in seen] == [Decimal(n * (n + 1) // 2) for n in range(1, 8)]


# --- accounts and settings ----------------------------------------------------------


def test_the_control_role_does_not_move_once_there_are_postings(books: Books) -> None:
    """The account's balance would no longer be what is open."""
    books.document("10.00")
    other = new_account(books, "1101")
    for account, values in (
        (books.accounts["receivable"], {"role": ""}),
        (books.accounts["receivable"], {"role": "bank"}),
        (books.accounts["receivable"], {"type": "liability"}),
        (books.accounts["sales"], {"is_group": True}),
        (books.accounts["sales"], {"role": "receivable"}),
        (other.id, {"role": "receivable"}),
    ):
        with pytest.raises(Conflict):
            account_update(books.ctx, account_id=account, values=values)
    check_books(books)


def test_the_tree_of_accounts_has_no_circle_and_one_type(books: Books) -> None:
    top = new_account(books, "A", is_group=True)
    middle = new_account(books, "B", is_group=True, parent_id=top.id)
    with pytest.raises(Invalid):
        account_update(books.ctx, account_id=top.id, values={"parent_id": middle.id})
    with pytest.raises(Invalid):
        account_update(books.ctx, account_id=top.id, values={"parent_id": top.id})
    with pytest.raises(Invalid):
        new_account(books, "C", type="liability", parent_id=top.id)
    with pytest.raises(DomainError):
        new_account(books, "D", parent_id=uuid7())


@pytest.mark.parametrize("values", [{"code": "1000"}, {"role": "bank"}])
def test_codes_and_roles_are_given_once(books: Books, values: dict[str, str]) -> None:
    with pytest.raises(Conflict):
        new_account(books, values.pop("code", "Z"), **values)
    assert counted(books.ctx, Account) == len(books.accounts)


def test_a_name_that_does_not_fit_is_refused_by_its_field(books: Books) -> None:
    with pytest.raises(Invalid) as caught:
        new_account(books, "Z", name="x" * 201)
    assert [field.name for field in caught.value.fields] == ["name"]


@pytest.mark.parametrize(
    ("name", "first", "then"),
    [
        ("base_currency", "EUR", "GBP"),
        ("fiscal_year_start_month", 7, 1),
        ("fiscal_year_start_day", 2, 1),
    ],
)
def test_currency_and_fiscal_year_stay_once_there_is_a_draft(
    books: Books, name: str, first: Any, then: Any
) -> None:
    settings_update(books.ctx, values={name: first})
    books.journal("1.00", "-1.00", post=False)
    with pytest.raises(Conflict):
        settings_update(books.ctx, values={name: then})


@pytest.mark.parametrize("currency", ["XXX", "gbp", "", "EURO"])
def test_a_currency_is_one_of_the_list(books: Books, currency: str) -> None:
    with pytest.raises(Invalid):
        settings_update(books.ctx, values={"base_currency": currency})
