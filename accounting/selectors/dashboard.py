"""What the first page of the staff console says about a company."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db.models import Count

from accounting.currencies import minor_unit
from accounting.models import Document, DocumentState
from accounting.selectors.reference import settings_get
from accounting.selectors.reports import aged_balances
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_cursor

SALES_SQL = (Path(__file__).parent / "sql" / "sales_by_month.sql").read_text(encoding="utf-8")
MONTHS = 12
LATEST_MAX = 8


@dataclass(frozen=True, slots=True)
class Month:
    """`starts_on` is its first day; `amount` is net of credit notes, in the base currency."""

    starts_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """Open receivables or payables, less what was paid and settles nothing yet."""

    total: Decimal
    overdue: Decimal


@query
def currency_get(ctx: Context) -> str:
    """The company's base currency."""
    return settings_get(ctx).base_currency


@query
def balance_get(ctx: Context, *, side: str) -> Balance:
    """`side` is `receivables` or `payables`; today."""
    totals: dict[str, Decimal] = aged_balances(ctx, side=side)["totals"]
    late = ("days_1_30", "days_31_60", "days_61_90", "days_over_90")
    return Balance(totals["total"], sum((totals[name] for name in late), Decimal(0)))


@query
def sales_by_month(ctx: Context) -> list[Month]:
    """Twelve months up to this one, oldest first; months without sales are zero."""
    unit = minor_unit(currency_get(ctx))
    months = _months_until(ctx.today)
    with tenant_cursor() as cursor:
        cursor.execute(
            SALES_SQL, {"tenant": ctx.tenant_id, "starts_on": months[0], "ends_on": ctx.today}
        )
        sums: dict[date, Decimal] = dict(cursor.fetchall())
    return [Month(month, sums.get(month, Decimal(0)).quantize(unit)) for month in months]


@query
def drafts_by_kind(ctx: Context) -> dict[str, int]:
    """How many drafts of each kind wait to be posted."""
    drafts = Document.objects.filter(state=DocumentState.DRAFT)
    counted: Any = drafts.order_by().values_list("kind").annotate(count=Count("id"))
    return dict(counted)


@query
def documents_latest(ctx: Context, *, kinds: Sequence[str]) -> list[Document]:
    """The newest posted documents of these kinds, with their contacts.

    By id, which grows with time, so that few rows are read however many there are.
    """
    posted = Document.objects.filter(kind__in=list(kinds)).exclude(state=DocumentState.DRAFT)
    return list(posted.select_related("contact").order_by("-id")[:LATEST_MAX])


def _months_until(day: date) -> list[date]:
    index = day.year * 12 + day.month - 1
    return [date(i // 12, i % 12 + 1, 1) for i in range(index - MONTHS + 1, index + 1)]
