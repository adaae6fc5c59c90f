"""The first page of the console: the company's figures, drafts and latest documents."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.urls import reverse

from accounting.admin.display import PLACES, amount, document_pill, link
from accounting.models import DocumentKind
from accounting.selectors.dashboard import Balance, Dashboard, Month, dashboard_get
from core.tenancy.admin import Column, StaffRequest, Table, Values

#: The bars' room, in the units of the plot's view box.
PLOT_HEIGHT = 90
BAR_STEP = 60


class Bar(NamedTuple):
    """A month in the plot: where it stands, how high it is, what it says."""

    x: int
    y: int
    height: int
    is_below: bool
    label: str
    amount: str


class Plot(NamedTuple):
    """Bars on both sides of a line at `zero`, counted from the top."""

    zero: int
    bars: list[Bar]


def overview(request: StaffRequest, context: Values) -> Values:
    """The page's context with what this person may see of the company."""
    user = request.user
    kinds = [kind for kind in DocumentKind if user.has_perm(f"{PLACES[kind][1]}.view")]
    found = dashboard_get(
        request.ctx, kinds=kinds, with_figures=user.has_perm("accounting.reports.view")
    )
    return context | {
        "currency": found.currency,
        "cards": _cards(found),
        "plot": plot_of(found.figures.sales) if found.figures else None,
        "sales": _sales(found),
        "drafts": [
            (f"{kind.label}s", found.drafts.get(kind, 0), _drafts_list(kind)) for kind in kinds
        ],
        "latest": _latest_table(user, found) if kinds else None,
    }


def plot_of(months: Sequence[Month]) -> Plot:
    """Bars in proportion; credit notes can bring a month below zero, and that is shown."""
    amounts = [month.amount for month in months]
    highest, lowest = max(amounts, default=Decimal(0)), min(amounts, default=Decimal(0))
    top, span = max(highest, Decimal(0)), max(highest, Decimal(0)) - min(lowest, Decimal(0))
    scale = PLOT_HEIGHT / span if span else Decimal(0)
    zero = int(top * scale)
    found = []
    for index, month in enumerate(months):
        height = int(abs(month.amount) * scale)
        is_below = month.amount < 0
        y = zero if is_below else zero - height
        label = month.starts_on.strftime("%b")
        found.append(Bar(index * BAR_STEP, y, height, is_below, label, amount(month.amount)))
    return Plot(zero, found)


def _cards(found: Dashboard) -> list[Values]:
    if found.figures is None:
        return []
    return [
        _card("Receivables", "What customers owe", found.figures.receivables),
        _card("Payables", "What is owed to suppliers", found.figures.payables),
    ]


def _card(title: str, hint: str, balance: Balance) -> Values:
    return {
        "title": title,
        "hint": hint,
        "total": amount(balance.total),
        "overdue": amount(balance.overdue) if balance.overdue else "",
        "unused": amount(balance.unused) if balance.unused else "",
    }


def _sales(found: Dashboard) -> str:
    """What the plot adds up to."""
    if found.figures is None or not found.figures.sales:
        return ""
    months = found.figures.sales
    total = amount(sum((month.amount for month in months), Decimal(0)))
    return f"{total} {found.currency} in the twelve months to {months[-1].starts_on:%B %Y}"


def _drafts_list(kind: DocumentKind) -> str:
    return reverse(f"admin:accounting_{PLACES[kind][0]}_changelist") + "?status=draft"


def _latest_table(user: Any, found: Dashboard) -> Table:
    rows = [
        (
            link(user, document),
            document.get_kind_display(),
            link(user, document.contact),
            str(document.issued_on),
            document_pill(document),
            amount(document.total),
        )
        for document in found.latest
    ]
    titles = ("Number", "Kind", "Contact", "Issued", "Status")
    columns = [*map(Column, titles), Column(f"Total {found.currency}", is_amount=True)]
    return Table("Latest documents", columns, rows)
