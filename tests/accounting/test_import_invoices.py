"""The Online Retail file: sums, repetition, interruption, and rows that cannot be booked."""

import csv
import gzip
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounting.models import Account, Contact, Document, DocumentLine, Journal
from accounting.selectors.reports import trial_balance
from accounting.services.imports import batches
from accounting.services.imports.demo import RETAIL
from accounting.services.imports.invoices import invoices_import
from accounting.services.imports.report import Summary
from accounting.services.reference import contact_update
from core.tenancy.context import Context
from core.tenancy.transactions import query
from tests.accounting.retail_sums import (
    COLUMNS,
    expected,
    imported,
    in_pence,
    report_rows,
    rounding,
    set_aside_rows,
    summed,
)
from tests.cast import Company, new_company, new_user

LINE = ["536365", "85123A", "HEART", "6", "2010-12-01 08:26:00", "2.55", "17850", "United Kingdom"]


class Import:
    """A company, a file for it and the report of the last run."""

    def __init__(self, company: Company, folder: Path) -> None:
        self.company, self.ctx = company, company.ctx()
        self.file, self.report = folder / "lines.csv", folder / "refused.csv"

    def write(self, *lines: list[str] | str) -> "Import":
        """A file of these lines; what is no list is taken as it stands."""
        with self.file.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for line in lines:
                file.write(line + "\n") if isinstance(line, str) else writer.writerow(line)
        return self

    def run(self, path: Path | None = None) -> Summary:
        return invoices_import(self.ctx, path=path or self.file, report_path=self.report)

    @property
    def reasons(self) -> dict[int, str]:
        return {int(row["line"]): row["reason"] for row in report_rows(self.report)}


@pytest.fixture
def job(acme: Company, tmp_path: Path) -> Import:
    return Import(acme, tmp_path)


def line(**changes: str) -> list[str]:
    names = dict(zip(COLUMNS, LINE, strict=True)) | changes
    return [names[column] for column in COLUMNS]


@query
def everything(ctx: Context) -> Counter[str]:
    models = (Account, Contact, Document, DocumentLine, Journal)
    return Counter({model.__name__: model.objects.count() for model in models})


@query
def documents(ctx: Context) -> dict[str, Document]:
    return {d.reference: d for d in Document.objects.select_related("contact")}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_demo_slice_adds_up_by_invoice(job: Import) -> None:
    rows = rows_of(RETAIL)
    summary = job.run(RETAIL)
    assert summary.lines == len(rows)
    for by in ("total", "invoice", "month", "country", "customer", "stockcode"):
        assert imported(job.ctx, job.report, by) == summed(rows, by), by
    # PADS at 0.001 and BANK CHARGES at 0.001
    assert (summary.rounded_lines, summary.rounding) == (2, Decimal("-0.002"))


def test_five_thousand_lines_equal_the_published_sums(job: Import, shared: Path) -> None:
    folder = shared / "01-online-retail"
    rows = rows_of(folder / "slice_5000_lines.csv")
    summary = job.run(folder / "slice_5000_lines.csv")

    by_invoice = imported(job.ctx, job.report, "invoice")
    assert rounding(rows, "invoice") == {}  # every line of the slice is in whole pence
    assert by_invoice == expected(folder / "slice_5000_expected_by_invoice.csv")
    total = in_pence(expected(folder / "slice_5000_expected_total.csv"), rounding(rows, "total"))
    assert imported(job.ctx, job.report, "total") == total
    assert total["all"].amount == summary.booked_amount == Decimal("128848.43")

    assert summary.booked_lines + summary.set_aside.lines == summary.lines == 5_000
    assert summary.rounded_lines == 0
    assert {kind: tally.records for kind, tally in summary.booked.items()} == {
        "invoice": 193,
        "credit_note": 45,
        "adjustment": 3,
    }
    assert all(Decimal(row["UnitPrice"]) == 0 for row in set_aside_rows(job.report))
    assert summary.set_aside.records == 10


def test_bad_debts_go_against_the_allowance_and_not_against_customers(job: Import) -> None:
    job.run(RETAIL)
    balances = {row["name"]: row["balance"] for row in trial_balance(job.ctx)["rows"]}
    # A563185 gives back what A563186 and A563187 write off twice.
    assert balances["Bad debts"] == Decimal("11062.06")
    assert balances["Allowance for bad debts"] == Decimal("-11062.06")
    owed = sum(d.total if d.kind == "invoice" else -d.total for d in documents(job.ctx).values())
    assert balances["Accounts receivable"] == owed == -balances["Sales"]


def test_the_same_file_twice_adds_nothing(job: Import) -> None:
    first = job.run(RETAIL)
    before = everything(job.ctx)
    again = job.run(RETAIL)
    assert everything(job.ctx) == before
    assert (again.booked_lines, again.known.lines) == (0, first.booked_lines)
    assert (again.known.amount, again.refused.lines) == (first.booked_amount, 0)
    assert again.set_aside == first.set_aside


