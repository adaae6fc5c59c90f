"""Documents by their services: drafts, numbers, credits, reversals, and what is refused."""

from contextlib import nullcontext
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from accounting.models import Account, Document, DocumentLine, Tax
from accounting.selectors.documents import document_get
from accounting.services.allocations import allocation_reverse
from accounting.services.credits import CreditedLine, document_credit
from accounting.services.documents import (
    document_create,
    document_delete,
    document_post,
    document_reverse,
    document_update,
    documents_create,
    documents_post,
)
from accounting.services.drafts import LINES_MAX, LineInput
from accounting.services.journals import journal_reverse
from accounting.services.reference import (
    account_update,
    contact_update,
    settings_update,
    tax_update,
)
from core.errors import Conflict, DomainError, Invalid, NotFound, StaleVersion
from core.ids import uuid7
from core.tenancy.transactions import rehearse
from tests.accounting.books import DAY, Books, counted, lines_of, open_books, stored
from tests.accounting.invariants import check_books


@pytest.fixture
def books() -> Books:
    return open_books()


def update(books: Books, document_id: UUID, expected: int | None = None, **changes: Any) -> Any:
    return document_update(
        books.ctx,
        kind="invoice",
        document_id=document_id,
        changes=changes,
        expected_version=expected,
    )


def credit(books: Books, document_id: UUID, *lines: CreditedLine, **values: Any) -> Any:
    return document_credit(
        books.ctx, kind="invoice", document_id=document_id, lines=lines, **values
    )


def reverse(books: Books, document_id: UUID, **values: Any) -> Any:
    return document_reverse(books.ctx, kind="invoice", document_id=document_id, **values)


# --- drafts -------------------------------------------------------------------------


def test_a_draft_is_not_in_the_books(books: Books) -> None:
    draft = books.document("10.00", post=False)
    assert (draft.row["number"], draft.journal) == (None, None)
    check_books(books)


def test_a_draft_is_changed_in_whole_or_in_part(books: Books) -> None:
    draft = books.document("10.00", post=False).row
    changed = update(books, draft["id"], reference="PO 7")
    assert (changed.row["reference"], changed.row["total"]) == ("PO 7", Decimal(10))
    lines = [LineInput(Decimal(3), Decimal("1.10"), "Pencils")]
    changed = update(books, draft["id"], lines=lines)
    assert (changed.row["reference"], changed.row["total"]) == ("PO 7", Decimal("3.30"))
    assert [line["description"] for line in changed.lines] == ["Pencils"]
    assert changed.row["version"] == draft["version"] + 2
    check_books(books)


def test_a_stale_version_is_refused(books: Books) -> None:
    draft = books.document("10.00", post=False).row
    update(books, draft["id"], draft["version"], reference="first")
    with pytest.raises(StaleVersion):
        update(books, draft["id"], draft["version"], reference="second")
    with pytest.raises(StaleVersion):
        document_delete(
            books.ctx, kind="invoice", document_id=draft["id"], expected_version=draft["version"]
        )


def test_a_draft_is_deleted_with_its_lines(books: Books) -> None:
    draft = books.document("10.00", "2.00", post=False).row["id"]
    document_delete(books.ctx, kind="invoice", document_id=draft)
    assert counted(books.ctx, Document) == counted(books.ctx, DocumentLine) == 0


def test_a_refused_change_leaves_the_draft_as_it_was(books: Books) -> None:
    draft = books.document("10.00", post=False).row
    with pytest.raises(Invalid):
        update(books, draft["id"], lines=[LineInput(Decimal(1), Decimal(-5))])
    found = document_get(books.ctx, kind="invoice", document_id=draft["id"])
    assert (found.row["total"], found.row["version"]) == (Decimal(10), draft["version"])


def test_what_is_posted_is_neither_changed_nor_deleted_nor_posted_again(books: Books) -> None:
    posted = books.document("10.00").row["id"]
    for attempt in (
        lambda: update(books, posted, reference="x"),
        lambda: document_delete(books.ctx, kind="invoice", document_id=posted),
        lambda: document_post(books.ctx, kind="invoice", document_id=posted),
    ):
        with pytest.raises(DomainError) as caught:
            attempt()
        assert caught.value.code == "NOT_DRAFT"


