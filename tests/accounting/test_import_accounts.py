"""Charts of accounts of three programs: types, trees, codes."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounting.models import Account
from accounting.services.imports.accounts import accounts_import
from accounting.services.imports.report import Summary
from core.tenancy.context import Context
from core.tenancy.transactions import query
from tests.accounting.retail_sums import report_rows
from tests.cast import Company, new_company, new_user

STARTERS = 11
CHARTS = {
    "erpnext:ae_uae_chart_template_standard": 281,
    "erpnext:de_kontenplan_SKR04_with_account_number": 1165,
    "erpnext:fr_plan_comptable_general": 292,
    "gnucash:C/acctchrt_business": 75,
    "gnucash:de_DE/acctchrt_skr04": 1126,
    "gnucash:en_GB/uk-vat": 60,
    "odoo:de_skr04": 1192,
    "odoo:uk": 100,
}


class Charts:
    """A company, a file of charts and the report of the last run."""

    def __init__(self, company: Company, folder: Path) -> None:
        self.company, self.ctx = company, company.ctx()
        self.file, self.report = folder / "accounts.csv", folder / "refused.csv"

    def write(self, *rows: str) -> "Charts":
        header = "chart,code,name,type,parent,is_group"
        self.file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return self

    def run(self, chart: str = "x:y", path: Path | None = None) -> Summary:
        return accounts_import(
            self.ctx, path=path or self.file, chart=chart, report_path=self.report
        )

    @property
    def reasons(self) -> dict[int, str]:
        return {int(row["line"]): row["reason"] for row in report_rows(self.report)}


@pytest.fixture
def charts(acme: Company, tmp_path: Path) -> Charts:
    return Charts(acme, tmp_path)


@query
def accounts(ctx: Context) -> dict[str, Account]:
    return {account.code: account for account in Account.objects.select_related("parent")}


@pytest.mark.parametrize(("chart", "count"), CHARTS.items())
def test_charts_load_whole_and_once(charts: Charts, shared: Path, chart: str, count: int) -> None:
    path = shared / "04-charts-and-tax" / "accounts.csv.gz"
    summary = charts.run(chart, path)
    assert summary.lines == count
    assert summary.refused.lines == 0
    # Only what has a code of the company's first chart stands back.
    assert all("its code is that of" in reason for reason in charts.reasons.values())
    made = accounts(charts.ctx)
    assert len(made) == STARTERS + summary.booked_lines
    assert summary.booked_lines + summary.set_aside.lines == count
    assert all(a.parent is None or a.parent.type == a.type for a in made.values())

    again = charts.run(chart, path)
    assert (again.booked_lines, again.known.lines) == (0, summary.booked_lines)
    assert {code: a.id for code, a in accounts(charts.ctx).items()} == {
        code: a.id for code, a in made.items()
    }


def test_known_accounts_of_known_charts(shared: Path, tmp_path: Path) -> None:
    """A few that one can look up, in the chart's own words."""
    path = shared / "04-charts-and-tax" / "accounts.csv.gz"

    def loaded(chart: str) -> dict[str, Account]:
        charts = Charts(new_company(new_user("alice")), tmp_path)
        charts.run(chart, path)
        return {a.name: a for a in accounts(charts.ctx).values()}

    skr04 = loaded("erpnext:de_kontenplan_SKR04_with_account_number")
    tax = skr04["Umsatzsteuer 19 %"]
    assert (tax.code, tax.type) == ("3806", "liability")
    input_tax = skr04["Abziehbare Vorsteuer 19 %"]
    # `Tax` is a purpose: input tax is an asset, because its group is one.
    assert (input_tax.code, input_tax.type) == ("1406", "asset")
    assert input_tax.parent == skr04["Abziehbare Vorsteuer (Gruppe)"]

    gnucash = loaded("gnucash:C/acctchrt_business")
    card = gnucash["Credit Card"]
    assert (card.type, card.parent.name, card.code) == ("liability", "Liabilities", "2.0002")
    assert gnucash["Checking Account"].parent == gnucash["Current Assets"]
    assert gnucash["Current Assets"].parent == gnucash["Assets"]


def test_types_by_word_and_by_purpose(charts: Charts) -> None:
    charts.write(
        "x:y,a,Assets,Asset,,1",
        "x:y,b,Till,Cash,Assets,0",
        "x:y,c,Input tax,Tax,Assets,0",
        "x:y,d,Tax owed,Tax,,0",
        "x:y,e,Sales,income_other,,0",
        "x:y,f,Capital,equity_unaffected,,0",
        "x:y,g,Wear,Depreciation,,0",
    ).run()
    types = {code: account.type for code, account in accounts(charts.ctx).items()}
    assert [types[code] for code in "abcdefg"] == [
        "asset", "asset", "asset", "liability", "income", "equity", "expense",
    ]  # fmt: skip


