"""Reports: what the ledger says at the end of a day. Everything comes from posted journals."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import F, Sum

from accounting.currencies import minor_unit
from accounting.models import Account, AccountDay, JournalLine, JournalState
from accounting.selectors.reference import settings_get
from core.errors import NotFound
from core.listing import Order, Page, PageRequest, page_of
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_cursor

Row = dict[str, Any]
SQL = Path(__file__).parent / "sql"
TRIAL_BALANCE_SQL = (SQL / "trial_balance.sql").read_text(encoding="utf-8")
AGED_SQL = (SQL / "aged.sql").read_text(encoding="utf-8")

#: Days overdue; `unallocated` holds credits and payments that settle nothing yet, negative.
BUCKETS = ("current", "days_1_30", "days_31_60", "days_61_90", "days_over_90", "unallocated",
           "total")  # fmt: skip
AGED_KINDS = {
    "receivables": {"demand": "invoice", "credit": "credit_note", "payment": "receipt"},
    "payables": {"demand": "bill", "credit": "debit_note", "payment": "disbursement"},
}
LEDGER = Order("general-ledger", ("effective_on", "id"), descending=False)


@query
def trial_balance(ctx: Context, *, as_of: date | None = None) -> Row:
    """Debit or credit balance of every account that was posted to, up to and with `as_of`."""
    day = as_of or ctx.today
    currency, unit = _currency(ctx)
    found = _rows(
        TRIAL_BALANCE_SQL,
        {"tenant": ctx.tenant_id, "as_of": day, "month": day.replace(day=1)},
    )
    rows = [
        {
            "account_id": account_id,
            "code": code,
            "name": name,
            "type": type_,
            "debit": max(balance, Decimal(0)).quantize(unit),
            "credit": max(-balance, Decimal(0)).quantize(unit),
            "balance": balance.quantize(unit),
        }
        for account_id, code, name, type_, balance in found
    ]
    return {
        "as_of": day,
        "currency": currency,
        "rows": rows,
        "totals": {
            side: sum((row[side] for row in rows), Decimal(0)).quantize(unit)
            for side in ("debit", "credit")
        },
    }


@query
def aged_balances(ctx: Context, *, side: str, as_of: date | None = None) -> Row:
    """Open receivables or payables by contact and days overdue at the end of `as_of`."""
    day = as_of or ctx.today
    currency, unit = _currency(ctx)
    found = _rows(AGED_SQL, {"tenant": ctx.tenant_id, "as_of": day, **AGED_KINDS[side]})
    rows = [
        {
            "contact_id": contact_id,
            "contact_name": name,
            **{b: a.quantize(unit) for b, a in zip(BUCKETS, amounts, strict=True)},
        }
        for contact_id, name, *amounts in found
    ]
    totals = {
        bucket: sum((row[bucket] for row in rows), Decimal(0)).quantize(unit) for bucket in BUCKETS
    }
    return {"as_of": day, "currency": currency, "rows": rows, "totals": totals}


@query
def general_ledger(
    ctx: Context,
    *,
    account_id: UUID,
    page: PageRequest,
    starts_on: date | None = None,
    as_of: date | None = None,
) -> Page:
    """The postings of one account, oldest first, each with the balance after it."""
    if not Account.objects.filter(pk=account_id).exists():
        raise NotFound
    _, unit = _currency(ctx)
    lines = JournalLine.objects.filter(
        account=account_id, journal__state=JournalState.POSTED, effective_on__lte=as_of or ctx.today
    )
    if starts_on is not None:
        lines = lines.filter(effective_on__gte=starts_on)
    rows = lines.values(
        "id", "effective_on", "journal_id", "amount", "memo", "contact_id",
        journal_number=F("journal__number"),
        narration=F("journal__narration"),
        reference=F("journal__reference"),
        contact_name=F("contact__name"),
    )  # fmt: skip
    found = page_of(ctx, rows, LEDGER, page)
    balance = _balance_before(account_id, found.rows[0]) if found.rows else Decimal(0)
    return replace(found, rows=list(_with_balance(found.rows, balance, unit)))


def _balance_before(account_id: UUID, first: Row) -> Decimal:
    """The account's balance just before a line: the days before it, and the day so far."""
    days = AccountDay.objects.filter(account=account_id, effective_on__lt=first["effective_on"])
    earlier = days.aggregate(sum=Sum(F("debit") - F("credit")))["sum"] or Decimal(0)
    same_day = JournalLine.objects.filter(
        account=account_id,
        journal__state=JournalState.POSTED,
        effective_on=first["effective_on"],
        id__lt=first["id"],
    ).aggregate(sum=Sum("amount"))["sum"]
    total: Decimal = earlier + (same_day or Decimal(0))
    return total


def _with_balance(rows: Iterable[Row], balance: Decimal, unit: Decimal) -> Iterable[Row]:
    for row in rows:
        amount = row.pop("amount")
        balance += amount
        row["debit"] = max(amount, Decimal(0)).quantize(unit)
        row["credit"] = max(-amount, Decimal(0)).quantize(unit)
        row["balance"] = balance.quantize(unit)
        yield row


def _currency(ctx: Context) -> tuple[str, Decimal]:
    currency = settings_get(ctx).base_currency
    return currency, minor_unit(currency)


def _rows(sql: str, parameters: Row) -> list[Any]:
    with tenant_cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[Any] = cursor.fetchall()
    return found
