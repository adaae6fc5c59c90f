"""Flat ledgers: their trial balances, their accounts, and transactions that cannot be booked."""

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounting.models import Account, Journal, JournalLine
from accounting.selectors.reports import trial_balance
from accounting.services.imports import batches
from accounting.services.imports.demo import DATA
from accounting.services.imports.journals import LedgerFile, journals_import
from accounting.services.imports.report import Summary
from core.tenancy.context import Context
from core.tenancy.transactions import query
from tests.accounting.retail_sums import report_rows
from tests.cast import Company, new_company, new_user

COLUMNS = "txn,date,account,amount,currency,narration"


class Ledger:
    """A company with books in one currency, and ledgers for it."""

    def __init__(self, folder: Path, currency: str = "USD") -> None:
        self.company = new_company(new_user("alice"), currency=currency)
        self.ctx, self.report = self.company.ctx(), folder / "refused.csv"
        self.file = folder / "books.csv"

    def run(self, path: Path | None = None, name: str = "books") -> Summary:
        ledger = LedgerFile(path or self.file, name)
        return journals_import(self.ctx, ledger=ledger, report_path=self.report)

    def write(self, *rows: str, columns: str = COLUMNS) -> "Ledger":
        self.file.write_text("\n".join([columns, *rows]) + "\n", encoding="utf-8")
        return self

    @property
    def balances(self) -> dict[str, Decimal]:
        return {row["name"]: row["balance"] for row in trial_balance(self.ctx)["rows"]}

    @property
    def reasons(self) -> dict[int, str]:
        return {int(row["line"]): row["reason"] for row in report_rows(self.report)}


@pytest.fixture
def ledger(tmp_path: Path, database: None) -> Ledger:
    return Ledger(tmp_path)


@query
def accounts(ctx: Context) -> dict[str, Account]:
    return {account.name: account for account in Account.objects.select_related("parent")}


@query
def journals(ctx: Context) -> dict[str, Journal]:
    return {journal.reference: journal for journal in Journal.objects.prefetch_related("lines")}


@query
def everything(ctx: Context) -> Counter[str]:
    return Counter({m.__name__: m.objects.count() for m in (Account, Journal, JournalLine)})


def published(path: Path) -> dict[str, Decimal]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["account"]: Decimal(row["balance"]) for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("folder", "transactions", "postings", "turnover"),
    [("hack-club", 678, 1_403, "Income:Fundraising"), ("gratipay", 56, 194, "Income:Testing")],
)
def test_trial_balance_equals_the_published_one(
    ledger: Ledger, folder: str, transactions: int, postings: int, turnover: str
) -> None:
    """hledger and ledger say what Hack Club's is, beancount what Gratipay's is."""
    summary = ledger.run(DATA / folder / "postings.csv")
    expected = published(DATA / folder / "trial_balance.csv")
    assert ledger.balances == expected
    assert expected[turnover] < 0
    booked = summary.booked["journal"]
    assert (booked.records, booked.lines, summary.refused.lines) == (transactions, postings, 0)

    before = everything(ledger.ctx)
    again = ledger.run(DATA / folder / "postings.csv")
    assert (again.booked_lines, again.known.lines) == (0, postings)
    assert everything(ledger.ctx) == before


@pytest.mark.parametrize(
    ("mine", "theirs", "oracle"),
    [
        ("hack-club", "hackclub-2015-2016", "trial_balance.csv"),
        ("gratipay", "gratipay-2012", "trial_balance_at_weight.csv"),
    ],
)
def test_the_ledgers_that_are_shipped_are_the_originals(
    shared: Path, mine: str, theirs: str, oracle: str
) -> None:
    original = shared / "02-ledgers" / theirs
    for ours, source in (("postings.csv", "postings.csv"), ("trial_balance.csv", oracle)):
        assert (DATA / mine / ours).read_bytes() == (original / source).read_bytes()


def test_a_ledger_in_lower_case_and_pounds(shared: Path, tmp_path: Path) -> None:
    folder = shared / "02-ledgers" / "hledger-vat"
    ledger = Ledger(tmp_path, "GBP")
    ledger.run(folder / "postings.csv")
    assert ledger.balances == published(folder / "trial_balance.csv")


def test_accounts_are_typed_and_form_a_tree(ledger: Ledger) -> None:
    ledger.run(DATA / "hack-club" / "postings.csv")
    found = accounts(ledger.ctx)
    rent = found["Expenses:Operating:Office:Rent"]
    assert (rent.type, rent.is_group, rent.parent.name) == (
        "expense", False, "Expenses:Operating:Office",
    )  # fmt: skip
    assert found["Expenses:Operating:Office"].is_group
    assert not found["Expenses:Operating:Staff"].is_group  # it carries postings of its own
    assert found["Expenses:Operating:Staff:Salary"].parent == found["Expenses:Operating:Staff"]
    assert found["Liabilities:Reimbursement:Person 01"].type == "liability"
    assert found["Assets"].code == "1.0001"
    assert found["Assets"].parent is None
    assert found["Bank"].code == "1000"  # the company's first chart stands beside them


def test_a_group_that_a_later_file_posts_to_takes_postings(ledger: Ledger) -> None:
    ledger.write("1,2026-01-01,Assets:Cash,1,USD,", "1,2026-01-01,Income:A:B,-1,USD,").run()
    assert accounts(ledger.ctx)["Income:A"].is_group
    ledger.write("1,2026-01-02,Assets:Cash,1,USD,", "1,2026-01-02,Income:A,-1,USD,").run(name="2")
    assert ledger.balances["Income:A"] == -1
    codes = [account.code for account in accounts(ledger.ctx).values()]
    assert len(codes) == len(set(codes))


