"""Attacks on documents, payments and allocations with raw SQL, as the application and as owner."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from accounting.services.allocations import allocation_reverse
from accounting.services.documents import document_reverse
from accounting.services.payments import payment_reverse
from core.ids import uuid7
from tests.accounting.books import DAY, Books, open_books
from tests.accounting.invariants import check_tables
from tests.accounting.test_journals_db import waits_for_a_lock
from tests.core.raw import Connection, one, raw, refused

BOTH_ROLES = pytest.mark.parametrize("alias", ["default", "owner"])


@pytest.fixture
def books() -> Books:
    opened = open_books()
    opened.journal("1.00", "-1.00")  # one that belongs to nothing, for `post_by_hand`
    return opened


def invoice(books: Books, *amounts: str, **values: Any) -> UUID:
    found: UUID = books.document(*(amounts or ("100.00",)), **values).row["id"]
    return found


def receipt(books: Books, amount: str = "100.00", **values: Any) -> UUID:
    return books.payment(amount, **values).id


def post_by_hand(connection: Connection, table: str, record_id: UUID, **also: str) -> None:
    """What the booking does, in one UPDATE with a journal and a number made up."""
    journal = also.pop("journal_id", "(SELECT id FROM accounting_journal ORDER BY id LIMIT 1)")
    extra = "".join(f", {column} = {value}" for column, value in also.items())
    connection.execute(
        f"UPDATE {table} SET state = 'posted', number = 'X-1', sequence = 900001,"
        " series_id = (SELECT id FROM accounting_series LIMIT 1), posted_at = now(),"
        f" journal_id = {journal}{extra} WHERE id = %s",
        [record_id],
    )


def allocate(
    connection: Connection, books: Books, document_id: UUID, amount: str, **values: Any
) -> UUID:
    made = uuid7()
    connection.execute(
        "INSERT INTO accounting_allocation (tenant_id, id, document_id, payment_id, credit_id,"
        " effective_on, amount, reverses_id, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now())",
        [
            books.tenant_id,
            made,
            document_id,
            values.get("payment_id"),
            values.get("credit_id"),
            DAY,
            amount,
            values.get("reverses_id"),
        ],
    )
    return made


# --- documents ----------------------------------------------------------------------


@BOTH_ROLES
@pytest.mark.parametrize(
    "change", ["net = net + 1, total = total + 1", "tax = tax + 1, total = total + 1"]
)
def test_a_document_that_differs_from_its_lines_is_not_posted(
    books: Books, alias: str, change: str
) -> None:
    invoice(books)
    draft = invoice(books, post=False)
    with refused("accounting_document_adds_up"), raw(books.tenant_id, alias) as connection:
        connection.execute(f"UPDATE accounting_document SET {change} WHERE id = %s", [draft])
        post_by_hand(connection, "accounting_document", draft)


@BOTH_ROLES
def test_a_total_is_net_and_tax(books: Books, alias: str) -> None:
    draft = invoice(books, post=False)
    with refused("accounting_document_total"), raw(books.tenant_id, alias) as connection:
        connection.execute(
            "UPDATE accounting_document SET total = total + 1 WHERE id = %s", [draft]
        )


BORN = (
    "INSERT INTO accounting_document SELECT (jsonb_populate_record(d, jsonb_build_object("
    "'id', %(id)s::uuid, 'sequence', 900001, 'journal_id', %(journal_id)s::uuid)"
    " || %(also)s::jsonb)).* FROM accounting_document d WHERE d.id = %(existing)s"
)
LINES_OF_BORN = (
    "INSERT INTO accounting_documentline SELECT (jsonb_populate_record(l, jsonb_build_object("
    "'id', gen_random_uuid(), 'document_id', %(id)s::uuid))).* FROM accounting_documentline l"
    " WHERE l.document_id = %(existing)s AND l.position > %(lines_after)s"
)
LINE_OF_NOTHING = (
    "INSERT INTO accounting_documentline SELECT (jsonb_populate_record(l, jsonb_build_object("
    "'id', gen_random_uuid(), 'position', 9, 'net', 0, 'tax_amount', 0))).*"
    " FROM accounting_documentline l WHERE l.document_id = %(id)s LIMIT 1"
)
TOUCHED = "WITH touched AS (UPDATE accounting_document SET version = version + 1 WHERE id = %(id)s)"


def born(books: Books, *, also: str = "{}", lines_after: int = 0) -> dict[str, Any]:
    """A copy of a posted invoice of two lines, posted in the statement that makes it."""
    journal_id = books.journal("1.00", "-1.00").id
    existing = invoice(books, "60.00", "40.00")
    return {"id": uuid7(), "journal_id": journal_id, "existing": existing, "also": also,
            "lines_after": lines_after}  # fmt: skip


@BOTH_ROLES
def test_a_document_is_posted_by_the_statement_that_inserts_it_with_its_lines(
    books: Books, alias: str
) -> None:
    made = born(books)
    with raw(books.tenant_id, alias) as connection:
        connection.execute(f"WITH lines AS ({LINES_OF_BORN}) {BORN}", made)
        assert one(connection, "SELECT state FROM accounting_document WHERE id = %s", made["id"])


@BOTH_ROLES
def test_a_document_is_not_posted_without_its_lines(books: Books, alias: str) -> None:
    made = born(books)
    with refused("accounting_document_adds_up"), raw(books.tenant_id, alias) as connection:
        connection.execute(BORN, made)


@BOTH_ROLES
def test_a_document_is_not_posted_with_some_of_its_lines(books: Books, alias: str) -> None:
    made = born(books, lines_after=1)
    with refused("accounting_document_adds_up"), raw(books.tenant_id, alias) as connection:
        connection.execute(f"WITH lines AS ({LINES_OF_BORN}) {BORN}", made)


@BOTH_ROLES
@pytest.mark.parametrize(
    "also", ['{"allocated": 100.00}', '{"state": "reversed"}', '{"version": 2}']
)
def test_a_document_is_not_born_settled_reversed_or_changed(
    books: Books, alias: str, also: str
) -> None:
    made = born(books, also=also)
    with refused("accounting_document_born_open"), raw(books.tenant_id, alias) as connection:
        connection.execute(f"WITH lines AS ({LINES_OF_BORN}) {BORN}", made)


@BOTH_ROLES
@pytest.mark.parametrize("touched", ["", TOUCHED])
def test_a_document_that_was_born_posted_takes_no_more_lines(
    books: Books, alias: str, touched: str
) -> None:
    """Not in the transaction that made it, and not in a statement that touches it as well."""
    made = born(books)
    with refused("accounting_document_immutable"), raw(books.tenant_id, alias) as connection:
        connection.execute(f"WITH lines AS ({LINES_OF_BORN}) {BORN}", made)
        connection.execute(f"{touched} {LINE_OF_NOTHING}", made)


@BOTH_ROLES
def test_lines_are_not_smuggled_in_under_a_version_that_does_not_rise(
    books: Books, alias: str
) -> None:
    """A posted document of version 1 that is written again as version 1 would look like new."""
    posted = invoice(books)
    again = TOUCHED.replace("version + 1", "1")
    with refused("accounting_document_immutable"), raw(books.tenant_id, alias) as connection:
        connection.execute(f"{again} {LINE_OF_NOTHING}", {"id": posted})


@BOTH_ROLES
@pytest.mark.parametrize("table", ["document", "payment"])
def test_nothing_is_settled_while_it_is_a_draft_or_as_it_is_posted(
    books: Books, alias: str, table: str
) -> None:
    """Else an invoice would be paid without a payment."""
    invoice(books)
    draft = invoice(books, post=False) if table == "document" else receipt(books, post=False)
    with refused(f"accounting_{table}_born_open"), raw(books.tenant_id, alias) as connection:
        connection.execute(
            f"UPDATE accounting_{table} SET allocated = 100.00 WHERE id = %s", [draft]
        )
    with refused(f"accounting_{table}_born_open"), raw(books.tenant_id, alias) as connection:
        post_by_hand(connection, f"accounting_{table}", draft, allocated="100.00")


@BOTH_ROLES
@pytest.mark.parametrize("table", ["document", "payment"])
def test_a_draft_does_not_become_reversed(books: Books, alias: str, table: str) -> None:
    invoice(books)
    draft = invoice(books, post=False) if table == "document" else receipt(books, post=False)
    with refused(f"accounting_{table}_born_open"), raw(books.tenant_id, alias) as connection:
        connection.execute(
            f"UPDATE accounting_{table} SET state = 'reversed', number = 'X', sequence = 900001,"
            " posted_at = now(), journal_id = j.id, reversal_id = j.id"
            f" FROM accounting_journal j WHERE accounting_{table}.id = %s",
            [draft],
        )


@BOTH_ROLES
@pytest.mark.parametrize(
    "change",
    [
        "net = net + 1, total = total + 1",
        "contact_id = (SELECT id FROM accounting_contact WHERE is_supplier)",
        "issued_on = issued_on + 1",
        "due_on = due_on + 1",
        "currency = 'USD'",
        "number = 'X'",
        "sequence = sequence + 1",
        "kind = 'bill'",
        "journal_id = (SELECT id FROM accounting_journal WHERE narration <> '')",
        "posted_at = now()",
        "created_at = now()",
        "id = gen_random_uuid()",
        "narration = 'x'",
        "reference = 'x'",
        "corrects_id = id",
        "allocated = 1",
        "allocated = total",
        "state = 'draft'",
        "state = 'draft', number = NULL, sequence = NULL, journal_id = NULL, posted_at = NULL",
    ],
)
def test_a_posted_document_never_changes(books: Books, alias: str, change: str) -> None:
    posted = invoice(books)
    with refused("accounting_document_immutable"), raw(books.tenant_id, alias) as connection:
        connection.execute(f"UPDATE accounting_document SET {change} WHERE id = %s", [posted])


@BOTH_ROLES
def test_a_posted_document_is_never_deleted(books: Books, alias: str) -> None:
    posted = invoice(books)
    with refused("accounting_document_immutable"), raw(books.tenant_id, alias) as connection:
        connection.execute("DELETE FROM accounting_document WHERE id = %s", [posted])


@BOTH_ROLES
def test_a_reversed_document_stays_reversed(books: Books, alias: str) -> None:
    posted = invoice(books)
    document_reverse(books.ctx, kind="invoice", document_id=posted)
    for change in ("state = 'posted', reversal_id = NULL", "reversal_id = journal_id"):
        with refused("accounting_document_immutable"), raw(books.tenant_id, alias) as connection:
            connection.execute(f"UPDATE accounting_document SET {change} WHERE id = %s", [posted])


@BOTH_ROLES
def test_a_document_is_not_called_reversed_without_a_reversal(books: Books, alias: str) -> None:
    posted = invoice(books)
    with refused("accounting_document_reversed"), raw(books.tenant_id, alias) as connection:
        connection.execute(
            "UPDATE accounting_document SET state = 'reversed', version = version + 1"
            " WHERE id = %s",
            [posted],
        )


@BOTH_ROLES
def test_lines_of_a_posted_document_are_neither_added_nor_deleted(books: Books, alias: str) -> None:
    posted = invoice(books)
    copy = (
        "INSERT INTO accounting_documentline SELECT (jsonb_populate_record(l, jsonb_build_object("
        "'id', gen_random_uuid(), 'position', 9))).* FROM accounting_documentline l"
        " WHERE document_id = %s"
    )
    for attack in (copy, "DELETE FROM accounting_documentline WHERE document_id = %s"):
        with refused("accounting_document_immutable"), raw(books.tenant_id, alias) as connection:
            connection.execute(attack, [posted])


def test_lines_of_a_document_are_never_updated(books: Books) -> None:
    draft = invoice(books, post=False)
    update = "UPDATE accounting_documentline SET net = 1 WHERE document_id = %s"
    with refused("42501"), raw(books.tenant_id) as connection:
        connection.execute(update, [draft])
    with refused("accounting_append_only"), raw(books.tenant_id, "owner") as connection:
        connection.execute(update, [draft])


def test_a_line_that_races_with_the_posting_is_seen_or_refused(books: Books) -> None:
    invoice(books)
    draft = invoice(books, post=False)
    delete = "DELETE FROM accounting_documentline WHERE document_id = %s"
    with raw(books.tenant_id) as deleting, raw(books.tenant_id) as posting, raw() as watcher:
        post_by_hand(posting, "accounting_document", draft)
        with ThreadPoolExecutor(1) as pool:
            deleted = pool.submit(deleting.execute, delete, [draft])
            assert waits_for_a_lock(watcher, deleting.info.backend_pid)
            posting.execute("COMMIT")
            with refused("accounting_document_immutable"):
                deleted.result(5)
        deleting.execute("ROLLBACK")


# --- payments -----------------------------------------------------------------------


@BOTH_ROLES
@pytest.mark.parametrize(
    "change",
    [
        "amount = amount + 1",
        "contact_id = (SELECT id FROM accounting_contact WHERE is_supplier)",
        "account_id = (SELECT id FROM accounting_account WHERE code = '3000')",
        "paid_on = paid_on + 1",
        "kind = 'disbursement'",
        "number = 'X'",
        "allocated = amount",
        "allocated = 0.01",
        "state = 'draft'",
    ],
)
def test_a_posted_payment_never_changes(books: Books, alias: str, change: str) -> None:
    posted = receipt(books)
    with refused("accounting_payment_immutable"), raw(books.tenant_id, alias) as connection:
        connection.execute(f"UPDATE accounting_payment SET {change} WHERE id = %s", [posted])


@BOTH_ROLES
def test_a_posted_payment_is_never_deleted(books: Books, alias: str) -> None:
    posted = receipt(books)
    with refused("accounting_payment_immutable"), raw(books.tenant_id, alias) as connection:
        connection.execute("DELETE FROM accounting_payment WHERE id = %s", [posted])


@BOTH_ROLES
@pytest.mark.parametrize("amount", ["0", "-5.00"])
def test_a_payment_is_of_more_than_nothing(books: Books, alias: str, amount: str) -> None:
    draft = receipt(books, post=False)
    with refused("23514"), raw(books.tenant_id, alias) as connection:
        connection.execute(
            f"UPDATE accounting_payment SET amount = {amount} WHERE id = %s", [draft]
        )


# --- allocations --------------------------------------------------------------------


@BOTH_ROLES
def test_an_honest_allocation_moves_both_sides(books: Books, alias: str) -> None:
    document_id, payment_id = invoice(books), receipt(books)
    with raw(books.tenant_id, alias) as connection:
        allocate(connection, books, document_id, "40.00", payment_id=payment_id)
    assert books.find_document(document_id).allocated == Decimal(40)
    assert books.find_payment(payment_id).allocated == Decimal(40)


@BOTH_ROLES
def test_more_than_is_open_is_refused(books: Books, alias: str) -> None:
    document_id, payment_id = invoice(books, "100.00"), receipt(books, "500.00")
    with refused("accounting_document_allocated"), raw(books.tenant_id, alias) as connection:
        allocate(connection, books, document_id, "100.01", payment_id=payment_id)


@BOTH_ROLES
def test_more_than_was_paid_is_refused(books: Books, alias: str) -> None:
    document_id, payment_id = invoice(books, "500.00"), receipt(books, "100.00")
    with refused("accounting_payment_allocated"), raw(books.tenant_id, alias) as connection:
        allocate(connection, books, document_id, "100.01", payment_id=payment_id)


@BOTH_ROLES
def test_a_payment_does_not_settle_another_contacts_document(books: Books, alias: str) -> None:
    document_id = invoice(books)
    payment_id = receipt(books, contact_id=books.supplier)
    with refused("accounting_allocation_fits"), raw(books.tenant_id, alias) as connection:
        allocate(connection, books, document_id, "10.00", payment_id=payment_id)


@BOTH_ROLES
@pytest.mark.parametrize(
    ("document", "payment"),
    [
        ({"kind": "invoice"}, {"kind": "disbursement"}),
        ({"kind": "bill"}, {"kind": "receipt"}),
        ({"kind": "credit_note"}, {"kind": "receipt"}),
        ({"kind": "debit_note"}, {"kind": "disbursement"}),
        ({"kind": "invoice", "post": False}, {"kind": "receipt"}),
        ({"kind": "invoice"}, {"kind": "receipt", "post": False}),
    ],
)
def test_only_what_belongs_together_is_allocated(
    books: Books, alias: str, document: dict[str, Any], payment: dict[str, Any]
) -> None:
    document_id = invoice(books, contact_id=books.customer, **document)
    payment_id = receipt(books, contact_id=books.customer, **payment)
    with refused("accounting_allocation_fits"), raw(books.tenant_id, alias) as connection:
        allocate(connection, books, document_id, "10.00", payment_id=payment_id)


@BOTH_ROLES
def test_a_reversed_payment_settles_nothing(books: Books, alias: str) -> None:
    document_id, payment_id = invoice(books), receipt(books)
    payment_reverse(books.ctx, payment_id=payment_id)
    with refused("accounting_allocation_fits"), raw(books.tenant_id, alias) as connection:
        allocate(connection, books, document_id, "10.00", payment_id=payment_id)


@BOTH_ROLES
def test_an_invoice_does_not_credit_an_invoice(books: Books, alias: str) -> None:
    first, second = invoice(books), invoice(books)
    with refused("accounting_allocation_fits"), raw(books.tenant_id, alias) as connection:
        allocate(connection, books, first, "10.00", credit_id=second)
    with refused(), raw(books.tenant_id, alias) as connection:
        allocate(connection, books, first, "10.00", credit_id=first)


@BOTH_ROLES
def test_an_allocation_has_exactly_one_source(books: Books, alias: str) -> None:
    document_id, payment_id = invoice(books), receipt(books)
    note = invoice(books, kind="credit_note")
    for source in ({}, {"payment_id": payment_id, "credit_id": note}):
        with refused(), raw(books.tenant_id, alias) as connection:
            allocate(connection, books, document_id, "10.00", **source)


@BOTH_ROLES
@pytest.mark.parametrize("amount", ["0", "-10.00"])
def test_an_allocation_is_positive_unless_it_undoes_one(
    books: Books, alias: str, amount: str
) -> None:
    document_id, payment_id = invoice(books), receipt(books)
    books.settle(document_id, "50.00", payment_id=payment_id)
    with refused("accounting_allocation_amount"), raw(books.tenant_id, alias) as connection:
        allocate(connection, books, document_id, amount, payment_id=payment_id)


@BOTH_ROLES
def test_an_allocation_is_undone_in_whole_on_the_same_two_records_and_once(
    books: Books, alias: str
) -> None:
    document_id, payment_id, other = invoice(books), receipt(books), receipt(books)
    made = books.settle(document_id, "50.00", payment_id=payment_id).id
    books.settle(document_id, "50.00", payment_id=other)
    for amount, payment in (("-10.00", payment_id), ("-50.00", other)):
        with refused("accounting_allocation_fits"), raw(books.tenant_id, alias) as connection:
            allocate(connection, books, document_id, amount, payment_id=payment, reverses_id=made)
    allocation_reverse(books.ctx, allocation_id=made)
    with refused("accounting_allocation_undone"), raw(books.tenant_id, alias) as connection:
        allocate(connection, books, document_id, "-50.00", payment_id=payment_id, reverses_id=made)


def test_allocations_are_never_changed_or_deleted(books: Books) -> None:
    document_id, payment_id = invoice(books), receipt(books)
    made = books.settle(document_id, "50.00", payment_id=payment_id).id
    for attack in (
        "UPDATE accounting_allocation SET amount = 1 WHERE id = %s",
        "UPDATE accounting_allocation SET effective_on = effective_on - 9 WHERE id = %s",
        "DELETE FROM accounting_allocation WHERE id = %s",
    ):
        with refused("42501"), raw(books.tenant_id) as connection:
            connection.execute(attack, [made])
        with refused("accounting_append_only"), raw(books.tenant_id, "owner") as connection:
            connection.execute(attack, [made])


def test_two_raw_allocations_that_race_never_settle_more_than_there_is(books: Books) -> None:
    document_id = invoice(books, "100.00")
    first, second = receipt(books, "80.00"), receipt(books, "80.00")
    with raw(books.tenant_id) as one_side, raw(books.tenant_id) as other, raw() as watcher:
        allocate(one_side, books, document_id, "80.00", payment_id=first)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(allocate, other, books, document_id, "80.00", payment_id=second)
            assert waits_for_a_lock(watcher, other.info.backend_pid)
            one_side.execute("COMMIT")
            with refused("accounting_document_allocated"):
                waiting.result(5)
        other.execute("ROLLBACK")


@pytest.mark.parametrize(
    "table",
    [
        "accounting_document",
        "accounting_documentline",
        "accounting_payment",
        "accounting_allocation",
    ],
)
def test_nothing_that_was_booked_is_truncated(books: Books, table: str) -> None:
    books.settle(invoice(books), "10.00", payment_id=receipt(books))
    with refused("42501"), raw(books.tenant_id) as connection:
        connection.execute(f"TRUNCATE {table} CASCADE")
    with refused("accounting_append_only"), raw(books.tenant_id, "owner") as connection:
        connection.execute(f"TRUNCATE {table} CASCADE")


def test_temporary_tables_deceive_no_document(books: Books) -> None:
    """`pg_temp` is searched first; forged allocations in it must not pay an invoice."""
    document_id = invoice(books)
    with refused("42501"), raw(books.tenant_id) as connection:
        connection.execute("CREATE TEMP TABLE accounting_allocation (id uuid)")
    # The owner may make one; the trigger does not look at it.
    with refused("accounting_document_immutable"), raw(books.tenant_id, "owner") as connection:
        connection.execute(
            "CREATE TEMP TABLE accounting_allocation (LIKE public.accounting_allocation)"
        )
        connection.execute(
            "INSERT INTO pg_temp.accounting_allocation (tenant_id, id, document_id, amount,"
            " effective_on, created_at) VALUES (%s, gen_random_uuid(), %s, 100, now(), now())",
            [books.tenant_id, document_id],
        )
        connection.execute(
            "UPDATE accounting_document SET allocated = 100 WHERE id = %s", [document_id]
        )


@BOTH_ROLES
def test_a_journal_belongs_to_one_document_and_one_payment(books: Books, alias: str) -> None:
    invoice(books)
    for table, make in (("document", invoice), ("payment", receipt)):
        taken = f"(SELECT journal_id FROM accounting_{table} WHERE id = '{make(books)}')"
        draft = make(books, post=False)
        rule = f"accounting_{table}_journal"
        with refused(rule), raw(books.tenant_id, alias) as connection:
            post_by_hand(connection, f"accounting_{table}", draft, journal_id=taken)


# --- what the database does not enforce, stated so that nobody believes otherwise ----


@pytest.mark.parametrize("table", ["document", "payment"])
def test_that_a_journal_says_the_same_as_its_document_is_the_services_work(
    books: Books, table: str
) -> None:
    """Raw SQL can post a document with any journal that no other document has."""
    invoice(books)
    draft = invoice(books, post=False) if table == "document" else receipt(books, post=False)
    with raw(books.tenant_id) as connection:
        post_by_hand(connection, f"accounting_{table}", draft)
    contradicted(books, f"a {table} differs from its journal")


def test_that_a_reversal_reverses_is_the_services_work(books: Books) -> None:
    posted = invoice(books)
    with raw(books.tenant_id) as connection:
        connection.execute(
            "UPDATE accounting_document SET state = 'reversed', version = 2, reversal_id ="
            " (SELECT id FROM accounting_journal ORDER BY id LIMIT 1) WHERE id = %s",
            [posted],
        )
    contradicted(books, "a reversed record is not linked")


def contradicted(books: Books, what: str) -> None:
    with raw(books.tenant_id) as connection, pytest.raises(AssertionError, match=what):
        check_tables(connection)