def test_an_import_that_was_killed_goes_on(job: Import, monkeypatch: Any) -> None:
    monkeypatch.setattr(batches, "RECORDS_MAX", 20)

    class Killed(BaseException):
        pass

    def kill_later(bytes_read: int, lines: int) -> None:
        if lines > 400:
            raise Killed

    with pytest.raises(Killed):
        invoices_import(job.ctx, path=RETAIL, report_path=job.report, progress=kill_later)
    done = everything(job.ctx)["Document"]
    assert 0 < done < 166
    summary = job.run(RETAIL)
    assert summary.known.records >= done
    assert imported(job.ctx, job.report, "invoice") == summed(rows_of(RETAIL), "invoice")
    assert everything(job.ctx)["Document"] == 166


def test_a_chunk_that_fails_books_nothing_of_itself(job: Import, monkeypatch: Any) -> None:
    """The database goes away between the invoices and the credit notes of a chunk."""
    from accounting.services.imports import invoices

    real = invoices.documents_create

    def fails(ctx: Context, *, documents: Any, post: bool) -> Any:
        if documents[0].kind == "credit_note":
            raise ConnectionError
        return real(ctx, documents=documents, post=post)

    monkeypatch.setattr(invoices, "documents_create", fails)
    before = everything(job.ctx)
    with pytest.raises(ConnectionError):
        job.run(RETAIL)
    assert everything(job.ctx) == before


def test_rows_that_cannot_be_booked_are_reported_with_their_lines(job: Import) -> None:
    summary = job.write(
        line(),
        line(InvoiceNo="2", Quantity="six"),
        line(InvoiceNo="2"),
        line(InvoiceNo="3", UnitPrice=""),
        line(InvoiceNo="4", InvoiceDate="the 1st"),
        line(InvoiceNo="5", Description="a\0b"),
        "6,too,few",
        line(InvoiceNo="6"),
        line(InvoiceNo="7", Description="\udce4"),  # a byte that is no UTF-8
        line(InvoiceNo="8", UnitPrice="1e5"),
        line(InvoiceNo="9", Quantity="9999999999999", UnitPrice="9999999999999"),
        line(InvoiceNo=""),
        line(InvoiceNo="X1"),
        line(InvoiceNo="10", CustomerID="1"),
        line(InvoiceNo="10", CustomerID="2"),
        line(InvoiceNo="11", InvoiceDate="1066-10-14"),
        line(InvoiceNo="12", StockCode="x" * 61),
        line(InvoiceNo="13", Country="Atlantis"),
    ).run()  # fmt: skip
    reasons = job.reasons
    assert reasons == {
        3: "Quantity 'six' is not a number of at most 13 digits before and 6 after the point",
        4: "another line of this document is refused",
        5: "UnitPrice is empty",
        6: "InvoiceDate 'the 1st' is not a date",
        7: "holds a NUL character",
        8: "3 columns instead of 8",
        9: "another line of this record cannot be read",
        10: "not UTF-8",
        11: "UnitPrice '1e5' is not a number of at most 13 digits before and 6 after the point",
        12: "Quantity times UnitPrice is beyond ten trillion",
        13: "InvoiceNo is empty, or it or CustomerID is too long",
        14: "InvoiceNo starts with X, which means nothing here",
        15: "another line of this document is refused",
        16: "day, customer or country differ from the document's first line",
        17: "InvoiceDate '1066-10-14' is before 1900 or after 2199",
        18: "StockCode or Description is too long",
    }
    found = documents(job.ctx)
    assert set(found) == {"536365", "13"}
    assert (found["13"].country, found["13"].narration) == ("", "Country: Atlantis")
    assert (summary.booked_lines, summary.refused.lines, summary.lines) == (2, 16, 18)


def test_a_stray_quote_takes_every_document_with_it_that_it_touches(job: Import) -> None:
    text = ",".join(LINE)
    job.write(
        text,
        text.replace("536365", "2").replace("HEART", '"HEART'),
        text.replace("536365", "3"),
        text.replace("536365", "4").replace("HEART", 'A "GOOD" HEART'),
        text.replace("536365", "3"),
        text.replace("536365", "5"),
    ).run()
    assert set(documents(job.ctx)) == {"536365", "5"}
    assert set(job.reasons) == {3, 6}


def test_what_a_document_cannot_be_told_from_is_refused(job: Import, monkeypatch: Any) -> None:
    """Another total under a number that is booked, and lines that come far too late."""
    job.write(line()).run()
    job.write(line(Quantity="7")).run()
    assert job.reasons == {2: "536365 is booked already, with another total"}

    monkeypatch.setattr("accounting.services.imports.groups.GAP_LINES", 2)
    far = [line(InvoiceNo=str(n)) for n in range(2, 6)]
    job.write(line(InvoiceNo="1"), *far, line(InvoiceNo="1")).run()
    assert job.reasons == {7: "goes on more than 2 lines after its other lines"}


