"""Payments and allocations by their services."""

from contextlib import nullcontext
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from accounting.models import Allocation, Journal, Payment
from accounting.selectors.reports import aged_balances
from accounting.services.allocations import allocation_reverse
from accounting.services.journals import journal_reverse
from accounting.services.payments import (
    payment_delete,
    payment_post,
    payment_reverse,
    payment_update,
)
from accounting.services.reference import account_update, contact_update
from core.errors import Conflict, DomainError, Invalid, NotFound, StaleVersion
from core.ids import uuid7
from tests.accounting.books import DAY, Books, counted, lines_of, open_books
from tests.accounting.invariants import check_books


@pytest.fixture
def books() -> Books:
    return open_books()


def invoice(books: Books, amount: str = "100.00", **values: Any) -> UUID:
    found: UUID = books.document(amount, **values).row["id"]
    return found


# --- payments -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "role", "sign"), [("receipt", "receivable", 1), ("disbursement", "payable", -1)]
)
def test_money_moves_between_the_bank_and_the_control_account(
    books: Books, kind: str, role: str, sign: int
) -> None:
    payment = books.payment("70.00", kind=kind)
    assert payment.journal_id is not None
    bank, control = lines_of(books.ctx, payment.journal_id)
    assert (bank.account_id, bank.amount) == (books.accounts["bank"], sign * Decimal(70))
    assert (control.account_id, control.amount) == (books.accounts[role], -sign * Decimal(70))
    check_books(books)


def test_a_draft_is_changed_posted_and_then_fixed(books: Books) -> None:
    draft = books.payment("70.00", post=False)
    changed = payment_update(books.ctx, payment_id=draft.id, changes={"amount": Decimal(80)})
    assert (changed.amount, changed.version) == (Decimal(80), draft.version + 1)
    assert payment_post(books.ctx, payment_id=draft.id).number == "RCPT-2026-00001"
    for attempt in (
        lambda: payment_update(books.ctx, payment_id=draft.id, changes={"amount": Decimal(1)}),
        lambda: payment_delete(books.ctx, payment_id=draft.id),
        lambda: payment_post(books.ctx, payment_id=draft.id),
    ):
        with pytest.raises(DomainError) as caught:
            attempt()
        assert caught.value.code == "NOT_DRAFT"
    check_books(books)


def test_a_stale_version_is_refused(books: Books) -> None:
    draft = books.payment("70.00", post=False)
    payment_update(books.ctx, payment_id=draft.id, changes={"reference": "x"})
    with pytest.raises(StaleVersion):
        payment_update(
            books.ctx,
            payment_id=draft.id,
            changes={"reference": "y"},
            expected_version=draft.version,
        )
    with pytest.raises(StaleVersion):
        payment_delete(books.ctx, payment_id=draft.id, expected_version=draft.version)
    payment_delete(books.ctx, payment_id=draft.id)
    assert counted(books.ctx, Payment) == 0


@pytest.mark.parametrize(
    ("currency", "amount", "accepted"),
    [
        ("GBP", "0.01", True),
        ("GBP", "0.001", False),
        ("GBP", "0", False),
        ("GBP", "-1", False),
        ("JPY", "1", True),
        ("JPY", "0.5", False),
        ("KWD", "0.001", True),
        ("KWD", "0.0001", False),
    ],
)
def test_an_amount_is_above_zero_and_in_whole_units(
    currency: str, amount: str, accepted: bool
) -> None:
    books = open_books(currency)
    with nullcontext() if accepted else pytest.raises(Invalid):
        books.payment(amount)


@pytest.mark.parametrize("role", ["receivable", "payable"])
def test_a_control_account_is_no_bank(books: Books, role: str) -> None:
    with pytest.raises(Invalid):
        books.payment("1.00", account_id=books.accounts[role], post=False)


@pytest.mark.parametrize("values", [{"is_group": True}, {"is_active": False}])
def test_a_closed_account_is_no_bank_either(books: Books, values: dict[str, bool]) -> None:
    draft = books.payment("1.00", account_id=books.accounts["3000"], post=False)
    account_update(books.ctx, account_id=books.accounts["3000"], values=values)
    with pytest.raises(Invalid):
        payment_post(books.ctx, payment_id=draft.id)


def test_an_inactive_contact_does_not_pay(books: Books) -> None:
    draft = books.payment("1.00", post=False)
    contact_update(books.ctx, contact_id=books.customer, values={"is_active": False})
    with pytest.raises(Invalid):
        payment_post(books.ctx, payment_id=draft.id)


def test_a_payment_and_what_it_settles_are_booked_together_or_not_at_all(books: Books) -> None:
    first, second = invoice(books, "30.00"), invoice(books, "50.00")
    with pytest.raises(DomainError) as caught:
        books.payment("80.00", allocations=[(first, Decimal(30)), (second, Decimal("50.01"))])
    assert caught.value.code == "OVER_ALLOCATED"
    assert counted(books.ctx, Payment) == counted(books.ctx, Allocation) == 0
    assert counted(books.ctx, Journal) == 2
    made = books.payment("80.00", allocations=[(first, Decimal(30)), (second, Decimal(50))])
    assert (made.number, made.unallocated) == ("RCPT-2026-00001", Decimal(0))
    check_books(books)


def test_a_draft_settles_nothing(books: Books) -> None:
    with pytest.raises(Invalid):
        books.payment("10.00", allocations=[(invoice(books), Decimal(10))], post=False)


def test_a_settlement_of_more_than_was_paid_is_refused(books: Books) -> None:
    with pytest.raises(DomainError):
        books.payment("10.00", allocations=[(invoice(books), Decimal(11))])
    assert counted(books.ctx, Payment) == 0