@pytest.mark.parametrize("kind", ["bill", "credit_note", "debit_note"])
def test_an_invoice_is_not_found_as_another_kind(books: Books, kind: str) -> None:
    draft = books.document("10.00", post=False).row["id"]
    for service in (document_post, document_delete, document_reverse):
        with pytest.raises(NotFound):
            service(books.ctx, kind=kind, document_id=draft)


def test_another_companys_document_is_not_found(books: Books) -> None:
    draft = open_books().document("10.00", post=False).row["id"]
    for service in (document_post, document_delete, document_reverse, document_credit):
        with pytest.raises(NotFound):
            service(books.ctx, kind="invoice", document_id=draft)


# --- posting and numbers ------------------------------------------------------------


def test_many_are_posted_in_the_order_given(books: Books) -> None:
    drafts = [books.document(f"{n}.00", post=False).row["id"] for n in range(1, 6)]
    wanted = [drafts[3], drafts[0], drafts[4]]
    posted = documents_post(books.ctx, kind="invoice", document_ids=wanted)
    assert [d.row["number"] for d in posted] == [f"INV-2026-0000{n}" for n in (1, 2, 3)]
    assert [d.row["id"] for d in posted] == wanted
    check_books(books)


def test_one_that_cannot_be_posted_stops_them_all(books: Books) -> None:
    drafts = [books.document("1.00", post=False).row["id"] for _ in range(3)]
    document_post(books.ctx, kind="invoice", document_id=drafts[1])
    with pytest.raises(DomainError):
        documents_post(books.ctx, kind="invoice", document_ids=drafts)
    assert [books.find_document(d).state for d in drafts] == ["draft", "posted", "draft"]
    check_books(books)


def test_a_rehearsed_posting_takes_no_number(books: Books) -> None:
    draft = books.document("10.00", post=False).row["id"]
    post = lambda: document_post(books.ctx, kind="invoice", document_id=draft)  # noqa: E731
    assert rehearse(books.ctx, post).row["number"] == "INV-2026-00001"
    assert books.find_document(draft).is_draft
    assert post().row["number"] == "INV-2026-00001"


def test_each_kind_has_its_own_numbers_and_control_account(books: Books) -> None:
    for kind, number, role, sign in (
        ("invoice", "INV-2026-00001", "receivable", 1),
        ("credit_note", "CN-2026-00001", "receivable", -1),
        ("bill", "BILL-2026-00001", "payable", -1),
        ("debit_note", "DN-2026-00001", "payable", 1),
    ):
        posted = books.document("10.00", kind=kind)
        assert posted.row["number"] == number
        assert posted.journal is not None
        control, other = lines_of(books.ctx, posted.journal["id"])
        assert (control.account_id, control.amount) == (books.accounts[role], sign * Decimal(10))
        assert control.contact_id is not None
        assert other.contact_id is None
    check_books(books)


def test_numbers_start_again_with_the_fiscal_year() -> None:
    """Years that begin on 6 April: the day before belongs to the year before."""
    books = open_books(fiscal_year_start_month=4, fiscal_year_start_day=6)
    days = [date(2026, 4, 5), date(2026, 4, 6), date(2027, 4, 5), date(2027, 4, 6)]
    numbers = [books.document("1.00", issued_on=day).row["number"] for day in days]
    assert numbers == ["INV-2025-00001", "INV-2026-00001", "INV-2026-00002", "INV-2027-00001"]
    check_books(books)


def test_a_batch_across_the_turn_of_the_year_takes_numbers_of_both(books: Books) -> None:
    days = [date(2026, 1, 1), date(2025, 12, 31), date(2026, 1, 2)]
    drafts = [books.draft("1.00", issued_on=day) for day in days]
    posted = documents_create(books.ctx, documents=drafts, post=True)
    assert [d.row["number"] for d in posted] == [
        "INV-2026-00001", "INV-2025-00001", "INV-2026-00002",
    ]  # fmt: skip
    check_books(books)


@pytest.mark.parametrize(
    ("currency", "price", "tax"), [("JPY", "999", "200"), ("KWD", "1.555", "0.311")]
)
def test_amounts_have_the_decimals_of_their_currency(currency: str, price: str, tax: str) -> None:
    books = open_books(currency)
    line = {"tax_id": books.tax("S", "20")}
    posted = books.document(price, line=line)
    assert (str(posted.row["net"]), str(posted.row["tax"])) == (price, tax)
    check_books(books)