def test_lines_of_two_documents_may_interleave(job: Import) -> None:
    summary = job.write(line(InvoiceNo="1"), line(InvoiceNo="2"), line(InvoiceNo="1")).run()
    assert summary.booked["invoice"].records == 2
    assert documents(job.ctx)["1"].total == Decimal("30.60")


def test_what_adds_up_to_less_than_nothing_is_the_opposite_kind(job: Import) -> None:
    job.write(
        line(InvoiceNo="1", Quantity="-6"),
        line(InvoiceNo="C2", Quantity="6"),
        line(InvoiceNo="C3", Quantity="-6"),
    ).run()
    found = {d.reference: (d.kind, d.total) for d in documents(job.ctx).values()}
    assert found == {
        "1": ("credit_note", Decimal("15.30")),
        "C2": ("invoice", Decimal("15.30")),
        "C3": ("credit_note", Decimal("15.30")),
    }
    assert job.run().known.records == 3


def test_customers_and_what_has_none(job: Import) -> None:
    job.write(
        line(InvoiceNo="1", CustomerID="", UnitPrice="1", Country="EIRE"),
        line(InvoiceNo="2", CustomerID="", UnitPrice="0", Quantity="-5", Description="damaged"),
        line(InvoiceNo="3", UnitPrice="0", Country="Channel Islands"),
    ).run()
    found = documents(job.ctx)
    assert found["1"].contact.name == "Walk-in customer"
    assert (found["1"].country, found["1"].contact.country) == ("IE", "")
    assert job.reasons == {3: "stock correction"}
    assert (found["3"].total, found["3"].country) == (0, "JE")
    assert (found["3"].contact.reference, found["3"].contact.country) == ("17850", "JE")


def test_amounts_are_rounded_by_line_away_from_zero(job: Import) -> None:
    half = {"UnitPrice": "0.005"}
    summary = job.write(
        line(InvoiceNo="1", Quantity="1", **half),
        line(InvoiceNo="1", Quantity="1", **half),
        line(InvoiceNo="C2", Quantity="-1", **half),
    ).run()
    found = documents(job.ctx)
    assert (found["1"].total, found["C2"].total) == (Decimal("0.02"), Decimal("0.01"))
    assert (summary.rounded_lines, summary.rounding) == (3, Decimal("0.005"))


def test_one_document_that_the_books_refuse_does_not_stop_the_others(job: Import) -> None:
    job.write(line(InvoiceNo="1")).run()
    customer = documents(job.ctx)["1"].contact
    contact_update(job.ctx, contact_id=customer.id, values={"is_active": False})
    others = [line(InvoiceNo=str(n), CustomerID="9") for n in range(3, 10)]
    summary = job.write(*others[:4], line(InvoiceNo="2"), *others[4:]).run()
    assert job.reasons == {6: "Customer 17850 is no longer active."}
    assert summary.booked["invoice"].records == 7


def test_a_database_that_is_overloaded_stops_the_import(job: Import, monkeypatch: Any) -> None:
    from accounting.services.imports import invoices
    from core.errors import OperationTimeout

    def times_out(ctx: Context, *, documents: Any, post: bool) -> Any:
        raise OperationTimeout("too slow")

    monkeypatch.setattr(invoices, "documents_create", times_out)
    with pytest.raises(OperationTimeout):
        job.write(line()).run()
    assert report_rows(job.report) == []


def test_files_that_are_refused_as_a_whole(acme: Company, tmp_path: Path) -> None:
    def complaint(path: Path, tenant: str = acme.slug) -> str:
        report = tmp_path / "refused.csv"
        with pytest.raises(CommandError) as refused:
            call_command("import_invoices", path, tenant=tenant, report=report, verbosity=0)
        return str(refused.value)

    empty, lacking, cut = (tmp_path / name for name in ("empty.csv", "lacking.csv", "cut.csv.gz"))
    empty.touch()
    lacking.write_text("InvoiceNo,StockCode\n1,2\n")
    cut.write_bytes(gzip.compress(RETAIL.read_bytes())[:5_000])
    assert "is empty" in complaint(empty)
    assert "lacks Description, Quantity" in complaint(lacking)
    assert "is damaged" in complaint(cut)
    assert "No such file" in complaint(tmp_path / "nowhere.csv")
    assert "no company with the short name nobody" in complaint(RETAIL, "nobody")
    dollars = new_company(new_user("charlie"), currency="USD")
    assert "books are in USD" in complaint(RETAIL, dollars.slug)


def test_the_command_shows_a_bar_and_what_became_of_the_lines(
    acme: Company, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    packed = tmp_path / "lines.csv.gz"
    packed.write_bytes(gzip.compress(RETAIL.read_bytes()))
    call_command("import_invoices", str(packed), tenant=acme.slug)
    shown = capsys.readouterr()
    assert "100%|" in shown.err
    assert "1,157 lines" in shown.err
    assert "booked: credit_note" in shown.out
    assert "lines/s" in shown.out
    assert (tmp_path / "lines-refused.csv").is_file()

    call_command("import_invoices", str(packed), tenant=acme.slug, verbosity=0)
    assert capsys.readouterr() == ("", "")
