"""Many writers at once: numbers without gaps, sums of zero, nothing settled twice.

The sizes come from the environment, so that a longer run can be larger;
`WRITERS=16 INVOICES_EACH=2000` is the full one.
"""

import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from accounting.models import Document, Payment, Series
from accounting.services.allocations import allocation_reverse
from accounting.services.credits import document_credit
from accounting.services.documents import (
    document_create,
    document_delete,
    document_post,
    document_reverse,
    document_update,
)
from accounting.services.drafts import LineInput
from accounting.services.payments import payment_reverse
from core.errors import DomainError
from core.tenancy.context import Context
from core.tenancy.transactions import command
from tests.accounting.books import Books, counted, open_books
from tests.accounting.invariants import check_books
from tests.core.raw import raw, rows

WRITERS = int(os.environ.get("WRITERS", "16"))
INVOICES_EACH = int(os.environ.get("INVOICES_EACH", "40"))
ROLLBACK_SHARE = 0.2
ROUNDS = 6


class Forced(Exception):
    """What goes wrong after the number was taken."""


@pytest.fixture
def books() -> Books:
    return open_books()


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run `works` in threads that start together; a domain error is a result."""
    start = Barrier(len(works), timeout=10)

    def run(work: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return work()
        except DomainError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def succeeded(results: list[Any]) -> list[Any]:
    return [result for result in results if not isinstance(result, DomainError)]


def sequences(books: Books, kind: str) -> list[int]:
    with raw(books.tenant_id) as connection:
        found = rows(
            connection,
            "SELECT sequence FROM accounting_document WHERE kind = %s AND state <> 'draft'"
            " ORDER BY sequence",
            kind,
        )
    return [sequence for (sequence,) in found]


# --- numbers ------------------------------------------------------------------------


def test_numbers_have_no_gap_although_a_fifth_is_rolled_back(books: Books) -> None:
    @command
    def post_or_fail(ctx: Context, fail: bool) -> None:
        document_create(ctx, document=books.draft("10.00", "2.50"), post=True)
        if fail:
            raise Forced

    def writer(seed: int) -> Callable[[], int]:
        def work() -> int:
            chance, posted = random.Random(seed), 0
            for _ in range(INVOICES_EACH):
                try:
                    post_or_fail(books.ctx, chance.random() < ROLLBACK_SHARE)
                    posted += 1
                except Forced:
                    pass
            return posted

        return work

    posted = sum(at_once(*(writer(seed) for seed in range(WRITERS))))
    assert 0.6 * WRITERS * INVOICES_EACH < posted < WRITERS * INVOICES_EACH
    assert sequences(books, "invoice") == list(range(1, posted + 1))
    check_books(books)


def test_the_first_numbers_of_a_year_are_taken_by_many_at_once(books: Books) -> None:
    """Whoever comes first makes the series; nobody makes a second one."""
    results = at_once(*[lambda: books.document("1.00", issued_on=date(2031, 1, 1))] * 8)
    assert sorted(r.row["number"] for r in results) == [f"INV-2031-{n:05}" for n in range(1, 9)]
    assert counted(books.ctx, Series, kind="invoice") == 1


def test_documents_and_payments_of_all_kinds_are_booked_at_once(books: Books) -> None:
    """They share accounts and days, in whose sums they meet; none waits in a circle."""

    def everything(seed: int) -> Callable[[], None]:
        def work() -> None:
            chance = random.Random(seed)
            for _ in range(6):
                match chance.randrange(5):
                    case 0:
                        books.document("30.00")
                    case 1:
                        books.document("20.00", kind="bill")
                    case 2:
                        books.journal("5.00", "-2.00", "-3.00")
                    case 3:
                        invoice = books.document("12.00").row["id"]
                        books.payment("12.00", allocations=[(invoice, Decimal(12))])
                    case 4:
                        invoice = books.document("9.00", "1.00").row["id"]
                        document_credit(books.ctx, kind="invoice", document_id=invoice)

        return work

    assert at_once(*(everything(seed) for seed in range(8))) == [None] * 8
    check_books(books)


# --- one open amount ----------------------------------------------------------------


@pytest.mark.parametrize(("amount", "winners"), [("100.00", 1), ("60.00", 1), ("50.00", 2)])
def test_two_payments_race_for_one_open_amount(books: Books, amount: str, winners: int) -> None:
    """The loser is refused whole: no payment, no journal, no number."""

    def pay(invoice: UUID) -> Payment:
        return books.payment(amount, allocations=[(invoice, Decimal(amount))])

    for _ in range(ROUNDS):
        before = counted(books.ctx, Payment)
        invoice = books.document("100.00").row["id"]
        results = at_once(lambda i=invoice: pay(i), lambda i=invoice: pay(i))
        assert len(succeeded(results)) == winners
        assert {r.code for r in results if isinstance(r, DomainError)} <= {"OVER_ALLOCATED"}
        assert counted(books.ctx, Payment) == before + winners
        assert books.find_document(invoice).allocated == winners * Decimal(amount)
    check_books(books)


def test_a_payment_races_with_itself_for_two_invoices(books: Books) -> None:
    for _ in range(ROUNDS):
        payment = books.payment("100.00").id
        invoices = [books.document("80.00").row["id"] for _ in range(2)]
        results = at_once(
            *(lambda i=i, p=payment: books.settle(i, "80.00", payment_id=p) for i in invoices)
        )
        assert len(succeeded(results)) == 1
        assert books.find_payment(payment).allocated == Decimal(80)
    check_books(books)


def test_a_credit_and_a_payment_race_for_one_invoice(books: Books) -> None:
    """Both succeed: the credit is allocated as far as something is open."""
    for _ in range(ROUNDS):
        invoice, payment = books.document("100.00").row["id"], books.payment("100.00").id
        results = at_once(
            lambda i=invoice: document_credit(books.ctx, kind="invoice", document_id=i),
            lambda i=invoice, p=payment: books.settle(i, "100.00", payment_id=p),
        )
        assert len(succeeded(results)) in (1, 2)
        assert books.find_document(invoice).status == "paid"
    check_books(books)


def test_credits_of_the_whole_race_and_one_wins(books: Books) -> None:
    invoice = books.document("100.00").row["id"]
    credit = lambda: document_credit(books.ctx, kind="invoice", document_id=invoice)  # noqa: E731
    assert len(succeeded(at_once(credit, credit, credit))) == 1
    assert sequences(books, "credit_note") == [1]
    check_books(books)


# --- one record, several transitions ------------------------------------------------


def test_a_draft_is_posted_once_however_many_post_it(books: Books) -> None:
    draft = books.document("10.00", post=False).row["id"]
    post = lambda: document_post(books.ctx, kind="invoice", document_id=draft)  # noqa: E731
    results = at_once(*[post] * 6)
    assert len(succeeded(results)) == 1
    assert {r.code for r in results if isinstance(r, DomainError)} == {"NOT_DRAFT"}
    check_books(books)


def test_a_document_is_reversed_once(books: Books) -> None:
    invoice = books.document("10.00").row["id"]
    reverse = lambda: document_reverse(books.ctx, kind="invoice", document_id=invoice)  # noqa: E731
    assert len(succeeded(at_once(*[reverse] * 4))) == 1
    check_books(books)


def test_an_allocation_is_undone_once(books: Books) -> None:
    invoice, payment = books.document("10.00").row["id"], books.payment("10.00").id
    made = books.settle(invoice, "10.00", payment_id=payment).id
    undo = lambda: allocation_reverse(books.ctx, allocation_id=made)  # noqa: E731
    assert len(succeeded(at_once(*[undo] * 4))) == 1
    check_books(books)


def test_a_payment_is_either_reversed_or_allocated(books: Books) -> None:
    for _ in range(ROUNDS):
        invoice, payment = books.document("10.00").row["id"], books.payment("10.00").id
        results = at_once(
            lambda p=payment: payment_reverse(books.ctx, payment_id=p),
            lambda i=invoice, p=payment: books.settle(i, "10.00", payment_id=p),
        )
        assert len(succeeded(results)) == 1
    check_books(books)


def test_an_invoice_is_either_reversed_or_paid(books: Books) -> None:
    for _ in range(ROUNDS):
        invoice, payment = books.document("10.00").row["id"], books.payment("10.00").id
        results = at_once(
            lambda i=invoice: document_reverse(books.ctx, kind="invoice", document_id=i),
            lambda i=invoice, p=payment: books.settle(i, "10.00", payment_id=p),
        )
        assert len(succeeded(results)) == 1
    check_books(books)


def test_a_draft_is_changed_before_it_is_posted_or_not_at_all(books: Books) -> None:
    lines = [LineInput(Decimal(1), Decimal(77))]
    for _ in range(ROUNDS):
        draft = books.document("10.00", post=False).row["id"]
        results = at_once(
            lambda d=draft: document_update(
                books.ctx, kind="invoice", document_id=d, changes={"lines": lines}
            ),
            lambda d=draft: document_post(books.ctx, kind="invoice", document_id=d),
        )
        found = books.find_document(draft)
        assert found.state == "posted"
        assert found.total == (Decimal(77) if len(succeeded(results)) == 2 else Decimal(10))
    check_books(books)


def test_a_draft_is_deleted_or_posted(books: Books) -> None:
    for _ in range(ROUNDS):
        draft = books.document("10.00", post=False).row["id"]
        results = at_once(
            lambda d=draft: document_delete(books.ctx, kind="invoice", document_id=d) or "deleted",
            lambda d=draft: document_post(books.ctx, kind="invoice", document_id=d),
        )
        assert len(succeeded(results)) == 1
        assert counted(books.ctx, Document, pk=draft) == int("deleted" not in results)
    check_books(books)


def test_two_changes_of_one_version_are_not_both_taken(books: Books) -> None:
    draft = books.document("10.00", post=False).row

    def change(reference: str) -> Any:
        return document_update(
            books.ctx,
            kind="invoice",
            document_id=draft["id"],
            changes={"reference": reference},
            expected_version=draft["version"],
        )

    results = at_once(lambda: change("a"), lambda: change("b"))
    assert len(succeeded(results)) == 1
    assert [r.code for r in results if isinstance(r, DomainError)] == ["STALE_VERSION"]