def test_a_price_finer_than_the_currency_is_rounded_in_the_amount_only(books: Books) -> None:
    posted = document_create(
        books.ctx,
        document=books.draft(lines=[LineInput(Decimal(3), Decimal("0.335"))]),
        post=True,
    )
    assert posted.lines[0]["unit_price"] == Decimal("0.335")
    assert posted.row["total"] == Decimal("1.01")


def test_a_document_of_nothing_is_posted_and_paid(books: Books) -> None:
    posted = books.document("5.00", "-5.00")
    assert posted.row["total"] == 0
    assert books.find_document(posted.row["id"]).status == "paid"
    free = books.document("0")
    assert free.row["number"] == "INV-2026-00002"
    check_books(books)


@pytest.mark.parametrize("rounding", ["line", "document"])
@pytest.mark.parametrize("inclusive", [True, False])
def test_lines_add_up_to_groups_and_those_to_the_total(
    books: Books, rounding: str, inclusive: bool
) -> None:
    settings_update(books.ctx, values={"tax_rounding": rounding})
    line = {"tax_id": books.tax("S", "7.7", is_inclusive=inclusive)}
    posted = books.document("0.33", "0.33", "0.33", "1.99", "-0.05", line=line)
    assert sum(x["net"] for x in posted.lines) == posted.row["net"]
    assert sum(x["tax_amount"] for x in posted.lines) == posted.row["tax"]
    check_books(books)


