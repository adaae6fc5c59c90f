"""The first page: figures that add up, and only for those who may see them."""

from datetime import date
from decimal import Decimal

from accounting.admin.overview import PLOT_HEIGHT, plot_of
from accounting.selectors.dashboard import Month, sales_by_month
from permissions.services.roles import role_update
from tests.cast import Company, new_company, new_user
from tests.console.desk import books_of, contact_of, document_of, staff
from tests.permissions import rights


def test_the_figures_are_the_ledger_s(acme: Company) -> None:
    desk = staff(acme)
    books_of(acme)  # 220.00 invoiced, 100.00 credited, 60.00 paid
    page = desk.get("index")
    assert "60.00 <span" in page
    assert "160.00 overdue" in page
    assert "100.00 of credits and payments not used yet" in page
    assert "GBP in the twelve months to March 2026" in page


def test_sales_end_with_the_last_month_that_has_any(acme: Company) -> None:
    contact = contact_of(acme)
    assert sales_by_month(acme.ctx()) == []
    document_of(acme, contact, post=True, issued_on=date(2024, 2, 29))
    document_of(acme, contact, post=True, issued_on=date(2023, 3, 1))
    document_of(acme, contact, post=True, issued_on=date(2023, 2, 28))
    document_of(acme, contact, kind="credit_note", post=True, issued_on=date(2023, 12, 31))
    document_of(acme, contact, kind="bill", post=True, issued_on=date(2024, 5, 1))
    months = sales_by_month(acme.ctx())
    assert [m.starts_on for m in months] == [date(2023, i, 1) for i in range(3, 13)] + [
        date(2024, 1, 1),
        date(2024, 2, 1),
    ]
    sums = {m.starts_on: m.amount for m in months if m.amount}
    hundred = Decimal("100.00")
    assert sums == {
        date(2023, 3, 1): hundred,
        date(2023, 12, 1): -hundred,
        date(2024, 2, 1): hundred,
    }


def test_the_plot_shows_months_below_zero() -> None:
    months = [Month(date(2026, i + 1, 1), Decimal(v)) for i, v in enumerate(["30", "0", "-15"])]
    plot = plot_of(months)
    assert plot.zero == PLOT_HEIGHT * 2 / 3
    assert [(b.y, b.height, b.is_below) for b in plot.bars] == [
        (0, 60, False),
        (60, 0, False),
        (60, 30, True),
    ]
    assert plot_of([]).bars == []


def test_figures_need_the_permission_for_reports(acme: Company) -> None:
    desk = staff(acme, role="viewer")
    books_of(acme)
    assert "Receivables" in desk.get("index")
    codes = ["accounting.reports.view", "accounting.invoices.view", "accounting.contacts.view"]
    viewer, kept = rights.role_id(acme, "viewer"), rights.grants_of(acme, "viewer") - {*codes}
    role_update(acme.ctx(), role_id=viewer, values={"grants": sorted(kept)})
    page = desk.get("index")
    assert "Receivables" not in page
    assert "Sales per month" not in page
    assert "INV-2026-00001" not in page
    assert "BILL-2026-00001" in page
    assert "/contact/" not in page


def test_a_company_without_anything_opens(acme: Company) -> None:
    desk = staff(new_company(new_user("dora"), currency="JPY"))
    page = desk.get("index")
    assert "JPY" in page
    assert "Sales per month" not in page