def test_texts_of_a_transaction_are_kept(ledger: Ledger) -> None:
    ledger.run(DATA / "hack-club" / "postings.csv")
    second = journals(ledger.ctx)["books:2"]
    assert second.narration == "Person 15 | Rent for Person 20"
    assert [line.memo for line in second.lines.all()] == [
        "", "Receipt: 75fd158c0d71d3f0bb3c253e7d549290.png",
    ]  # fmt: skip


def test_weight_counts_where_there_is_one(ledger: Ledger) -> None:
    columns = "txn,date,account,amount,currency,weight,weight_currency"
    ledger.write(
        "1,2026-01-01,Assets:Shares,10,ACME,250.00,USD",
        "1,2026-01-01,Assets:Cash,-250.00,USD,,",
        columns=columns,
    ).run()
    assert ledger.balances == {"Assets:Shares": Decimal(250), "Assets:Cash": Decimal(-250)}


def test_transactions_that_cannot_be_booked(ledger: Ledger) -> None:
    summary = ledger.write(
        "1,2026-01-01,Assets:Cash,1,USD,",
        "1,2026-01-01,Income:Gift,-1,USD,",
        "2,2026-01-01,Assets:Cash,1,EUR,",
        "2,2026-01-01,Income:Gift,-1,USD,",
        "3,2026-01-01,Assets:Cash,1,USD,",
        "4,2026-01-01,Assets:Cash,1.01,USD,",
        "4,2026-01-01,Income:Gift,-1,USD,",
        "5,2026-01-01,Cash,1,USD,",
        "5,2026-01-01,Income:Gift,-1,USD,",
        "6,2026-01-01,Assets:Cash,0.005,USD,",
        "6,2026-01-01,Income:Gift,-0.005,USD,",
        "7,2026-01-01,Assets:Cash,1,USD,",
        "7,2026-01-02,Income:Gift,-1,USD,",
        "8,2026-13-01,Assets:Cash,1,USD,",
        "8,2026-01-01,Income:Gift,one,USD,",
    ).run()
    other = "another posting of this transaction is refused"
    assert ledger.reasons == {
        4: "in EUR; these books are in USD",
        5: other,
        6: "a transaction of a single posting",
        7: "debits and credits differ by 0.01",
        8: "debits and credits differ by 0.01",
        9: "account 'Cash' does not begin with a type such as Assets",
        10: other,
        11: "0.005 is finer than the minor unit of USD",
        12: "-0.005 is finer than the minor unit of USD",
        13: "the postings of this transaction have different dates",
        14: other,
        15: "date '2026-13-01' is not a date",
        16: "amount 'one' is not a number of at most 13 digits before and 6 after the point",
    }
    assert ledger.balances == {"Assets:Cash": 1, "Income:Gift": -1}
    assert (summary.booked_lines, summary.refused.lines) == (2, 13)


def test_commodities_and_other_currencies_are_left_out_whole(ledger: Ledger, shared: Path) -> None:
    summary = ledger.run(shared / "02-ledgers" / "beancount-basic" / "postings.csv")
    assert (summary.booked["journal"].records, summary.refused.lines) == (66, 6)
    assert sum(ledger.balances.values()) == 0


def test_another_ledger_under_a_known_name_is_refused(ledger: Ledger) -> None:
    ledger.run(DATA / "hack-club" / "postings.csv", "postings")
    before = everything(ledger.ctx)
    ledger.run(DATA / "gratipay" / "postings.csv", "postings")
    assert "a name of its own" in ledger.reasons[2]
    assert everything(ledger.ctx)["Journal"] == before["Journal"]
    ledger.run(DATA / "gratipay" / "postings.csv", "gratipay")
    assert everything(ledger.ctx)["Journal"] == before["Journal"] + 56


def test_an_import_that_was_killed_goes_on(ledger: Ledger, monkeypatch: Any) -> None:
    monkeypatch.setattr(batches, "RECORDS_MAX", 100)

    class Killed(BaseException):
        pass

    def kill_later(bytes_read: int, lines: int) -> None:
        if lines > 300:
            raise Killed

    books = LedgerFile(DATA / "hack-club" / "postings.csv", "books")
    with pytest.raises(Killed):
        journals_import(ledger.ctx, ledger=books, report_path=ledger.report, progress=kill_later)
    done = everything(ledger.ctx)["Journal"]
    assert 0 < done < 678
    assert ledger.run(books.path).known.records == done
    assert ledger.balances == published(DATA / "hack-club" / "trial_balance.csv")


def test_the_command(ledger: Ledger, capsys: Any) -> None:
    options = {"tenant": ledger.company.slug, "report": ledger.report}
    call_command("import_journals", DATA / "gratipay" / "postings.csv", **options)
    shown = capsys.readouterr()
    assert "100%|" in shown.err
    assert "booked: journal" in shown.out
    assert "postings:1" in journals(ledger.ctx)
    with pytest.raises(CommandError, match="lacks txn"):
        call_command("import_journals", DATA / "online-retail" / "lines.csv", **options)


def test_books_of_another_company_stay_as_they_are(ledger: Ledger, globex: Company) -> None:
    before = everything(globex.ctx())
    ledger.run(DATA / "gratipay" / "postings.csv")
    assert everything(globex.ctx()) == before
