"""Sums of an imported Online Retail file, to compare with those its README gives.

A `Sums` is (lines, invoices, credit notes, quantity, amount), with the file's
signs: a credit note counts against, and what was set aside counts as well.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from django.db.models import Count, F, Sum
from django.db.models.functions import Left, TruncMonth

from accounting.models import DocumentLine, Journal
from accounting.services.imports.countries import CODES, INEXACT
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_cursor

COLUMNS = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice",
           "CustomerID", "Country"]  # fmt: skip
PENNY = Decimal("0.01")
#: What the file says of every adjustment, and a journal does not keep.
ADJUSTED = {"StockCode": "B", "CustomerID": "", "Country": "United Kingdom", "Quantity": "1"}
COUNTRY_OF = {code: name for name, code in CODES.items() if name not in INEXACT} | {
    "IE": "EIRE", "ZA": "RSA", "US": "USA",
}  # fmt: skip


class Sums(NamedTuple):
    lines: int = 0
    invoices: int = 0
    credit_notes: int = 0
    quantity: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)

    def plus(self, other: "Sums") -> "Sums":
        return Sums(*(a + b for a, b in zip(self, other, strict=True)))


Table = dict[str, Sums]
#: For each table of the README: from a row of the file to its key.
KEYS: dict[str, Any] = {
    "total": lambda row: "all",
    "invoice": lambda row: row["InvoiceNo"],
    "month": lambda row: row["InvoiceDate"][:7],
    "country": lambda row: row["Country"],
    "customer": lambda row: row["CustomerID"],
    "stockcode": lambda row: row["StockCode"],
}


def expected(path: Path) -> Table:
    """One of the README's tables."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            key: Sums(int(lines), int(invoices), int(notes), Decimal(quantity), Decimal(amount))
            for key, lines, invoices, notes, quantity, amount, _, _ in list(csv.reader(file))[1:]
        }


def rounding(rows: Iterable[dict[str, str]], by: str) -> dict[str, Decimal]:
    """How much more the lines say in whole pence than exactly, by key; nothing where nothing."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        exact = Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
        rounded = exact.quantize(PENNY, ROUND_HALF_UP)
        if rounded != exact:
            found[KEYS[by](row)] += rounded - exact
    return found


def in_pence(table: Table, rounded: dict[str, Decimal]) -> Table:
    """The table as it is when each line is rounded."""
    return {
        key: sums._replace(amount=sums.amount + rounded.get(key, Decimal(0)))
        for key, sums in table.items()
    }


def summed(rows: Iterable[dict[str, str]], by: str) -> Table:
    """The table that follows from rows of the file, each line in whole pence."""
    found: Table = {}
    seen: set[tuple[str, str]] = set()
    for row in rows:
        key, number = KEYS[by](row), row["InvoiceNo"]
        first = (key, number) not in seen
        seen.add((key, number))
        quantity = Decimal(row["Quantity"])
        amount = (quantity * Decimal(row["UnitPrice"])).quantize(PENNY, ROUND_HALF_UP)
        is_credit = number.startswith("C")
        line = Sums(1, int(first and not is_credit), int(first and is_credit), quantity, amount)
        found[key] = found.get(key, Sums()).plus(line)
    return found


def imported(ctx: Context, report: Path, by: str) -> Table:
    """The same table out of the books, with what the report says was set aside."""
    found = summed([*_adjustments(ctx), *set_aside_rows(report)], by)
    for key, kind, lines, documents, quantity, net in _booked(ctx, by):
        sign = -1 if kind == "credit_note" else 1
        counts = (0, documents) if sign < 0 else (documents, 0)
        found[key] = found.get(key, Sums()).plus(Sums(lines, *counts, sign * quantity, sign * net))
    return found


def set_aside_rows(report: Path) -> Iterator[dict[str, str]]:
    for entry in report_rows(report):
        if entry["outcome"] == "set aside":
            yield dict(zip(COLUMNS, next(csv.reader(StringIO(entry["row"]))), strict=True))


def report_rows(report: Path) -> list[dict[str, str]]:
    with report.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file))


@query
def _booked(ctx: Context, by: str) -> list[tuple[str, str, int, int, Decimal, Decimal]]:
    with tenant_cursor() as cursor:
        # Sums over the whole file, which no request asks for: a slow machine may take its time.
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL transaction_timeout = 0")
    columns: dict[str, dict[str, Any]] = {
        "total": {},
        "invoice": {"key": F("document__reference")},
        "month": {"key": TruncMonth("document__issued_on")},
        "country": {"key": F("document__country"), "remark": F("document__narration")},
        "customer": {"key": F("document__contact__reference")},
        "stockcode": {"key": F("item_code")},
    }
    groups = columns[by] | {"kind": F("document__kind")}
    rows = DocumentLine.objects.order_by().values(**groups).annotate(
        n=Count("id"), documents=Count("document", distinct=True), q=Sum("quantity"), a=Sum("net")
    )  # fmt: skip
    return [
        (_key(by, row), row["kind"], row["n"], row["documents"], row["q"], row["a"]) for row in rows
    ]


def _key(by: str, row: dict[str, Any]) -> str:
    """The key as the README has it."""
    if by == "total":
        return "all"
    if by == "month":
        return f"{row['key']:%Y-%m}"
    if by == "country":
        remark: str = row["remark"]
        return remark.removeprefix("Country: ") or COUNTRY_OF[row["key"]]
    return "" if row["key"] == "WALK-IN" else row["key"]


@query
def _adjustments(ctx: Context) -> list[dict[str, str]]:
    """The journals against the allowance for bad debts, as rows of the file."""
    journals = Journal.objects.annotate(letter=Left("reference", 1)).filter(letter="A")
    lines = journals.filter(lines__account__role="bad_debt_allowance")
    return [
        ADJUSTED | {"InvoiceNo": number, "InvoiceDate": str(day), "UnitPrice": str(amount)}
        for number, day, amount in lines.values_list("reference", "effective_on", "lines__amount")
    ]
