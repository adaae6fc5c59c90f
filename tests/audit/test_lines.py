"""Lines that one statement adds to a document or journal, or takes away, are one entry of it;
each that is changed behind everybody's back has its own."""

from typing import Any
from uuid import UUID

import pytest

from core.audit.values import values_shown
from core.ids import uuid7
from tests.accounting.books import Books, open_books
from tests.audit.log import Entry, entries, faults, seal, tamper
from tests.core.raw import one, raw, refused, rows

LINES = "accounting_documentline"
JOURNAL_LINES = "accounting_journalline"
COLUMNS = (
    "tenant_id, document_id, position, item_code, description, quantity, unit_price, "
    "discount_percent, account_id, tax_id, tax_rate, tax_inclusive, net, tax_amount"
)
COPY = (
    f"INSERT INTO {LINES} (id, {COLUMNS}) SELECT %s, {COLUMNS.replace('position', '9')} "
    f"FROM {LINES} WHERE document_id = %s AND position = 1"
)


@pytest.fixture
def books() -> Books:
    return open_books()


def lines_of(entry: Entry) -> list[dict[str, Any]]:
    """Those that came, or those that went."""
    shown = values_shown(entry.table, entry.new or entry.old)
    assert shown is not None
    found: list[dict[str, Any]] = shown["rows"]
    return found


def test_a_posted_invoice_leaves_four_entries(books: Books) -> None:
    books.document("1.00")  # makes the series
    before = len(entries(books.tenant_id))
    invoice = books.document("10.00", "20.00", "30.00")
    found = entries(books.tenant_id)[before:]
    assert sorted((e.table.removeprefix("accounting_"), e.action) for e in found) == [
        ("document", "insert"), ("documentline", "insert"), ("journal", "insert"),
        ("journalline", "insert"),
    ]  # fmt: skip
    [lines] = [e for e in found if e.table == LINES]
    assert (lines.row_id, lines.operation) == (invoice.row["id"], "document.create")
    stored = {line["id"]: line for line in invoice.lines}
    assert {UUID(line["id"]) for line in lines_of(lines)} == set(stored)
    for line in lines_of(lines):
        assert line["position"] == stored[UUID(line["id"])]["position"]
        assert line["net"] == str(stored[UUID(line["id"])]["net"])
        assert line["tax_inclusive"] is False
        assert not {"tenant_id", "document_id"} & set(line)
    [posted] = [e for e in found if e.table == JOURNAL_LINES]
    assert invoice.journal is not None
    assert posted.row_id == invoice.journal["id"]
    assert sum(float(line["amount"]) for line in lines_of(posted)) == 0


def test_lines_of_many_documents_are_an_entry_for_each(books: Books) -> None:
    first, second = books.document("1", "2", post=False), books.document("3", post=False)
    copied = "SELECT uuidv7(), " + COLUMNS.replace("position", "position + 100")
    with raw(books.tenant_id) as connection:
        connection.execute(f"INSERT INTO {LINES} (id, {COLUMNS}) {copied} FROM {LINES}")
    found = [e for e in entries(books.tenant_id, LINES) if e.operation == ""]
    assert {e.row_id: len(lines_of(e)) for e in found} == {first.row["id"]: 2, second.row["id"]: 1}


def test_one_line_by_hand_is_recorded_when_it_comes_and_when_it_goes(books: Books) -> None:
    draft, by_hand = books.document("10.00", post=False).row["id"], uuid7()
    with raw(books.tenant_id) as connection:
        connection.execute(COPY, (by_hand, draft))
        connection.execute(f"DELETE FROM {LINES} WHERE id = %s", (by_hand,))
    *_, came, went = entries(books.tenant_id, LINES, draft)
    [line] = lines_of(came)
    assert (line["id"], line["position"], came.action) == (str(by_hand), 9, "insert")
    assert (lines_of(went), went.new, went.action) == ([line], None, "delete")