def test_a_reversed_payment_is_out_of_the_books(books: Books) -> None:
    payment = books.payment("70.00")
    reversed_ = payment_reverse(books.ctx, payment_id=payment.id)
    assert (reversed_.state, reversed_.unallocated) == ("reversed", Decimal(0))
    with pytest.raises(Conflict):
        payment_reverse(books.ctx, payment_id=payment.id)
    check_books(books)


def test_the_journals_of_a_payment_are_not_reversed_by_themselves(books: Books) -> None:
    payment = books.payment("70.00")
    assert payment.journal_id is not None
    with pytest.raises(Conflict):
        journal_reverse(books.ctx, journal_id=payment.journal_id)
    reversal = payment_reverse(books.ctx, payment_id=payment.id).reversal_id
    assert reversal is not None
    with pytest.raises(Conflict):
        journal_reverse(books.ctx, journal_id=reversal)


def test_another_companys_payment_is_not_found(books: Books) -> None:
    foreign = open_books().payment("1.00").id
    for service in (payment_post, payment_delete, payment_reverse):
        with pytest.raises(NotFound):
            service(books.ctx, payment_id=foreign)


# --- allocations --------------------------------------------------------------------


def test_an_allocation_is_undone_and_made_again(books: Books) -> None:
    document, payment = invoice(books), books.payment("100.00").id
    made = books.settle(document, "100.00", payment_id=payment)
    undoing = allocation_reverse(books.ctx, allocation_id=made.id)
    assert (undoing.amount, undoing.reverses_id) == (Decimal(-100), made.id)
    assert books.find_document(document).outstanding == Decimal(100)
    books.settle(document, "40.00", payment_id=payment)
    check_books(books)


def test_an_undoing_is_not_undone(books: Books) -> None:
    made = books.settle(invoice(books), "1.00", payment_id=books.payment("1.00").id)
    undoing = allocation_reverse(books.ctx, allocation_id=made.id)
    for allocation in (made, undoing):
        with pytest.raises(Conflict):
            allocation_reverse(books.ctx, allocation_id=allocation.id)


def test_an_undoing_is_not_dated_before_what_it_undoes(books: Books) -> None:
    made = books.settle(invoice(books), "1.00", payment_id=books.payment("1.00").id)
    with pytest.raises(Invalid):
        allocation_reverse(books.ctx, allocation_id=made.id, effective_on=DAY - timedelta(days=1))


@pytest.mark.parametrize("amount", ["0", "-1", "100.01", "0.001"])
def test_an_amount_that_does_not_fit_is_refused(books: Books, amount: str) -> None:
    document, payment = invoice(books), books.payment("500.00").id
    with pytest.raises(DomainError):
        books.settle(document, amount, payment_id=payment)


def test_only_what_belongs_together_is_settled(books: Books) -> None:
    receipt, disbursement = books.payment("10.00").id, books.payment("10", kind="disbursement").id
    bill, note = invoice(books, kind="bill"), invoice(books, kind="credit_note")
    draft = invoice(books, post=False)
    for document, source in (
        (bill, {"payment_id": receipt}),
        (invoice(books), {"payment_id": disbursement}),
        (note, {"payment_id": receipt}),
        (draft, {"payment_id": receipt}),
        (bill, {"credit_id": note}),
        (invoice(books), {"credit_id": invoice(books)}),
        (invoice(books), {"credit_id": draft}),
        (uuid7(), {"payment_id": receipt}),
        (invoice(books), {"payment_id": uuid7()}),
        (invoice(books), {"credit_id": uuid7()}),
        (invoice(books), {}),
        (invoice(books), {"payment_id": receipt, "credit_id": note}),
    ):
        with pytest.raises(DomainError):
            books.settle(document, "1.00", **source)
    assert counted(books.ctx, Allocation) == 0


def test_another_companys_document_and_payment_do_not_exist(books: Books) -> None:
    other = open_books()
    theirs, their_payment = invoice(other), other.payment("10.00").id
    with pytest.raises(Invalid):
        books.settle(theirs, "1.00", payment_id=books.payment("10.00").id)
    with pytest.raises(Invalid):
        books.settle(invoice(books), "1.00", payment_id=their_payment)
    made = other.settle(theirs, "1.00", payment_id=their_payment)
    with pytest.raises(NotFound):
        allocation_reverse(books.ctx, allocation_id=made.id)


# --- what was open when -------------------------------------------------------------


def test_the_aged_report_of_an_earlier_day_does_not_know_what_came_later(books: Books) -> None:
    """Invoice on 2 March due 1 April, paid half on 10 April, the payment undone on 20 April."""
    document = invoice(books, "100.00")
    payment = books.payment("50.00", paid_on=date(2026, 4, 10)).id
    made = books.settle(document, "50.00", payment_id=payment)
    allocation_reverse(books.ctx, allocation_id=made.id, effective_on=date(2026, 4, 20))
    expected = {
        date(2026, 3, 1): ("0.00", "0.00", "0.00"),
        date(2026, 4, 1): ("100.00", "0.00", "100.00"),
        date(2026, 4, 9): ("0.00", "0.00", "100.00"),
        date(2026, 4, 10): ("0.00", "0.00", "50.00"),
        date(2026, 4, 20): ("0.00", "-50.00", "50.00"),
    }
    for day, (current, unallocated, total) in expected.items():
        totals = aged_balances(books.ctx, side="receivables", as_of=day)["totals"]
        found = (totals["current"], totals["unallocated"], totals["total"])
        assert found == tuple(map(Decimal, (current, unallocated, total))), day
    check_books(books)
