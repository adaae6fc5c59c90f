"""The walls between tenants, attacked with raw SQL as the application's role."""

import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from activity.services.quotas import quota_update
from activity.services.rollups import usage_days_roll_up, usage_hours_roll_up
from core.ids import uuid7
from core.tenancy.fields import is_tenant_model
from messaging.services.messages import message_edit
from messaging.services.settings import settings_update
from tests.accounting.books import Books, open_books
from tests.activity.events import take, viewed
from tests.api.footprint import footprint
from tests.cast import Company, api_of
from tests.core.raw import Connection, one, raw, refused, rows
from tests.files.desk import keep
from tests.jobs.desk import enqueue
from tests.messaging.talk import say, talk_of
from tests.paper.desk import mail_to, template_of
from tests.webhooks.desk import dead_delivery

#: Tenant tables that the books below leave empty, each with the reason.
EMPTY = {
    "activity_usagealert": "a quota was used up, which takes thousands of events",
    "audit_auditblock": "sealed by the clock, seconds later",
}
#: The owner's own triggers write them, of whatever tenant is changed.
OPEN_TO_THE_OWNER = {"audit_auditblock", "audit_auditlog"}
WRITTEN_BY_TRIGGERS = {"accounting_accountday", "accounting_accountmonth", "accounting_series"}
TENANT_TABLES = sorted(m._meta.db_table for m in apps.get_models() if is_tenant_model(m))


