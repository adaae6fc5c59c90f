"""Whatever changes a row, the log says who, when, from what to what; and only the log's own
triggers write it."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings

from core.ids import uuid7
from core.tenancy.context import PLATFORM
from permissions.models import User
from permissions.services.passwords import password_change
from tests.audit.log import entries, tamper
from tests.cast import Api, Company
from tests.core.raw import one, raw, refused, rows

CONTACTS = "accounting_contact"
COLUMNS = (
    "tenant_id, id, name, reference, email, address, country, tax_number, is_customer, "
    "is_supplier, payment_terms_days, is_active, version"
)
MANY = (
    f"INSERT INTO accounting_contact ({COLUMNS}) "
    "SELECT %s, uuidv7(), 'c', '', '', '', '', '', true, false, 0, true, 1 "
    "FROM generate_series(1, %s) RETURNING id"
)


@pytest.fixture
def contact(alice: Api) -> dict[str, Any]:
    body = {"name": "Grace Hopper", "email": "grace@example.test", "country": "US"}
    made: dict[str, Any] = alice.ok("POST", "contacts/", body)
    return made


def test_a_request_is_recorded_with_who_where_and_why(
    acme: Company, alice: Api, contact: dict[str, Any]
) -> None:
    alice.ok(
        "PATCH", f"contacts/{contact['id']}/", {"country": "GB"},
        x_request_id="the-request", x_audit_reason="She moved",
    )  # fmt: skip
    created, changed = entries(acme.tenant_id, CONTACTS, contact["id"])
    assert (created.action, created.operation) == ("insert", "contact.create")
    assert created.new is not None
    assert created.new["country"] == "US"
    assert (changed.action, changed.operation) == ("update", "contact.update")
    assert changed.old == {"country": "US", "version": "1"}
    assert changed.new == {"country": "GB", "version": "2"}
    assert (changed.actor_id, changed.request_id) == (acme.owner.pk, "the-request")
    assert (changed.address, changed.reason) == ("127.0.0.1", "She moved")
    assert changed.session_id is not None
    assert changed.database_user == settings.DATABASE_APP_ROLE


def test_a_reason_cannot_pretend_to_be_something_else(
    acme: Company, alice: Api, contact: dict[str, Any]
) -> None:
    reason = "'; DROP TABLE x; -- |" + "a" * 300
    alice.ok("PATCH", f"contacts/{contact['id']}/", {"country": "GB"}, x_audit_reason=reason)
    changed = entries(acme.tenant_id, CONTACTS, contact["id"])[-1]
    assert changed.reason == reason.replace("|", " ")[:200]
    assert changed.actor_id == acme.owner.pk


@pytest.mark.parametrize("alias", ["default", "owner"])
def test_raw_sql_is_seen_with_old_and_new_values(
    acme: Company, contact: dict[str, Any], alias: str
) -> None:
    with raw(acme.tenant_id, alias=alias) as connection:
        connection.execute("UPDATE accounting_contact SET country = 'FR', payment_terms_days = 7")
    changed = entries(acme.tenant_id, CONTACTS, contact["id"])[-1]
    assert changed.old == {"country": "US", "payment_terms_days": None}
    assert changed.new == {"country": "FR", "payment_terms_days": "7"}
    assert (changed.actor_id, changed.operation, changed.request_id) == (None, "", "")
    assert changed.database_user == settings.DATABASES[alias]["USER"]


def test_a_raw_update_of_any_audited_table_is_seen(acme: Company, contact: dict[str, Any]) -> None:
    """The tables that a new company fills; each row that was changed, once."""
    tables = {
        "accounting_account": ("name", "'Other'"),
        "accounting_companysettings": ("payment_terms_days", "3"),
        "permissions_role": ("description", "'Other'"),
        "permissions_membership": ("is_super_admin", "NOT is_super_admin"),
    }
    for table, (column, value) in tables.items():
        with raw(acme.tenant_id, alias="owner") as connection:
            sql = f"UPDATE {table} SET {column} = {value} WHERE tenant_id = %s"
            changed = connection.execute(sql, (acme.tenant_id,)).rowcount  # type: ignore[arg-type]
            found = entries(acme.tenant_id, table, connection=connection)
            assert changed, table
            updates = [e for e in found if e.action == "update" and e.operation == ""]
            assert len(updates) == changed, table
            assert all(e.old and set(e.old) == {column} for e in updates), table


def test_many_rows_of_one_statement_are_recorded_each(acme: Company) -> None:
    with raw(acme.tenant_id) as connection:
        found = rows(connection, MANY, acme.tenant_id, 2500)
        connection.execute("UPDATE accounting_contact SET payment_terms_days = 1")
    with raw(acme.tenant_id, alias="owner") as connection:
        connection.execute("DELETE FROM accounting_contact")
    recorded = entries(acme.tenant_id, CONTACTS)
    for action in ("insert", "update", "delete"):
        assert sorted(e.row_id for e in recorded if e.action == action) == sorted(
            row_id for (row_id,) in found
        )
    assert all(e.old == {"payment_terms_days": "0"} for e in recorded if e.action == "update")
    assert len({e.id for e in recorded}) == 7500


def test_a_plan_made_for_one_row_serves_many(acme: Company) -> None:
    """In one session: a join of the rows before and after must not become a loop."""
    with raw(acme.tenant_id) as connection:
        connection.execute("SET LOCAL statement_timeout = '20s'")
        for _ in range(8):
            connection.execute(MANY, (acme.tenant_id, 1))
            connection.execute("UPDATE accounting_contact SET version = version + 1")
        connection.execute(MANY, (acme.tenant_id, 30_000))
        connection.execute("UPDATE accounting_contact SET version = version + 1")
        connection.execute("ROLLBACK")


def test_a_statement_that_changes_nothing_is_not_recorded(
    acme: Company, contact: dict[str, Any]
) -> None:
    before = len(entries(acme.tenant_id))
    with raw(acme.tenant_id) as connection:
        connection.execute("UPDATE accounting_contact SET country = country")
        connection.execute("UPDATE accounting_contact SET country = 'FR' WHERE false")
    assert len(entries(acme.tenant_id)) == before


def test_what_was_rolled_back_did_not_happen(acme: Company, contact: dict[str, Any]) -> None:
    before = len(entries(acme.tenant_id))
    with raw(acme.tenant_id) as connection, pytest.raises(ZeroDivisionError):  # noqa: PT012, SIM117
        with connection.transaction():
            connection.execute("UPDATE accounting_contact SET country = 'FR'")
            raise ZeroDivisionError
    assert len(entries(acme.tenant_id)) == before


def test_a_changed_key_shows_both_sides(acme: Company, contact: dict[str, Any]) -> None:
    fresh = uuid7()
    with raw(acme.tenant_id) as connection:
        connection.execute("UPDATE accounting_contact SET id = %s", (fresh,))
    [went] = entries(acme.tenant_id, CONTACTS, contact["id"])[1:]
    [came] = entries(acme.tenant_id, CONTACTS, fresh)
    assert went.old is not None
    assert went.old["country"] == "US"
    assert came.new is not None
    assert came.new["country"] == "US"


def test_other_ways_to_write_are_seen_as_well(acme: Company, contact: dict[str, Any]) -> None:
    """ON CONFLICT, and a change inside of a larger statement."""
    copied = uuid7()
    insert = f"INSERT INTO accounting_contact ({COLUMNS}) SELECT "
    with raw(acme.tenant_id, alias="owner") as connection:
        connection.execute(
            insert + COLUMNS.replace("id, name", f"'{copied}', name").replace("country", "'DE'")
            + " FROM accounting_contact"
        )  # fmt: skip
        connection.execute(
            insert + f"{COLUMNS} FROM accounting_contact WHERE id = '{copied}' "
            "ON CONFLICT (tenant_id, id) DO UPDATE SET country = 'PL'"
        )
        connection.execute(
            "WITH gone AS (DELETE FROM accounting_contact WHERE id = %s RETURNING 1) "
            "SELECT count(*) FROM gone",
            (copied,),
        )
    found = entries(acme.tenant_id, CONTACTS, copied)
    assert [e.action for e in found] == ["insert", "update", "delete"]
    assert (found[1].old, found[1].new) == ({"country": "DE"}, {"country": "PL"})


def test_emptying_a_table_is_recorded_for_the_platform(acme: Company) -> None:
    with raw(alias="owner") as owner:
        owner.execute("TRUNCATE messaging_messagingsettings")
        found = entries(PLATFORM, "messaging_messagingsettings", connection=owner)
        assert [e.action for e in found][-1] == "truncate"
        owner.execute("ROLLBACK")


def test_persons_data_is_apart_and_secrets_are_nowhere(acme: Company, alice: Api) -> None:
    user: User = acme.owner
    password_change(acme.ctx(), user=user, new_password="a wholly other passphrase")
    found = entries(PLATFORM, "permissions_user", user.pk)
    created, changed = found[0], found[-1]
    assert created.personal is not None
    assert created.personal["new"] == {"name": user.name, "email": user.email}
    assert created.new is not None
    assert created.new["password"] == "***"
    assert user.email not in str(created.new)
    assert (changed.old, changed.new) == ({"password": "***"}, {"password": "***"})
    assert changed.actor_id == user.pk
    everything = str(entries(PLATFORM) + entries(acme.tenant_id))
    assert "argon2" not in everything


def test_a_login_is_recorded_without_its_tokens(acme: Company, alice: Api) -> None:
    alice.ok("GET", "auth/me/")
    [opened] = entries(acme.tenant_id, "permissions_usersession")
    assert opened.new is not None
    assert opened.new.items() >= {"access_hash": "***", "refresh_hash": "***"}.items()
    assert set(opened.new) - {"access_hash", "refresh_hash"} == {
        "user_id",
        "created_at",
        "revoked_at",
    }
    alice.ok("POST", "auth/logout/")
    ended = entries(acme.tenant_id, "permissions_usersession")[-1]
    assert ended.new is not None
    assert set(ended.new) == {"revoked_at"}


def test_what_is_ignored_alone_is_not_recorded(acme: Company, alice: Api) -> None:
    before = len(entries(acme.tenant_id, "permissions_usersession"))
    with raw(alias="owner") as owner:
        owner.execute("UPDATE permissions_usersession SET last_seen_at = now()")
    assert len(entries(acme.tenant_id, "permissions_usersession")) == before


# --- walls --------------------------------------------------------------------------


FORGED = (
    'INSERT INTO audit_auditlog (id, tenant_id, "table", action, request_id, operation, reason, '
    "database_user, mark) VALUES (uuidv7(), %s, 'x', 'update', '', '', '', 'x', '')"
)


@pytest.mark.parametrize(
    "sql",
    [
        FORGED,
        "UPDATE audit_auditlog SET reason = 'x' WHERE tenant_id = %s",
        "DELETE FROM audit_auditlog WHERE tenant_id = %s",
        "DELETE FROM audit_auditblock WHERE tenant_id = %s",
        "SELECT audit_write('x', NULL, 'update', NULL) WHERE %s IS NOT NULL",
        "SELECT secret FROM audit_key WHERE %s IS NOT NULL",
        "UPDATE audit_tail SET bound = NULL WHERE %s IS NOT NULL",
        "SELECT audit_detach('accounting_tax') WHERE %s IS NOT NULL",
        "SELECT audit_attach('accounting_tax', '{}', '{}', '{}', true, true, %s::text)",
        "SELECT audit_seal_tenant(%s, audit_platform(), 1, 1)",
    ],
)
def test_the_application_cannot_write_the_log(acme: Company, sql: str) -> None:
    with raw(acme.tenant_id) as connection, refused("42501"):
        connection.execute(sql, (acme.tenant_id,))  # type: ignore[arg-type]


def test_the_application_cannot_switch_the_triggers_off(acme: Company) -> None:
    for sql in (
        "ALTER TABLE accounting_tax DISABLE TRIGGER audit_update",
        "DROP TRIGGER audit_update ON accounting_tax",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION audit_update() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
    ):
        with raw(acme.tenant_id) as connection, refused("42501"):
            connection.execute(sql)  # type: ignore[arg-type]


def test_a_company_sees_its_own_log_only(acme: Company, globex: Company) -> None:
    with raw(acme.tenant_id) as connection:
        seen = rows(connection, "SELECT DISTINCT tenant_id FROM audit_auditlog")
    assert seen == [(acme.tenant_id,)]
    with raw() as connection:
        assert one(connection, "SELECT count(*) FROM audit_auditlog") == 0


def test_a_row_that_the_trigger_never_wrote_cannot_be_restored(acme: Company) -> None:
    with raw(acme.tenant_id) as connection, refused("audit_restored_as_written"):
        connection.execute(
            'SELECT audit_restore(ARRAY(SELECT jsonb_populate_record(l, \'{"reason": "forged"}\') '
            "FROM audit_auditlog l))"
        )


def test_persons_data_is_erased_in_ones_own_company_only(
    acme: Company, globex: Company, contact: dict[str, Any]
) -> None:
    with raw(globex.tenant_id) as connection:
        erased = one(connection, "SELECT audit_erase(%s, %s)", CONTACTS, [UUID(contact["id"])])
    assert erased == 0
    assert entries(acme.tenant_id, CONTACTS, contact["id"])[0].personal is not None


def test_the_log_is_never_in_the_way_of_an_index(acme: Company) -> None:
    """A name that PostgreSQL would write in quotes arrives as it is."""
    with raw(acme.tenant_id, alias="owner") as owner:
        owner.execute("UPDATE accounting_account SET name = 'say \"hi\", \\ and => NULL'")
        found = entries(acme.tenant_id, "accounting_account", connection=owner)
    assert found[-1].new == {"name": 'say "hi", \\ and => NULL'}


def test_a_broken_setting_stops_the_write_rather_than_lying(acme: Company) -> None:
    with raw(acme.tenant_id, alias="owner") as connection, pytest.raises(psycopg.DataError):  # noqa: PT012
        connection.execute("SET LOCAL app.audit = 'somebody|||'")
        connection.execute("UPDATE accounting_account SET name = 'x'")


def test_tampering_needs_the_owner(acme: Company) -> None:
    """What the other tests do to the log does reach it."""
    assert tamper("UPDATE audit_auditlog SET reason = 'x' WHERE tenant_id = %s", acme.tenant_id) > 0
