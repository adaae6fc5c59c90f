"""Attacks on journals with raw SQL: the database refuses, whoever asks.

Every attack runs as the application's role and as the owner of the tables; what
privileges stop for the one, triggers stop for the other.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from accounting.services.documents import document_reverse
from core.ids import uuid7
from tests.accounting.books import DAY, Books, open_books
from tests.core.raw import Connection, one, raw, refused, rows

BOTH_ROLES = pytest.mark.parametrize("alias", ["default", "owner"])
POST = (
    "UPDATE accounting_journal SET state = 'posted', number = 'X-1', sequence = s.next_number,"
    " series_id = s.id, posted_at = now() FROM accounting_series s"
    " WHERE s.kind = 'journal' AND accounting_journal.id = %s"
)


@pytest.fixture
def books() -> Books:
    opened = open_books()
    opened.journal("1.00", "-1.00")  # so that there is a series
    return opened


def draft(books: Books, *amounts: str) -> UUID:
    return books.journal(*amounts, post=False).id


def add_line(
    connection: Connection, books: Books, journal_id: UUID, amount: str, **values: Any
) -> None:
    connection.execute(
        "INSERT INTO accounting_journalline"
        " (tenant_id, id, journal_id, position, account_id, effective_on, amount, memo)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, '')",
        [
            books.tenant_id,
            uuid7(),
            journal_id,
            values.get("position", 9),
            values.get("account_id", books.accounts["sales"]),
            values.get("effective_on", DAY),
            amount,
        ],
    )


# --- posting ------------------------------------------------------------------------


@BOTH_ROLES
def test_a_balanced_draft_may_be_posted_by_an_update(books: Books, alias: str) -> None:
    journal_id = draft(books, "10.00", "-10.00")
    with raw(books.tenant_id, alias) as connection:
        connection.execute(POST, [journal_id])
    with raw(books.tenant_id) as connection:
        assert (
            one(connection, "SELECT state FROM accounting_journal WHERE id = %s", journal_id)
            == "posted"
        )


@BOTH_ROLES
@pytest.mark.parametrize("difference", ["0.01", "0.000001", "-0.000000000000000001"])
def test_the_smallest_difference_is_refused(books: Books, alias: str, difference: str) -> None:
    journal_id = draft(books, "10.00", "-10.00")
    with refused("accounting_journal_balanced"), raw(books.tenant_id, alias) as connection:
        add_line(connection, books, journal_id, difference)
        connection.execute(POST, [journal_id])


@BOTH_ROLES
def test_a_journal_without_lines_is_refused(books: Books, alias: str) -> None:
    journal_id = draft(books, "10.00", "-10.00")
    with refused("accounting_journal_balanced"), raw(books.tenant_id, alias) as connection:
        connection.execute("DELETE FROM accounting_journalline WHERE journal_id = %s", [journal_id])
        connection.execute(POST, [journal_id])


@BOTH_ROLES
def test_a_line_of_another_day_is_refused(books: Books, alias: str) -> None:
    journal_id = draft(books, "10.00", "-10.00")
    with refused("accounting_journal_balanced"), raw(books.tenant_id, alias) as connection:
        connection.execute(
            "UPDATE accounting_journal SET effective_on = '2026-03-03' WHERE id = %s", [journal_id]
        )
        connection.execute(POST, [journal_id])


@BOTH_ROLES
def test_one_unbalanced_journal_of_many_stops_them_all(books: Books, alias: str) -> None:
    good, bad = draft(books, "10.00", "-10.00"), draft(books, "10.00", "-9.99")
    with refused("accounting_journal_balanced"), raw(books.tenant_id, alias) as connection:
        connection.execute(
            "UPDATE accounting_journal SET state = 'posted', number = id::text, posted_at = now(),"
            " sequence = 900000 + (id = %s)::int,"
            " series_id = (SELECT id FROM accounting_series LIMIT 1) WHERE id = ANY(%s)",
            [good, [good, bad]],
        )


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_posting_under_an_older_snapshot_is_refused(books: Books, isolation: str) -> None:
    """It could miss a line that was committed meanwhile."""
    journal_id = draft(books, "10.00", "-10.00")
    with (
        refused("accounting_journal_isolation"),
        raw(books.tenant_id, isolation=isolation) as connection,
    ):
        connection.execute(POST, [journal_id])


BORN = (
    "INSERT INTO accounting_journal (tenant_id, id, state, effective_on, narration, reference,"
    " series_id, sequence, number, created_at, posted_at, version) SELECT tenant_id, %(id)s,"
    " 'posted', %(day)s, '', '', id, next_number, 'X', now(), now(), 1 FROM accounting_series"
    " WHERE kind = 'journal'"
)
LINES_OF_BORN = (
    "INSERT INTO accounting_journalline (tenant_id, id, journal_id, position, account_id,"
    " effective_on, amount, memo) SELECT tenant_id, gen_random_uuid(), %(id)s, position,"
    " account_id, effective_on, amount + %(more)s, '' FROM accounting_journalline"
    " WHERE journal_id = %(existing)s AND position <= %(lines)s"
)


def born(books: Books, *, lines: int = 2, more: str = "0") -> dict[str, Any]:
    """A copy of a posted journal of two lines, posted in the statement that makes it."""
    existing = books.journal("10.00", "-10.00").id
    return {"id": uuid7(), "day": DAY, "existing": existing, "lines": lines, "more": more}


@BOTH_ROLES
def test_a_journal_is_posted_by_the_statement_that_inserts_it_with_its_lines(
    books: Books, alias: str
) -> None:
    made = born(books)
    day = (
        "SELECT debit FROM accounting_accountday WHERE account_id = (SELECT account_id"
        " FROM accounting_journalline WHERE journal_id = %s AND amount > 0)"
    )
    with raw(books.tenant_id, alias) as connection:
        before = one(connection, day, made["existing"])
        connection.execute(f"WITH lines AS ({LINES_OF_BORN}) {BORN}", made)
        assert one(connection, day, made["existing"]) == before + 10


@BOTH_ROLES
@pytest.mark.parametrize(("lines", "more"), [(0, "0"), (1, "0"), (2, "0.01")])
def test_a_journal_is_not_posted_by_its_insert_unless_it_balances(
    books: Books, alias: str, lines: int, more: str
) -> None:
    made = born(books, lines=lines, more=more)
    with refused("accounting_journal_balanced"), raw(books.tenant_id, alias) as connection:
        connection.execute(f"WITH lines AS ({LINES_OF_BORN}) {BORN}", made)


@BOTH_ROLES
def test_a_journal_that_was_born_posted_takes_no_more_lines(books: Books, alias: str) -> None:
    """Not even a balanced pair, in the transaction that made it."""
    made = born(books)
    pair = LINES_OF_BORN.replace("%(id)s, position,", "%(id)s, (position + 5)::smallint,")
    with refused("accounting_journal_immutable"), raw(books.tenant_id, alias) as connection:
        connection.execute(f"WITH lines AS ({LINES_OF_BORN}) {BORN}", made)
        connection.execute(pair, made)


@BOTH_ROLES
def test_what_is_added_while_a_draft_is_posted_is_weighed_with_it(books: Books, alias: str) -> None:
    """One statement posts a draft and adds to it: both together balance, or neither is there."""
    journal_id = draft(books, "10.00", "-10.00")
    add = (
        "INSERT INTO accounting_journalline (tenant_id, id, journal_id, position, account_id,"
        " effective_on, amount, memo) SELECT tenant_id, gen_random_uuid(), journal_id, 9::smallint,"
        " account_id, effective_on, 5, '' FROM accounting_journalline"
        f" WHERE journal_id = '{journal_id}' LIMIT 1"
    )
    with refused("accounting_journal_balanced"), raw(books.tenant_id, alias) as connection:
        connection.execute(f"WITH added AS ({add}) {POST}", [journal_id])


@BOTH_ROLES
@pytest.mark.parametrize(
    "statement",
    [
        (
            "INSERT INTO accounting_journal"
            " (tenant_id, id, state, effective_on, narration, reference,"
            " created_at, version) SELECT tenant_id, id, 'draft', effective_on, '', '', now(), 1"
            " FROM accounting_journal WHERE id = %(id)s ON CONFLICT (tenant_id, id) DO UPDATE"
            " SET state = 'posted', number = 'X', sequence = 900001, posted_at = now(),"
            " series_id = (SELECT id FROM accounting_series LIMIT 1)"
        ),
        (
            "MERGE INTO accounting_journal j USING (SELECT id FROM accounting_series LIMIT 1) s"
            " ON j.id = %(id)s WHEN MATCHED THEN UPDATE SET state = 'posted', number = 'X',"
            " sequence = 900001, posted_at = now(), series_id = s.id"
        ),
        (
            "WITH posted AS (UPDATE accounting_journal SET state = 'posted', number = 'X',"
            " sequence = 900001, posted_at = now(),"
            " series_id = (SELECT id FROM accounting_series LIMIT 1) WHERE id = %(id)s) SELECT 1"
        ),
    ],
    ids=["upsert", "merge", "with"],
)
def test_no_other_statement_gets_around_the_sum(books: Books, alias: str, statement: str) -> None:
    journal_id = draft(books, "10.00", "-9.99")
    with refused("accounting_journal_balanced"), raw(books.tenant_id, alias) as connection:
        connection.execute(statement, {"id": journal_id})


@BOTH_ROLES
@pytest.mark.parametrize("missing", ["number", "sequence", "posted_at", "series_id"])
def test_a_posted_journal_has_a_number_a_series_and_a_moment(
    books: Books, alias: str, missing: str
) -> None:
    values = {
        "number": "'X-1'",
        "sequence": "900001",
        "posted_at": "now()",
        "series_id": "(SELECT id FROM accounting_series LIMIT 1)",
    }
    del values[missing]
    given = ", ".join(f"{column} = {value}" for column, value in values.items())
    journal_id = draft(books, "10.00", "-10.00")
    with refused("accounting_journal_numbered"), raw(books.tenant_id, alias) as connection:
        connection.execute(
            f"UPDATE accounting_journal SET state = 'posted', {given} WHERE id = %s", [journal_id]
        )


@BOTH_ROLES
def test_a_number_is_given_once(books: Books, alias: str) -> None:
    first, second = draft(books, "1.00", "-1.00"), draft(books, "2.00", "-2.00")
    with refused("accounting_journal_number"), raw(books.tenant_id, alias) as connection:
        connection.execute(POST, [first])
        connection.execute(POST.replace("s.next_number", "s.next_number - 1"), [second])


# --- numbers ------------------------------------------------------------------------


@BOTH_ROLES
@pytest.mark.parametrize("skip", ["+ 1", "- 2", "+ 5"])
def test_a_number_is_the_next_of_its_series(books: Books, alias: str, skip: str) -> None:
    """A gap would be a document that somebody made away with."""
    journal_id = draft(books, "10.00", "-10.00")
    with refused("accounting_series_gapless"), raw(books.tenant_id, alias) as connection:
        connection.execute(POST.replace("s.next_number", f"s.next_number {skip}"), [journal_id])


@BOTH_ROLES
def test_numbers_taken_together_have_no_gap(books: Books, alias: str) -> None:
    ids = [draft(books, "10.00", "-10.00") for _ in range(2)]
    with_gap = POST.replace(
        "s.next_number", f"s.next_number + 2 * (accounting_journal.id = '{ids[1]}')::int"
    ).replace("'X-1'", "accounting_journal.id::text")
    with refused("accounting_series_gapless"), raw(books.tenant_id, alias) as connection:
        connection.execute(with_gap.replace("= %s", "= ANY(%s)"), [ids])


@BOTH_ROLES
@pytest.mark.parametrize("change", ["next_number = next_number + 5", "prefix = 'X'", "id = id"])
def test_a_series_is_never_changed_by_hand(books: Books, alias: str, change: str) -> None:
    with refused("accounting_append_only"), raw(books.tenant_id, alias) as connection:
        connection.execute(f"UPDATE accounting_series SET {change} WHERE kind = 'journal'")


# --- after posting ------------------------------------------------------------------


@BOTH_ROLES
@pytest.mark.parametrize(
    "change",
    [
        "state = 'draft', number = NULL, sequence = NULL, posted_at = NULL",
        "effective_on = effective_on + 1",
        "narration = 'forged'",
        "reference = 'forged'",
        "number = 'forged'",
        "sequence = sequence + 1",
        "posted_at = posted_at + interval '1 day'",
        "created_at = now()",
        "id = gen_random_uuid()",
        "version = version + 1",
        "state = state",
    ],
)
def test_a_posted_journal_never_changes(books: Books, alias: str, change: str) -> None:
    journal_id = books.journal("10.00", "-10.00").id
    with refused("accounting_journal_immutable"), raw(books.tenant_id, alias) as connection:
        connection.execute(f"UPDATE accounting_journal SET {change} WHERE id = %s", [journal_id])


@BOTH_ROLES
def test_a_posted_journal_is_never_deleted(books: Books, alias: str) -> None:
    journal_id = books.journal("10.00", "-10.00").id
    with refused("accounting_journal_immutable"), raw(books.tenant_id, alias) as connection:
        connection.execute("DELETE FROM accounting_journal WHERE id = %s", [journal_id])


@BOTH_ROLES
def test_a_posted_journal_takes_no_more_lines(books: Books, alias: str) -> None:
    journal_id = books.journal("10.00", "-10.00").id
    with refused("accounting_journal_immutable"), raw(books.tenant_id, alias) as connection:
        add_line(connection, books, journal_id, "5.00", position=8)


@BOTH_ROLES
def test_not_even_a_balanced_pair_is_added_in_one_statement(books: Books, alias: str) -> None:
    journal_id = books.journal("10.00", "-10.00").id
    with refused("accounting_journal_immutable"), raw(books.tenant_id, alias) as connection:
        connection.execute(
            "INSERT INTO accounting_journalline (tenant_id, id, journal_id, position, account_id,"
            " effective_on, amount, memo) SELECT tenant_id, gen_random_uuid(), journal_id,"
            " (position + 10)::smallint, account_id, effective_on, amount, ''"
            " FROM accounting_journalline WHERE journal_id = %s",
            [journal_id],
        )


@BOTH_ROLES
def test_lines_of_a_posted_journal_are_never_deleted(books: Books, alias: str) -> None:
    journal_id = books.journal("10.00", "-10.00").id
    with refused("accounting_journal_immutable"), raw(books.tenant_id, alias) as connection:
        connection.execute("DELETE FROM accounting_journalline WHERE journal_id = %s", [journal_id])


@pytest.mark.parametrize("state", ["draft", "posted"])
@pytest.mark.parametrize("change", ["amount = amount * 2", "memo = 'x'", "journal_id = journal_id"])
def test_lines_are_never_updated(books: Books, state: str, change: str) -> None:
    journal_id = books.journal("10.00", "-10.00", post=state == "posted").id
    update = f"UPDATE accounting_journalline SET {change} WHERE journal_id = %s"
    with refused("42501"), raw(books.tenant_id) as connection:
        connection.execute(update, [journal_id])
    with refused("accounting_append_only"), raw(books.tenant_id, "owner") as connection:
        connection.execute(update, [journal_id])


@pytest.mark.parametrize("table", ["accounting_journal", "accounting_journalline"])
@pytest.mark.parametrize("cascade", ["", "CASCADE"])
def test_the_ledger_is_never_truncated(books: Books, table: str, cascade: str) -> None:
    with refused("42501"), raw(books.tenant_id) as connection:
        connection.execute(f"TRUNCATE {table} {cascade}")
    with refused(), raw(books.tenant_id, "owner") as connection:
        connection.execute(f"TRUNCATE {table} {cascade}")


@BOTH_ROLES
def test_a_journal_is_reversed_once(books: Books, alias: str) -> None:
    invoice = books.document("10.00")
    assert invoice.journal is not None
    document_reverse(books.ctx, kind="invoice", document_id=invoice.row["id"])
    again = draft(books, "10.00", "-10.00")
    with refused("accounting_journal_reversed_once"), raw(books.tenant_id, alias) as connection:
        connection.execute(
            "UPDATE accounting_journal SET reverses_id = %s WHERE id = %s",
            [invoice.journal["id"], again],
        )


# --- two connections ----------------------------------------------------------------


def in_thread(work: Callable[[], Any]) -> Any:
    pool = ThreadPoolExecutor(1)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future


def waits_for_a_lock(watcher: Connection, process_id: int) -> bool:
    """Whether that backend comes to wait for a lock, looking for at most three seconds."""
    for _ in range(300):
        state = rows(watcher, "SELECT cardinality(pg_blocking_pids(%s))", process_id)
        if state and state[0][0]:
            return True
        watcher.execute("SELECT pg_sleep(0.01)")
    return False


def test_a_posting_waits_for_a_line_that_is_being_added_and_then_sees_it(books: Books) -> None:
    journal_id = draft(books, "10.00", "-10.00")
    with raw(books.tenant_id) as adding, raw(books.tenant_id) as posting, raw() as watcher:
        process_id = posting.info.backend_pid
        add_line(adding, books, journal_id, "5.00")
        posted = in_thread(lambda: posting.execute(POST, [journal_id]))
        assert waits_for_a_lock(watcher, process_id)
        adding.execute("COMMIT")
        with refused("accounting_journal_balanced"):
            posted.result(5)
        posting.execute("ROLLBACK")


def test_a_line_waits_for_a_posting_and_is_then_refused(books: Books) -> None:
    journal_id = draft(books, "10.00", "-10.00")
    with raw(books.tenant_id) as adding, raw(books.tenant_id) as posting, raw() as watcher:
        process_id = adding.info.backend_pid
        posting.execute(POST, [journal_id])
        added = in_thread(lambda: add_line(adding, books, journal_id, "5.00"))
        assert waits_for_a_lock(watcher, process_id)
        posting.execute("COMMIT")
        with refused("accounting_journal_immutable"):
            added.result(5)
        adding.execute("ROLLBACK")


def test_a_line_is_taken_when_the_posting_it_waited_for_is_rolled_back(books: Books) -> None:
    journal_id = draft(books, "10.00", "-10.00")
    with raw(books.tenant_id) as adding, raw(books.tenant_id) as posting, raw() as watcher:
        posting.execute(POST, [journal_id])
        added = in_thread(lambda: add_line(adding, books, journal_id, "5.00"))
        assert waits_for_a_lock(watcher, adding.info.backend_pid)
        posting.execute("ROLLBACK")
        added.result(5)


def test_deleting_a_line_waits_for_a_posting_and_is_then_refused(books: Books) -> None:
    journal_id = draft(books, "10.00", "-10.00")
    delete = "DELETE FROM accounting_journalline WHERE journal_id = %s"
    with raw(books.tenant_id) as deleting, raw(books.tenant_id) as posting, raw() as watcher:
        posting.execute(POST, [journal_id])
        deleted = in_thread(lambda: deleting.execute(delete, [journal_id]))
        assert waits_for_a_lock(watcher, deleting.info.backend_pid)
        posting.execute("COMMIT")
        with refused("accounting_journal_immutable"):
            deleted.result(5)
        deleting.execute("ROLLBACK")


# --- sums per account and day -------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "span"),
    [("accounting_accountday", "effective_on"), ("accounting_accountmonth", "starts_on")],
)
def test_sums_per_account_are_written_by_posting_only(books: Books, table: str, span: str) -> None:
    """A trial balance reads them; whoever could change them could forge it."""
    insert = (
        f"INSERT INTO {table} (tenant_id, id, account_id, {span}, debit, credit)"
        f" SELECT tenant_id, gen_random_uuid(), account_id, {span} + 500, 5, 0 FROM {table} LIMIT 1"
    )
    for attack in (f"UPDATE {table} SET debit = debit + 1", insert):
        for alias in ("default", "owner"):
            with refused("accounting_append_only"), raw(books.tenant_id, alias) as connection:
                connection.execute(attack)
    with refused("42501"), raw(books.tenant_id) as connection:
        connection.execute(f"DELETE FROM {table}")
    for attack in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with refused("accounting_append_only"), raw(books.tenant_id, "owner") as connection:
            connection.execute(attack)


@BOTH_ROLES
def test_lines_are_not_added_in_the_statement_that_posts(books: Books, alias: str) -> None:
    journal_id = draft(books, "10.00", "-10.00")
    added = (
        "WITH added AS (INSERT INTO accounting_journalline (tenant_id, id, journal_id, position,"
        " account_id, effective_on, amount, memo) SELECT tenant_id, gen_random_uuid(), journal_id,"
        " 9, account_id, effective_on, amount, '' FROM accounting_journalline"
        f" WHERE journal_id = '{journal_id}' LIMIT 1) "
    )
    rules = ("accounting_journal_immutable", "accounting_journal_balanced")
    with refused(*rules), raw(books.tenant_id, alias) as connection:
        connection.execute(added + POST, [journal_id])


@BOTH_ROLES
def test_lines_are_not_added_after_posting_in_the_same_transaction(
    books: Books, alias: str
) -> None:
    """The guard takes no lock on what its own transaction made, and still sees it is posted."""
    journal_id = uuid7()
    with raw(books.tenant_id, alias) as connection:
        connection.execute(
            "INSERT INTO accounting_journal (tenant_id, id, state, effective_on, narration,"
            " reference, created_at, version) VALUES (%s, %s, 'draft', %s, '', '', now(), 1)",
            [books.tenant_id, journal_id, DAY],
        )
        add_line(connection, books, journal_id, "5.00", position=1)
        add_line(connection, books, journal_id, "-5.00", position=2)
        connection.execute(POST, [journal_id])
        with refused("accounting_journal_immutable"), connection.transaction():
            add_line(connection, books, journal_id, "1.00", position=3)


def test_temporary_tables_deceive_no_journal(books: Books) -> None:
    """`pg_temp` is searched first; balanced lines in it must not stand in for the real ones."""
    journal_id = draft(books, "10.00", "-9.99")
    with refused("42501"), raw(books.tenant_id) as connection:
        connection.execute("CREATE TEMP TABLE accounting_journalline (id uuid)")
    # The owner may make one; the triggers do not look at it.
    with refused("accounting_journal_balanced"), raw(books.tenant_id, "owner") as connection:
        connection.execute(
            "CREATE TEMP TABLE accounting_journalline (LIKE public.accounting_journalline)"
        )
        connection.execute(
            "INSERT INTO pg_temp.accounting_journalline (tenant_id, id, journal_id, position,"
            " account_id, effective_on, amount, memo)"
            " SELECT tenant_id, id, journal_id, position, account_id, effective_on, sign(amount),"
            " memo FROM public.accounting_journalline WHERE journal_id = %s",
            [journal_id],
        )
        connection.execute(POST, [journal_id])


def test_the_sums_per_day_do_not_go_into_a_temporary_table(books: Books) -> None:
    journal_id = draft(books, "10.00", "-10.00")
    with raw(books.tenant_id, "owner") as connection:
        connection.execute(
            "CREATE TEMP TABLE accounting_accountday (LIKE public.accounting_accountday)"
        )
        connection.execute(POST, [journal_id])
    with raw(books.tenant_id) as connection:
        assert one(connection, "SELECT sum(debit) FROM accounting_accountday") == 11