#: The columns of a table that PostgreSQL does not generate.
WRITTEN = """
    SELECT quote_ident(attname) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""


@pytest.fixture(scope="module")
def acmes(django_db_setup: None, django_db_blocker: Any) -> Iterator[Books]:
    """A company with a row in every table. It stands every attack: afterwards it is as it was."""
    with django_db_blocker.unblock():
        books = filled()
        before = footprint(books.company)
        yield books
        assert footprint(books.company) == before


def filled() -> Books:
    books = open_books()
    invoice = books.document("100.00").row["id"]
    books.settle(invoice, "10.00", payment_id=books.payment("50.00").id)
    books.tax("S", "20")
    alice = api_of(books.company, books.company.owner)
    alice.ok("POST", "contacts/", {"name": "Kept"}, idempotency_key="k")
    talk = talk_of(books.company)
    say(books.company, talk)
    message_edit(books.company.ctx(), message_id=UUID(talk.message), values={"body": "Better"})
    settings_update(books.company.ctx(), values={"kept_months": 12})
    enqueue(books.company)
    alice.ok("POST", "exports/", {"list": "taxes", "format": "csv"})
    alice.ok("PATCH", "letterhead/", {"legal_name": "Kept Ltd"})
    alice.ok("PATCH", "mail-settings/", {"sender_name": "Kept"})
    template_of(books.company)
    mail_to(books.company)
    keep(books.company)
    dead_delivery(books.company)
    usage_of(books.company)
    with connection.cursor() as cursor:  # as authentication does while Redis is away
        cursor.execute(
            "SELECT permissions_held(%s, %s, true, 60)",
            [books.tenant_id, books.company.owner.pk],
        )
    return books


def usage_of(company: Company) -> None:
    """Counted once, and something that is not counted yet."""
    ctx = company.ctx()
    quota_update(ctx, plan="standard")
    take(ctx, viewed())
    usage_hours_roll_up(ctx)
    usage_days_roll_up(ctx)
    take(ctx, viewed())


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_without_a_tenant_there_are_no_rows(acmes: Books, table: str) -> None:
    with raw() as connection:
        assert one(connection, f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_with_a_tenant_there_are_its_rows_only(acmes: Books, table: str) -> None:
    with raw(acmes.tenant_id) as connection:
        seen = rows(connection, f"SELECT DISTINCT tenant_id FROM {table}")
    assert seen in ([(acmes.tenant_id,)], [])
    assert seen or table in EMPTY, f"{table} should hold a row, or the test proves nothing"


def test_an_empty_setting_is_no_tenant(acmes: Books) -> None:
    """What a setting that was local once reads as afterwards."""
    with raw() as connection:
        connection.execute("SET LOCAL app.tenant_id = ''")
        assert one(connection, "SELECT count(*) FROM accounting_account") == 0


@pytest.mark.parametrize("value", ["   ", "%", "null", "true", "'' OR true --"])
def test_a_setting_that_is_no_uuid_shows_nothing(acmes: Books, value: str) -> None:
    with refused("22P02"), raw() as connection:
        connection.execute("SELECT set_config('app.tenant_id', %s, true)", [value])
        connection.execute("SELECT count(*) FROM accounting_account")


# --- another tenant's rows ----------------------------------------------------------


def ids_of(books: Books, table: str) -> list[UUID]:
    with raw(books.tenant_id) as connection:
        return [row[0] for row in rows(connection, f"SELECT id FROM {table}")]


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_a_foreign_row_cannot_be_read_by_its_id(acmes: Books, table: str) -> None:
    found = ids_of(acmes, table)
    with raw(uuid7()) as connection:
        assert rows(connection, f"SELECT id FROM {table} WHERE id = ANY(%s)", found) == []
        assert (
            rows(
                connection,
                f"SELECT id FROM {table} WHERE tenant_id = %s OR tenant_id <> %s OR true",
                acmes.tenant_id,
                acmes.tenant_id,
            )
            == []
        )


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_a_foreign_row_can_be_neither_updated_nor_deleted(acmes: Books, table: str) -> None:
    for statement, privilege in (
        (f"UPDATE {table} SET id = id WHERE tenant_id = '{acmes.tenant_id}'", "UPDATE"),
        (f"DELETE FROM {table} WHERE tenant_id = '{acmes.tenant_id}'", "DELETE"),
    ):
        with raw(uuid7()) as connection:
            if not one(connection, "SELECT has_table_privilege(%s, %s)", table, privilege):
                continue
            if table in WRITTEN_BY_TRIGGERS:
                with refused("accounting_append_only"), connection.transaction():
                    connection.execute(statement)
            else:
                assert connection.execute(statement).rowcount == 0


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_a_row_cannot_be_inserted_for_another_tenant(acmes: Books, table: str) -> None:
    """Also not a copy of a row of one's own."""
    if not ids_of(acmes, table):
        pytest.skip("no row to copy")
    with raw(acmes.tenant_id) as connection:
        columns = ", ".join(name for (name,) in rows(connection, WRITTEN, table))
    copy = (
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM (SELECT (jsonb_populate_record("
        f"r, jsonb_build_object('id', uuidv7(), 'tenant_id', %s::uuid))).* "
        f"FROM {table} r LIMIT 1) c"
    )
    # By the policy, or by a trigger before it.
    with refused("42501", "23000"), raw(acmes.tenant_id) as connection:
        connection.execute(copy, [uuid7()])


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_a_row_cannot_be_moved_to_another_tenant(acmes: Books, table: str) -> None:
    if not ids_of(acmes, table):
        pytest.skip("no row to move")
    with refused("42501", "23000"), raw(acmes.tenant_id) as connection:
        connection.execute(f"UPDATE {table} SET tenant_id = %s", [uuid7()])


def test_a_foreign_row_cannot_be_referred_to(acmes: Books) -> None:
    """A plain foreign key would look past row-level security; ours holds the tenant."""
    globex = open_books()
    for column, foreign in (
        ("contact_id", acmes.customer),
        ("journal_id", ids_of(acmes, "accounting_journal")[0]),
        ("series_id", ids_of(acmes, "accounting_series")[0]),
        ("corrects_id", ids_of(acmes, "accounting_document")[0]),
    ):
        draft = globex.document("1.00", post=False).row["id"]
        with refused("23503"), raw(globex.tenant_id) as connection:
            extra = (
                ", state = 'draft'"
                if column != "journal_id"
                else (", state = 'posted', number = 'X', sequence = 1, posted_at = now()")
            )
            connection.execute(
                f"UPDATE accounting_document SET {column} = %s{extra} WHERE id = %s",
                [foreign, draft],
            )


def test_a_missing_and_a_foreign_reference_are_refused_alike(acmes: Books) -> None:
    globex = open_books()
    draft = globex.document("1.00", post=False).row["id"]
    said = []
    for contact in (acmes.customer, uuid7()):
        with raw(globex.tenant_id) as connection:
            with pytest.raises(psycopg.errors.ForeignKeyViolation) as caught:
                connection.execute(
                    "UPDATE accounting_document SET contact_id = %s WHERE id = %s", [contact, draft]
                )
            connection.execute("ROLLBACK; BEGIN")
        said.append(str(caught.value).replace(str(contact), "it"))
    assert said[0] == said[1]


def test_two_tenants_may_use_the_same_id(acmes: Books) -> None:
    """Else a violated key would tell that somebody else has it."""
    globex = open_books()
    with raw(globex.tenant_id) as connection:
        connection.execute(
            "INSERT INTO accounting_contact SELECT (jsonb_populate_record(c, jsonb_build_object("
            "'id', %s::uuid, 'name', 'Namesake'))).* FROM accounting_contact c LIMIT 1",
            [acmes.customer],
        )
        assert rows(
            connection, "SELECT name FROM accounting_contact WHERE id = %s", acmes.customer
        ) == [("Namesake",)]
    with raw(acmes.tenant_id) as connection:
        assert (
            one(connection, "SELECT name FROM accounting_contact WHERE id = %s", acmes.customer)
            == "Dawson & Sons"
        )


# --- ways around --------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "SET row_security = off; SELECT * FROM accounting_account",
        "SET SESSION AUTHORIZATION erp_owner",
        "SET ROLE erp_owner",
        "SET ROLE erp_backup",
        "SET session_replication_role = replica",
        "ALTER TABLE accounting_account DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE accounting_account NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant_isolation ON accounting_account",
        "CREATE POLICY mine ON accounting_account USING (true)",
        "ALTER TABLE accounting_journal DISABLE TRIGGER ALL",
        "DROP TRIGGER accounting_journal_guard ON accounting_journal",
        "CREATE TABLE loot AS SELECT 1",
        "CREATE SCHEMA loot",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        (
            "CREATE OR REPLACE FUNCTION accounting_refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN RETURN NULL; END'"
        ),
        "CREATE VIEW loot AS SELECT * FROM accounting_account",
        "ALTER ROLE erp_app BYPASSRLS",
        "GRANT erp_owner TO erp_app",
        "COPY accounting_account TO PROGRAM 'cat'",
        "COPY accounting_account FROM '/dev/null'",
        "SELECT pg_read_file('/etc/passwd')",
        "LOCK TABLE accounting_account IN ACCESS EXCLUSIVE MODE; TRUNCATE accounting_account",
    ],
)
def test_the_application_cannot_lift_the_walls(acmes: Books, statement: str) -> None:
    with refused(), raw(acmes.tenant_id) as connection:
        connection.execute(statement)


def test_copy_shows_a_tenants_own_rows_only(acmes: Books) -> None:
    with raw() as connection, connection.cursor().copy("COPY accounting_account TO STDOUT") as out:
        assert [bytes(chunk) for chunk in out] == []


def test_a_condition_that_fails_does_not_tell_of_hidden_rows(acmes: Books) -> None:
    """The policy is evaluated before a function that could leak: no division by zero here."""
    with raw(uuid7()) as connection:
        found = rows(
            connection,
            "SELECT 1 FROM accounting_contact"
            " WHERE 1 / (length(name) - length('Dawson & Sons')) = 1",
        )
    assert found == []


def test_the_planners_statistics_are_hidden_too(acmes: Books) -> None:
    """They hold the most common values of every tenant."""
    with raw(alias="owner") as connection:
        connection.execute("ANALYZE accounting_contact")
    with raw(acmes.tenant_id) as connection:
        assert (
            rows(connection, "SELECT * FROM pg_stats WHERE tablename = 'accounting_contact'") == []
        )


@pytest.mark.parametrize("table", sorted(set(TENANT_TABLES) - OPEN_TO_THE_OWNER))
def test_the_owner_is_bound_by_the_policy_as_well(acmes: Books, table: str) -> None:
    with raw(alias="owner") as connection:
        assert one(connection, f"SELECT count(*) FROM {table}") == 0


def test_the_backup_reads_every_tenant_and_writes_nothing(acmes: Books) -> None:
    url = os.environ.get("DATABASE_BACKUP_URL")
    if url is None:
        pytest.skip("no backup role in this environment")
    with psycopg.connect(url, dbname=settings.DATABASES["default"]["NAME"]) as connection:
        found = one(
            connection,
            "SELECT count(*) FROM accounting_account WHERE tenant_id = %s",
            acmes.tenant_id,
        )
        assert found > 0
        connection.rollback()
        connection.execute("SET TRANSACTION READ WRITE")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM accounting_account")


@pytest.mark.parametrize("where", ["inside a transaction", "by itself"])
@pytest.mark.parametrize("remembered", [True, False])
def test_a_question_of_permission_lends_its_tenant_for_one_statement_only(
    acmes: Books, where: str, remembered: bool
) -> None:
    """It sets the tenant to read the grants; nothing of it may remain."""
    company = acmes.company
    with raw(acmes.tenant_id) as connection:
        if where == "by itself":
            connection.execute("COMMIT")
        before = still(connection)
        held = one(
            connection,
            "SELECT permissions_held(%s, %s, %s, 60)",
            company.tenant_id, company.owner.pk, remembered,
        )  # fmt: skip
        assert "accounting.invoices.post" in held["codes"]
        assert still(connection) == before
        if where == "by itself":
            connection.execute("BEGIN")


def test_a_question_of_permission_about_another_tenant_is_refused_inside_a_transaction(
    acmes: Books, globex: Company
) -> None:
    with raw(acmes.tenant_id) as connection, pytest.raises(psycopg.errors.RaiseException):
        one(
            connection,
            "SELECT permissions_held(%s, %s, false, 60)",
            globex.tenant_id, globex.owner.pk,
        )  # fmt: skip


def still(connection: Connection) -> str:
    return str(one(connection, "SELECT coalesce(current_setting('app.tenant_id', true), '')"))


def test_a_local_tenant_ends_with_its_transaction(acmes: Books) -> None:
    with raw(acmes.tenant_id) as connection:
        assert still(connection) == str(acmes.tenant_id)
        connection.execute("COMMIT")
        assert still(connection) == ""
        connection.execute("BEGIN")
        connection.execute(f"SET LOCAL app.tenant_id = '{acmes.tenant_id}'")
        connection.execute("ROLLBACK")
        assert still(connection) == ""
        connection.execute("BEGIN")