def test_a_line_changed_behind_the_triggers_of_the_books_is_recorded_row_by_row(
    books: Books,
) -> None:
    """The owner switched off what refuses it, and not the log."""
    ids = [line["id"] for line in books.document("10.00", "20.00").lines]
    refuse = f"ALTER TABLE {LINES} %s TRIGGER accounting_documentline_refuse"
    with raw(books.tenant_id, alias="owner") as owner:
        owner.execute(refuse % "DISABLE")
        owner.execute(f"UPDATE {LINES} SET description = 'forged'")
        owner.execute(refuse % "ENABLE")
        for line_id in ids:
            [changed] = entries(books.tenant_id, LINES, line_id, owner)
            assert changed.new == {"description": "forged"}
            assert changed.old is not None
            assert changed.old["description"] != "forged"
        owner.execute("ROLLBACK")


def test_lines_are_proven_like_everything_else(books: Books) -> None:
    invoice = books.document("10.00", "20.00")
    [entry] = entries(books.tenant_id, LINES, invoice.row["id"])
    assert faults(books.tenant_id) == []
    seal(books.tenant_id)
    assert faults(books.tenant_id) == []
    tamper(
        "UPDATE audit_auditlog SET new = jsonb_set(new, '{rows,0,1}', '\"99\"') WHERE id = %s",
        entry.id,
    )
    assert faults(books.tenant_id) == [("altered", entry.id)]


def test_a_history_names_no_columns_of_the_log_s_own(books: Books) -> None:
    """What is not an entry of lines stays as it is."""
    assert values_shown(LINES, {"position": "3"}) == {"position": 3}
    kept = {"columns": ["id", "position"], "rows": [["x", "1"], ["y", None]]}
    shown = {"rows": [{"id": "x", "position": 1}, {"id": "y", "position": None}]}
    assert values_shown(LINES, kept) == shown


def test_moments_of_another_zone_are_the_same_and_another_style_is_refused(books: Books) -> None:
    journal = "UPDATE accounting_account SET name = 'Other'"
    with raw(books.tenant_id) as connection, refused("audit_dates_iso"):
        connection.execute("SET LOCAL datestyle = 'German'")
        connection.execute(journal)
    draft = books.document("1", post=False).row["id"]
    with raw(books.tenant_id) as connection:
        connection.execute("SET LOCAL timezone = 'Asia/Kolkata'")
        connection.execute("UPDATE accounting_document SET created_at = '2026-03-01 12:00Z'")
        made = one(connection, "SELECT created_at FROM accounting_document")
    changed = entries(books.tenant_id, "accounting_document", draft)[-1]
    assert changed.new == {"created_at": "2026-03-01 17:30:00+05:30"}
    shown = values_shown(changed.table, changed.new)
    assert shown == {"created_at": made}


def test_a_changed_key_of_a_table_without_secrets_shows_both_sides(books: Books) -> None:
    old, fresh = books.tax("X", "20"), uuid7()
    with raw(books.tenant_id) as connection:
        connection.execute("UPDATE accounting_tax SET id = %s WHERE id = %s", (fresh, old))
    went = entries(books.tenant_id, "accounting_tax", old)[-1]
    [came] = entries(books.tenant_id, "accounting_tax", fresh)
    assert (went.old or {})["code"] == (came.new or {})["code"] == "X"
    assert (went.new, came.old) == ({}, {})


def test_nothing_is_hidden_of_lines_that_are_one_entry() -> None:
    """The function that attaches the triggers refuses what its trigger would not do."""
    attach = (
        f"SELECT audit_attach('{LINES}', %s::text[], %s::text[], '{{}}', true, true, 'document_id')"
    )
    for left_out, masked in (("{tenant_id,id,net}", "{}"), ("{tenant_id,id}", "{net}")):
        with raw(alias="owner") as owner, refused("audit_lines_whole"):
            rows(owner, attach, left_out, masked)
