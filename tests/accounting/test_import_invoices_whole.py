"""The whole Online Retail file, against every table that is published with it."""

import csv
import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from accounting.selectors.reports import trial_balance
from accounting.services.imports.invoices import invoices_import
from tests.accounting.retail_sums import expected, imported, in_pence, rounding
from tests.cast import Company
from tests.core.raw import raw

LINES = 431_673


@pytest.mark.slow
def test_the_whole_file_equals_the_published_sums(
    acme: Company, shared: Path, tmp_path: Path
) -> None:
    folder, report, ctx = shared / "01-online-retail", tmp_path / "refused.csv", acme.ctx()
    path = folder / "online_retail_2010-12_2011-10.csv.gz"
    summary = invoices_import(ctx, path=path, report_path=report)
    print(f"{summary.lines_per_second:,.0f} lines/s")

    assert (summary.lines, summary.refused.lines) == (LINES, 0)
    assert (summary.set_aside.records, summary.set_aside.lines) == (1_797, 1_806)
    assert summary.created == {"contacts": 4_011}  # 4,010 customers and the walk-in
    # Four lines at 0.001 pounds, on 550193, 561226, 568200 and 568375.
    assert (summary.rounded_lines, summary.rounding) == (4, Decimal("-0.004"))

    with raw(alias="owner") as owner:  # else the sums below are planned as if of nothing
        owner.execute("ANALYZE accounting_document, accounting_documentline")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        uneven = [row for row in csv.DictReader(file) if len(row["UnitPrice"].split(".")[-1]) > 2]
    for by in ("total", "month", "country", "customer", "stockcode"):
        name = "expected_total.csv" if by == "total" else f"expected_by_{by}.csv"
        published = in_pence(expected(folder / name), rounding(uneven, by))
        assert imported(ctx, report, by) == published, by

    balances = {row["name"]: row["balance"] for row in trial_balance(ctx)["rows"]}
    assert balances["Accounts receivable"] == Decimal("7863385.73") == -balances["Sales"]
    assert balances["Allowance for bad debts"] == Decimal("-11062.06")

    again = invoices_import(ctx, path=path, report_path=report)
    assert (again.booked_lines, again.known.lines) == (0, LINES - 1_806)
