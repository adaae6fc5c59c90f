"""The demo, as `make run` loads it at every start."""

import csv
import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.management import call_command
from django.db.models import Exists, F, OuterRef

from accounting.models import Allocation, Document, Payment
from accounting.selectors.reports import aged_balances, trial_balance
from accounting.services.allocations import allocation_reverse
from accounting.services.imports.demo import HACK_CLUB, RETAIL, USERS
from core.listing import PageRequest
from core.tenancy.context import Context
from core.tenancy.selectors import tenant_by_slug
from core.tenancy.transactions import query
from core.webhooks.selectors import delivery_list, webhook_list
from permissions.models import Membership, Role, RoleAssignment, User
from tests.accounting.retail_sums import COLUMNS, summed
from tests.cast import PASSWORD, Api


@pytest.fixture
def seeded(database: None, capsys: Any) -> dict[str, Any]:
    """What the command prints. The demo is one per database, so tests here share it."""
    call_command("seed_demo", "--json")
    printed = capsys.readouterr().out
    said: dict[str, Any] = json.loads(printed)
    return said


def context(slug: str) -> Context:
    tenant = tenant_by_slug(slug=slug)
    assert tenant is not None
    return Context(tenant.id, None, datetime.now(UTC), "test")


@query
def counts(ctx: Context) -> Counter[Any]:
    found: Counter[Any] = Counter((d.kind, d.status) for d in Document.objects.all())
    models = (Allocation, Document, Payment, RoleAssignment)
    return found + Counter({model.__name__: model.objects.count() for model in models})


@query
def roles(ctx: Context) -> dict[str, str]:
    held = RoleAssignment.objects.values_list("user__email", "role__code")
    assert Role.objects.exists()
    return dict(held)


@query
def part_payments(ctx: Context) -> int:
    payments = Allocation.objects.filter(payment__isnull=False, amount__gt=0)
    return payments.filter(document__total__gt=F("amount")).count()


@query
def a_used_credit(ctx: Context) -> Allocation:
    undone = Allocation.objects.filter(reverses=OuterRef("pk"))
    found: Allocation = Allocation.objects.filter(
        ~Exists(undone), credit__isnull=False, amount__gt=0
    )[0]
    return found


def test_what_it_prints_lets_everyone_in(seeded: dict[str, Any]) -> None:
    assert seeded["tenants"] == [
        {"slug": "alder-finch", "name": "Alder & Finch Gifts Ltd"},
        {"slug": "hack-club", "name": "Hack Club (demo books)"},
    ]
    for user in seeded["users"]:
        body = {"email": user["email"], "password": user["password"], "tenant": user["tenant"]}
        assert Api(None).ok("POST", "auth/login/", body)["access_token"]
        assert roles(context(user["tenant"]))[user["email"]] == user["role"]
    assert len(seeded["users"]) == 5


def test_again_it_adds_nothing_and_prints_the_same(seeded: dict[str, Any], capsys: Any) -> None:
    slugs = ("alder-finch", "hack-club")
    emails = [user.email for user in USERS]

    def state() -> list[Any]:
        members = Membership.objects.filter(user__email__in=emails).count()
        users = User.objects.filter(email__in=emails).count()
        return [users, members, *(counts(context(slug)) for slug in slugs)]

    before = state()
    assert before[:2] == [4, 5]
    call_command("seed_demo", "--json")
    assert json.loads(capsys.readouterr().out) == seeded
    assert state() == before


def test_what_somebody_undid_stays_undone(seeded: dict[str, Any]) -> None:
    ctx = context("alder-finch")
    allocation_reverse(ctx, allocation_id=a_used_credit(ctx).id)
    before = counts(ctx)
    call_command("seed_demo", "--json")
    assert counts(ctx) == before


def test_there_is_a_webhook_to_look_at_that_calls_nobody(seeded: dict[str, Any]) -> None:
    for slug in ("alder-finch", "hack-club"):
        ctx = context(slug)
        [shown] = webhook_list(ctx, page=PageRequest()).rows
        assert (shown["is_enabled"], shown["event_types"]) == (
            False, ["document.posted", "payment.posted"],
        )  # fmt: skip
        assert delivery_list(ctx, endpoint_id=shown["id"], page=PageRequest()).rows == []


def test_books_are_those_of_the_slices(seeded: dict[str, Any]) -> None:
    with RETAIL.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS
    assert 1_000 <= len(rows) <= 1_500
    adjusted = summed([r for r in rows if r["InvoiceNo"].startswith("A")], "total")["all"].amount
    balances = {r["name"]: r["balance"] for r in trial_balance(context("alder-finch"))["rows"]}
    assert -balances["Sales"] == summed(rows, "total")["all"].amount - adjusted

    hack_club = {r["name"]: r["balance"] for r in trial_balance(context("hack-club"))["rows"]}
    with (HACK_CLUB.parent / "trial_balance.csv").open(encoding="utf-8", newline="") as file:
        published = {row["account"]: Decimal(row["balance"]) for row in csv.DictReader(file)}
    assert hack_club == published


def test_some_invoices_are_paid_some_in_part_some_not(seeded: dict[str, Any]) -> None:
    ctx = context("alder-finch")
    found = counts(ctx)
    for state in ("paid", "part_paid", "posted"):
        assert found[("invoice", state)] >= 10, state
    assert found[("credit_note", "paid")] >= 10
    assert part_payments(ctx) >= 10
    owed = {r["name"]: r["balance"] for r in trial_balance(ctx)["rows"]}["Accounts receivable"]
    assert aged_balances(ctx, side="receivables")["totals"]["total"] == owed > 0


def test_passwords_would_be_accepted_and_are_not_the_tests(seeded: dict[str, Any]) -> None:
    for user in USERS:
        validate_password(user.password, User(email=user.email, name=user.name))
        assert user.password != PASSWORD


def test_the_readable_form(seeded: dict[str, Any], capsys: Any) -> None:
    call_command("seed_demo")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[0].split() == ["alice@example.com", "alder-finch-demo-1", "owner", "alder-finch"]


def test_the_slices_say_where_they_come_from() -> None:
    root = Path(__file__).resolve().parents[2]
    said = (root / "demo" / "README.md").read_text(encoding="utf-8")
    notice = (root / "NOTICE").read_text(encoding="utf-8")
    for credit in ("Daqing Chen", "CC BY 4.0", "Hack Club", "ODC-By 1.0", "Gratipay", "CC0 1.0"):
        assert credit in said, credit
        assert credit in notice, credit