def test_names_that_repeat_mean_the_nearest_group(charts: Charts) -> None:
    charts.write(
        "x:y,1,Income,Income,,1",
        "x:y,2,EU,Income,Income,1",
        "x:y,3,Goods,Income,EU,0",
        "x:y,4,Services,Income,Income,1",
        "x:y,5,EU,Income,Services,1",
        "x:y,6,EU,Income,EU,0",
        "x:y,7,Advice,Income,EU,0",
    ).run()
    found = accounts(charts.ctx)
    assert {code: found[code].parent.code for code in "234567"} == {
        "2": "1", "3": "2", "4": "1", "5": "4", "6": "5", "7": "5",
    }  # fmt: skip


def test_a_parent_of_another_type_is_passed_over(charts: Charts) -> None:
    charts.write(
        "x:y,1,Liabilities,Liability,,1",
        "x:y,2,Owners,Equity,Liabilities,1",
        "x:y,3,Loan of an owner,Liability,Owners,0",
    ).run()
    found = accounts(charts.ctx)
    assert found["2"].parent is None
    assert found["3"].parent == found["1"]


def test_codes_that_repeat_or_lack(charts: Charts) -> None:
    rows = (
        "x:y,A,Assets,Asset,,1",
        "x:y,A,Fixed assets,Asset,Assets,1",
        "x:y,,Cash,Cash,Assets,0",
        "x:y,,Bank,Bank,Assets,0",
        "x:y,A,Other,Asset,,0",
        "x:y,,Loans,Liability,,0",
    )
    charts.write(*rows).run()
    found = {a.name: c for c, a in accounts(charts.ctx).items() if not c.isdigit()}
    assert found == {
        "Assets": "A", "Fixed assets": "A-2", "Other": "A-3",
        "Cash": "1.0001", "Bank": "1.0002", "Loans": "2.0001",
    }  # fmt: skip
    # Another chart goes on where the made-up codes ended.
    charts.write("x:z,,Stock,Stock,,0").run("x:z")
    assert accounts(charts.ctx)["1.0003"].name == "Stock"
    assert charts.write(*rows).run().known.lines == len(rows)


def test_accounts_that_are_there_are_left_alone(charts: Charts) -> None:
    charts.write("x:y,1000,Inventory,Asset,,1", "x:y,1001,Timber,Stock,Inventory,0").run()
    found = accounts(charts.ctx)
    assert (found["1000"].name, found["1000"].is_group) == ("Bank", False)
    assert found["1001"].parent is None or found["1001"].parent.code == "1000"
    assert charts.reasons == {2: "its code is that of 'Bank'"}


def test_rows_that_are_no_accounts(charts: Charts) -> None:
    summary = charts.write(
        "x:y,1,Assets,Asset,,1",
        "x:y,2,Mystery,Off balance,,0",
        "x:y,3,Orphan,Asset,Nowhere,0",
        "x:y,4,,Asset,,0",
        "x:y,5,Cash,Asset,Assets,maybe",
        "x:y,6,too,many,cells,0,here",
    ).run()
    assert charts.reasons == {
        3: "type 'Off balance' is unknown",
        4: "no parent 'Nowhere'",
        5: "the name is empty or longer than 200 characters",
        6: "is_group 'maybe' is neither 0 nor 1",
        7: "7 columns instead of 6",
    }
    assert (summary.booked_lines, summary.refused.lines) == (1, 5)


def test_a_missing_or_unknown_chart_shows_what_there_is(charts: Charts, capsys: Any) -> None:
    charts.write("x:y,1,A,Asset,,0", "x:z,1,A,Asset,,0", "x:z,2,B,Asset,,0")
    options = {"tenant": charts.company.slug, "report": charts.report}
    for chosen in ({}, {"chart": "x"}):
        with pytest.raises(CommandError) as shown:
            call_command("import_accounts", charts.file, **options, **chosen)
        assert "x:y  (1 accounts)" in str(shown.value)
        assert "x:z  (2 accounts)" in str(shown.value)
    capsys.readouterr()
    call_command("import_accounts", charts.file, chart="x:z", **options)
    written = capsys.readouterr()
    assert "booked: account" in written.out
    assert "100%|" in written.err


def test_a_chart_can_be_counted_in_its_file(shared: Path) -> None:
    """The counts above are the file's own."""
    with (shared / "04-charts-and-tax" / "charts.csv").open(encoding="utf-8", newline="") as file:
        counted = Counter({row["chart"]: int(row["accounts"]) for row in csv.DictReader(file)})
    assert {chart: counted[chart] for chart in CHARTS} == CHARTS
