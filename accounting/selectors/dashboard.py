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
LATEST_MAX = 8


@dataclass(frozen=True, slots=True)
class Balance:
    """Open receivables or payables: `total` is less `unused`, which settles nothing yet."""

    total: Decimal
    overdue: Decimal
    unused: Decimal


@dataclass(frozen=True, slots=True)
class Month:
    """`starts_on` is its first day; `amount` is net of credit notes, in the base currency."""

    starts_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Figures:
    """What the ledger says today; for those who may see reports."""

    receivables: Balance
    payables: Balance
    sales: list[Month]


@dataclass(frozen=True, slots=True)
class Dashboard:
    currency: str
    figures: Figures | None
    drafts: dict[str, int]
    latest: list[Document]


@query
def dashboard_get(ctx: Context, *, kinds: Sequence[str], with_figures: bool) -> Dashboard:
    """`kinds` are the documents that the reader may see."""
    return Dashboard(
        currency=settings_get(ctx).base_currency,
        figures=_figures(ctx) if with_figures else None,
        drafts=_drafts(kinds),
        latest=_latest(kinds),
    )


@query
def sales_by_month(ctx: Context) -> list[Month]:
    """Twelve months up to the last with sales, oldest first; empty before the first sale."""
    unit = minor_unit(settings_get(ctx).base_currency)
    with tenant_cursor() as cursor:
        cursor.execute(SALES_SQL, {"tenant": ctx.tenant_id, "today": ctx.today})
        return [Month(month, amount.quantize(unit)) for month, amount in cursor.fetchall()]


def _figures(ctx: Context) -> Figures:
    return Figures(_balance(ctx, "receivables"), _balance(ctx, "payables"), sales_by_month(ctx))


def _balance(ctx: Context, side: str) -> Balance:
    totals: dict[str, Decimal] = aged_balances(ctx, side=side)["totals"]
    late = ("days_1_30", "days_31_60", "days_61_90", "days_over_90")
    overdue = sum((totals[name] for name in late), Decimal(0))
    return Balance(totals["total"], overdue, -totals["unallocated"])


def _drafts(kinds: Sequence[str]) -> dict[str, int]:
    """How many drafts of each kind wait to be posted."""
    drafts = Document.objects.filter(kind__in=list(kinds), state=DocumentState.DRAFT)
    counted: Any = drafts.order_by().values_list("kind").annotate(count=Count("id"))
    return dict(counted)


def _latest(kinds: Sequence[str]) -> list[Document]:
    """The newest posted documents with their contacts.

    By id, which grows with time, so that few rows are read however many there are.
    """
    posted = Document.objects.filter(kind__in=list(kinds)).exclude(state=DocumentState.DRAFT)
    return list(posted.select_related("contact").order_by("-id")[:LATEST_MAX])
