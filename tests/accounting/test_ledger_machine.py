"""Any sequence of bookings leaves the books in order: Hypothesis makes the sequences.

A service may refuse (that is its work), but after every step the ledger sums to
zero, its sums agree, what is open agrees, and numbers have no gap.
`LEDGER_RUNS=500` looks longer, `LEDGER_SHRINK=1` for the shortest sequence that fails.
"""

import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from accounting.currencies import minor_unit
from accounting.selectors.reports import aged_balances
from accounting.services.allocations import AllocationInput, allocation_create, allocation_reverse
from accounting.services.credits import CreditedLine, document_credit
from accounting.services.documents import (
    document_create,
    document_delete,
    document_post,
    document_reverse,
    document_update,
)
from accounting.services.drafts import DocumentInput, LineInput
from accounting.services.journals import (
    JournalInput,
    JournalLineInput,
    journal_create,
    journal_delete,
    journal_post,
    journal_reverse,
)
from accounting.services.payments import (
    PaymentInput,
    payment_create,
    payment_delete,
    payment_post,
    payment_reverse,
)
from accounting.services.reference import account_update, settings_update
from core.errors import DomainError
from tests.accounting.books import open_books
from tests.accounting.invariants import SIDES, check_books, check_tables
from tests.core.raw import one, raw
from tests.database import connect

RUNS = int(os.environ.get("LEDGER_RUNS", "12"))
STEPS = int(os.environ.get("LEDGER_STEPS", "25"))

#: Two fiscal years and the days around their turn.
DAYS = [date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 28)]
ROLES = ["receivable", "payable", "sales", "bank", "tax"]
KINDS = ["invoice", "bill", "credit_note", "debit_note"]

BALANCE_ON = """
    SELECT coalesce(sum(d.debit - d.credit), 0) FROM accounting_accountday d
    JOIN accounting_account a ON a.id = d.account_id
    WHERE a.role = %s AND d.effective_on <= %s"""

days = st.sampled_from(DAYS)
small = st.integers(1, 400)
lines = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3", "0.5", "1.333", "-1"]),  # quantity
        small,  # price in minor units
        st.sampled_from(["0", "0", "10", "33.33"]),  # discount
        st.sampled_from(["none", "standard", "reduced", "inclusive"]),  # tax
    ),
    min_size=1,
    max_size=4,
)