# --- what is refused ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": [LineInput(Decimal(1), Decimal(1))] * (LINES_MAX + 1)}, "lines"),
        ({"lines": [LineInput(Decimal(1), Decimal(-1))]}, "lines"),
        ({"lines": [LineInput(Decimal(10) ** 7, Decimal(10) ** 6)]}, "lines"),
        ({"lines": [LineInput(Decimal(1), Decimal(9) * 10**12)] * 2}, "lines"),
        ({"lines": [LineInput(Decimal(1), Decimal(1), tax_id=uuid7())]}, "lines.0.tax_id"),
        ({"lines": [LineInput(Decimal(1), Decimal(1), account_id=uuid7())]}, "lines.0.account_id"),
        ({"contact_id": uuid7()}, "contact_id"),
        ({"due_on": DAY - timedelta(days=1)}, "due_on"),
    ],
)  # fmt: skip
def test_input_that_makes_no_sense_is_refused_by_its_field(
    books: Books, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        document_create(books.ctx, document=books.draft("1.00", **changes))
    assert [f.name for f in caught.value.fields] == [field]


@pytest.mark.parametrize("role", ["receivable", "payable"])
def test_a_line_does_not_post_to_a_control_account(books: Books, role: str) -> None:
    with pytest.raises(Invalid):
        books.document("10.00", line={"account_id": books.accounts[role]}, post=False)


@pytest.mark.parametrize("values", [{"is_group": True}, {"is_active": False}])
def test_a_closed_account_takes_no_postings(books: Books, values: dict[str, bool]) -> None:
    account = books.accounts["3000"]
    draft = books.document("10.00", line={"account_id": account}, post=False).row["id"]
    account_update(books.ctx, account_id=account, values=values)
    with pytest.raises(Invalid):
        books.document("10.00", line={"account_id": account}, post=False)
    with pytest.raises(Invalid):
        document_post(books.ctx, kind="invoice", document_id=draft)
    assert books.find_document(draft).is_draft


@pytest.mark.parametrize("role", ["sales", "receivable", "tax"])
@pytest.mark.parametrize("values", [{"is_group": True}, {"is_active": False}])
def test_a_closed_account_is_not_posted_to_by_its_role_either(
    books: Books, role: str, values: dict[str, bool]
) -> None:
    line = {"tax_id": books.tax("S", "20")}
    draft = books.document("10.00", line=line, post=False).row["id"]
    try:
        account_update(books.ctx, account_id=books.accounts[role], values=values)
    except DomainError:
        return  # refusing to close it is as good
    with pytest.raises(DomainError):
        document_post(books.ctx, kind="invoice", document_id=draft)
    with pytest.raises(DomainError):
        books.document("10.00", line=line)


def test_an_inactive_contact_gets_no_more_documents(books: Books) -> None:
    draft = books.document("10.00", post=False).row["id"]
    contact_update(books.ctx, contact_id=books.customer, values={"is_active": False})
    with pytest.raises(Invalid):
        books.document("10.00", post=False)
    with pytest.raises(Invalid):
        document_post(books.ctx, kind="invoice", document_id=draft)


@pytest.mark.parametrize(
    ("day", "valid"),
    [(date(2025, 12, 31), False), (date(2026, 1, 1), True), (date(2026, 6, 30), True),
     (date(2026, 7, 1), False)],
)  # fmt: skip
def test_a_tax_is_taken_from_its_first_to_its_last_valid_day(
    books: Books, day: date, valid: bool
) -> None:
    tax = books.tax("S", "20", valid_from=date(2026, 1, 1), valid_until=date(2026, 6, 30))
    with nullcontext() if valid else pytest.raises(Invalid):
        books.document("10.00", line={"tax_id": tax}, issued_on=day)


def test_lines_keep_the_rate_they_were_made_with(books: Books) -> None:
    tax = books.tax("S", "20")
    posted = books.document("10.00", line={"tax_id": tax}).row["id"]
    tax_update(books.ctx, tax_id=tax, values={"rate": Decimal(25)})
    found = document_get(books.ctx, kind="invoice", document_id=posted)
    assert found.lines[0]["tax_rate"] == Decimal(20)
    note = credit(books, posted)
    assert note.row["tax"] == Decimal(2)
    check_books(books)


def test_the_currency_does_not_change_under_a_draft(books: Books) -> None:
    draft = books.document("10.55", post=False).row["id"]
    with pytest.raises(Conflict):
        settings_update(books.ctx, values={"base_currency": "JPY"})
    document_post(books.ctx, kind="invoice", document_id=draft)
    check_books(books)


# --- credits ------------------------------------------------------------------------


def test_one_line_is_credited(books: Books) -> None:
    invoice = books.document("100.00", "30.00").row["id"]
    note = credit(books, invoice, CreditedLine(2))
    assert (note.row["total"], note.row["allocated"]) == (Decimal(30), Decimal(30))
    assert note.row["corrects_id"] == invoice
    assert books.find_document(invoice).outstanding == Decimal(100)
    check_books(books)


def test_part_of_a_line_is_credited_at_its_price_and_rate(books: Books) -> None:
    tax = books.tax("S", "20")
    lines = [LineInput(Decimal(4), Decimal("2.50"), tax_id=tax, discount_percent=Decimal(10))]
    invoice = document_create(books.ctx, document=books.draft(lines=lines), post=True).row["id"]
    note = credit(books, invoice, CreditedLine(1, Decimal(1)))
    assert (note.row["net"], note.row["tax"]) == (Decimal("2.25"), Decimal("0.45"))
    check_books(books)


def test_more_than_was_invoiced_is_not_credited(books: Books) -> None:
    invoice = books.document("100.00", "30.00").row["id"]
    credit(books, invoice, CreditedLine(1))
    with pytest.raises(Conflict):
        credit(books, invoice)
    credit(books, invoice, CreditedLine(2))
    with pytest.raises(DomainError):
        credit(books, invoice, CreditedLine(2))
    check_books(books)


@pytest.mark.parametrize("quantity", ["0", "-1", "4.01", "-4"])
def test_a_quantity_that_the_line_does_not_have_is_not_credited(
    books: Books, quantity: str
) -> None:
    lines = [LineInput(Decimal(4), Decimal(5)), LineInput(Decimal(4), Decimal(50))]
    invoice = document_create(books.ctx, document=books.draft(lines=lines), post=True).row["id"]
    with pytest.raises(Invalid):
        credit(books, invoice, CreditedLine(2), CreditedLine(1, Decimal(quantity)))


@pytest.mark.parametrize("lines", [[CreditedLine(3)], [CreditedLine(1), CreditedLine(1)]])
def test_lines_to_credit_are_named_once_and_exist(books: Books, lines: list[CreditedLine]) -> None:
    invoice = books.document("100.00", "30.00").row["id"]
    with pytest.raises(Invalid):
        credit(books, invoice, *lines)


def test_a_paid_invoice_is_credited_and_the_credit_stays_open(books: Books) -> None:
    invoice = books.document("100.00").row["id"]
    books.payment("100.00", allocations=[(invoice, Decimal(100))])
    note = credit(books, invoice)
    assert (note.row["allocated"], note.row["total"]) == (Decimal(0), Decimal(100))
    check_books(books)


def test_a_draft_and_a_reversed_document_are_not_credited(books: Books) -> None:
    draft, posted = books.document("1.00", post=False).row["id"], books.document("1.00").row["id"]
    reverse(books, posted)
    for document in (draft, posted):
        with pytest.raises(Conflict):
            credit(books, document)


def test_a_credit_is_not_dated_before_its_document(books: Books) -> None:
    invoice = books.document("100.00").row["id"]
    with pytest.raises(DomainError):
        credit(books, invoice, issued_on=DAY - timedelta(days=1))


# --- reversals ----------------------------------------------------------------------


def test_a_reversal_turns_every_sign_on_its_day(books: Books) -> None:
    posted = books.document("100.00", line={"tax_id": books.tax("S", "20")})
    assert posted.journal is not None
    reverse(books, posted.row["id"], effective_on=DAY + timedelta(days=3))
    found = books.find_document(posted.row["id"])
    assert (found.state, found.outstanding) == ("reversed", Decimal(0))
    assert found.reversal_id is not None
    before, after = (
        lines_of(books.ctx, posted.journal["id"]),
        lines_of(books.ctx, found.reversal_id),
    )
    assert [(x.account_id, -x.amount) for x in before] == [(x.account_id, x.amount) for x in after]
    assert {x.effective_on for x in after} == {DAY + timedelta(days=3)}
    check_books(books)


def test_what_is_settled_is_not_reversed_until_that_is_undone(books: Books) -> None:
    invoice, payment = books.document("100.00").row["id"], books.payment("100.00").id
    made = books.settle(invoice, "0.01", payment_id=payment)
    with pytest.raises(Conflict):
        reverse(books, invoice)
    allocation_reverse(books.ctx, allocation_id=made.id)
    reverse(books, invoice)
    check_books(books)


def test_a_credited_invoice_is_not_reversed_while_the_credit_stands(books: Books) -> None:
    invoice = books.document("100.00").row["id"]
    credit(books, invoice, CreditedLine(1))
    with pytest.raises(Conflict):
        reverse(books, invoice)


@pytest.mark.parametrize("post", [True, False])
def test_only_what_is_posted_is_reversed_and_once(books: Books, post: bool) -> None:
    document = books.document("1.00", post=post).row["id"]
    if post:
        reverse(books, document)
    with pytest.raises(Conflict):
        reverse(books, document)


def test_a_reversal_is_not_dated_before_what_it_reverses(books: Books) -> None:
    document = books.document("1.00").row["id"]
    with pytest.raises(Invalid):
        reverse(books, document, effective_on=DAY - timedelta(days=1))


def test_a_documents_journal_and_its_reversal_are_not_reversed_by_themselves(books: Books) -> None:
    posted = books.document("1.00")
    assert posted.journal is not None
    with pytest.raises(Conflict):
        journal_reverse(books.ctx, journal_id=posted.journal["id"])
    reverse(books, posted.row["id"])
    reversal = books.find_document(posted.row["id"]).reversal_id
    assert reversal is not None
    with pytest.raises(Conflict):
        journal_reverse(books.ctx, journal_id=reversal)
    check_books(books)


def test_a_tax_account_that_became_a_group_takes_no_tax(books: Books) -> None:
    tax = books.tax("S", "20", account_id=books.accounts["3000"])
    account_update(books.ctx, account_id=books.accounts["3000"], values={"is_group": True})
    with pytest.raises(DomainError):
        books.document("10.00", line={"tax_id": tax})
    assert stored(books.ctx, Account, books.accounts["3000"]).is_group


@pytest.mark.parametrize("role", ["receivable", "payable"])
def test_a_tax_does_not_collect_on_a_control_account(books: Books, role: str) -> None:
    with pytest.raises(Invalid):
        books.tax("S", "20", account_id=books.accounts[role])
    assert counted(books.ctx, Tax) == 0