class LedgerMachine(RuleBasedStateMachine):
    documents = Bundle("documents")
    payments = Bundle("payments")
    allocations = Bundle("allocations")
    journals = Bundle("journals")

    @initialize(
        currency=st.sampled_from(["GBP", "JPY", "KWD"]),
        rounding=st.sampled_from(["line", "document"]),
    )
    def open(self, currency: str, rounding: str) -> None:
        self.books = open_books(currency)
        self.watcher = connect("default")
        self.unit = minor_unit(currency)
        self.taxes: dict[str, UUID | None] = {
            "none": None,
            "standard": self.books.tax("S", "20"),
            "reduced": self.books.tax("R", "7.7"),
            "inclusive": self.books.tax("I", "19", is_inclusive=True),
        }
        settings_update(self.books.ctx, values={"tax_rounding": rounding})

    def attempt(self, service: Callable[..., Any], **arguments: Any) -> Any:
        """The service's answer, or None when it refuses."""
        try:
            return service(self.books.ctx, **arguments)
        except DomainError:
            return None

    def money(self, units: int) -> Decimal:
        return units * self.unit

    def line_inputs(self, wanted: list[Any]) -> list[LineInput]:
        return [
            LineInput(
                Decimal(quantity),
                self.money(price),
                discount_percent=Decimal(discount),
                tax_id=self.taxes[tax],
            )
            for quantity, price, discount, tax in wanted
        ]

    # --- documents ------------------------------------------------------------------

    @rule(target=documents, kind=st.sampled_from(KINDS), wanted=lines, day=days, post=st.booleans())
    def create_document(self, kind: str, wanted: list[Any], day: date, post: bool) -> Any:
        sales = kind in ("invoice", "credit_note")
        document = DocumentInput(
            kind=kind,
            contact_id=self.books.customer if sales else self.books.supplier,
            issued_on=day,
            lines=self.line_inputs(wanted),
        )
        made = self.attempt(document_create, document=document, post=post)
        return (kind, made.row["id"]) if made else multiple()

    @rule(which=documents, wanted=lines)
    def change_draft(self, which: tuple[str, UUID], wanted: list[Any]) -> None:
        changes = {"lines": self.line_inputs(wanted)}
        self.attempt(document_update, kind=which[0], document_id=which[1], changes=changes)

    @rule(which=documents)
    def post_document(self, which: tuple[str, UUID]) -> None:
        self.attempt(document_post, kind=which[0], document_id=which[1])

    @rule(which=documents, day=st.none() | days)
    def reverse_document(self, which: tuple[str, UUID], day: date | None) -> None:
        self.attempt(document_reverse, kind=which[0], document_id=which[1], effective_on=day)

    @rule(which=documents)
    def delete_draft(self, which: tuple[str, UUID]) -> None:
        self.attempt(document_delete, kind=which[0], document_id=which[1])

    @rule(
        target=documents,
        which=documents,
        chosen=st.lists(
            st.tuples(st.integers(1, 4), st.sampled_from([None, "1", "0.5", "-1"])), max_size=2
        ),
        day=st.none() | days,
    )
    def credit_document(self, which: tuple[str, UUID], chosen: list[Any], day: date | None) -> Any:
        assume(which[0] in ("invoice", "bill"))
        credited = [CreditedLine(p, q and Decimal(q)) for p, q in chosen]
        made = self.attempt(
            document_credit, kind=which[0], document_id=which[1], lines=credited, issued_on=day
        )
        return (made.row["kind"], made.row["id"]) if made else multiple()

    # --- payments and allocations ---------------------------------------------------

    @rule(
        target=payments,
        kind=st.sampled_from(["receipt", "disbursement"]),
        units=small,
        day=days,
        post=st.booleans(),
    )
    def pay(self, kind: str, units: int, day: date, post: bool) -> Any:
        contact = self.books.customer if kind == "receipt" else self.books.supplier
        payment = PaymentInput(kind, contact, day, self.money(units))
        made = self.attempt(payment_create, payment=payment, post=post)
        return made.id if made else multiple()

    @rule(target=payments, which=documents, units=small, day=days)
    def pay_a_document(self, which: tuple[str, UUID], units: int, day: date) -> Any:
        kind = "receipt" if which[0] == "invoice" else "disbursement"
        contact = self.books.customer if kind == "receipt" else self.books.supplier
        amount = self.money(units)
        payment = PaymentInput(kind, contact, day, amount, allocations=[(which[1], amount)])
        made = self.attempt(payment_create, payment=payment, post=True)
        return made.id if made else multiple()

    @rule(payment=payments)
    def post_payment(self, payment: UUID) -> None:
        self.attempt(payment_post, payment_id=payment)

    @rule(payment=payments, day=st.none() | days)
    def reverse_payment(self, payment: UUID, day: date | None) -> None:
        self.attempt(payment_reverse, payment_id=payment, effective_on=day)

    @rule(payment=payments)
    def delete_payment(self, payment: UUID) -> None:
        self.attempt(payment_delete, payment_id=payment)

    @rule(target=allocations, which=documents, payment=payments, units=small)
    def allocate_a_payment(self, which: tuple[str, UUID], payment: UUID, units: int) -> Any:
        return self.allocate(AllocationInput(which[1], self.money(units), payment_id=payment))

    @rule(target=allocations, which=documents, credit=documents, units=small)
    def allocate_a_credit(
        self, which: tuple[str, UUID], credit: tuple[str, UUID], units: int
    ) -> Any:
        return self.allocate(AllocationInput(which[1], self.money(units), credit_id=credit[1]))

    def allocate(self, wanted: AllocationInput) -> Any:
        made = self.attempt(allocation_create, allocation=wanted)
        return made.id if made else multiple()

    @rule(allocation=allocations, day=st.none() | days)
    def undo_an_allocation(self, allocation: UUID, day: date | None) -> None:
        self.attempt(allocation_reverse, allocation_id=allocation, effective_on=day)

    # --- journals -------------------------------------------------------------------

    @rule(
        target=journals,
        units=st.lists(st.integers(-400, 400), min_size=1, max_size=3),
        slip=st.sampled_from([0, 0, 0, 1]),
        roles=st.permutations(["bank", "3000", "sales", "purchases", "receivable"]),
        day=days,
        post=st.booleans(),
    )
    def write_a_journal(
        self, units: list[int], slip: int, roles: list[str], day: date, post: bool
    ) -> Any:
        amounts = [*units, slip - sum(units)]
        journal = JournalInput(
            day,
            [
                JournalLineInput(self.books.accounts[role], self.money(amount))
                for role, amount in zip(roles, amounts, strict=False)
            ],
        )
        made = self.attempt(journal_create, journal=journal, post=post)
        return made.id if made else multiple()

    @rule(journal=journals)
    def post_a_journal(self, journal: UUID) -> None:
        self.attempt(journal_post, journal_id=journal)

    @rule(journal=journals)
    def delete_a_journal(self, journal: UUID) -> None:
        self.attempt(journal_delete, journal_id=journal)

    @rule(target=journals, journal=journals, day=st.none() | days)
    def reverse_a_journal(self, journal: UUID, day: date | None) -> Any:
        made = self.attempt(journal_reverse, journal_id=journal, effective_on=day)
        return made.id if made else multiple()

    @rule(which=documents)
    def reverse_the_journals_of_a_document(self, which: tuple[str, UUID]) -> None:
        """Refused: it belongs to the document, and so does its reversal."""
        with raw(self.books.tenant_id) as connection:
            found = connection.execute(
                "SELECT journal_id, reversal_id FROM accounting_document WHERE id = %s", [which[1]]
            ).fetchone()
        for journal in found or ():
            if journal is not None:
                assert self.attempt(journal_reverse, journal_id=journal) is None

    # --- the chart of accounts ------------------------------------------------------

    @rule(
        role=st.sampled_from([*ROLES, "3000"]),
        values=st.sampled_from(
            [{"is_group": True}, {"is_active": False}, {"role": "receivable"}, {"role": ""}]
        ),
    )
    def change_an_account(self, role: str, values: dict[str, Any]) -> None:
        changed = self.attempt(
            account_update, account_id=self.books.accounts[role], values=dict(values)
        )
        if changed and values != {"role": "receivable"}:
            before = {"is_group": False, "is_active": True, "role": role if role in ROLES else ""}
            back = {name: before[name] for name in values}
            account_update(self.books.ctx, account_id=changed.id, values=back)

    # --- what always holds ----------------------------------------------------------

    @invariant()
    def tables_agree(self) -> None:
        if hasattr(self, "watcher"):
            with self.watcher.transaction():
                self.watcher.execute(f"SET LOCAL app.tenant_id = '{self.books.tenant_id}'")
                check_tables(self.watcher)

    def teardown(self) -> None:
        """At the end the reports are asked as well, about every day."""
        if not hasattr(self, "watcher"):
            return
        self.watcher.close()
        check_books(self.books)
        with raw(self.books.tenant_id) as connection:
            for side, (role, sign, _) in SIDES.items():
                for day in DAYS:
                    aged = aged_balances(self.books.ctx, side=side, as_of=day)["totals"]["total"]
                    assert aged == sign * one(connection, BALANCE_ON, role, day), (side, day)


def test_any_sequence_of_bookings_leaves_the_books_in_order() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            # Shrinking takes minutes; the steps of the first failure say enough.
            phases=tuple(Phase) if "LEDGER_SHRINK" in os.environ else (Phase.generate,),
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
