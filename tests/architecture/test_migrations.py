"""Migrations: complete, repeatable, and the backend that makes every table a protected one.

The models below exist in a scratch schema only, made by the operations that
`makemigrations` would write, and dropped afterwards.
"""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from core.ids import uuid7
from core.tenancy.fields import TenantField, TenantForeignKey
from tests import database
from tests.architecture.test_catalog import TENANT_POLICY
from tests.cast import new_company, new_user
from tests.core.raw import one, raw, refused, rows
from tests.database import connect

SCHEMA = "scratch"
ROLE = settings.DATABASE_APP_ROLE


#: Without those that each partition has of its table.
TRIGGERS = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0"


def test_no_migration_is_missing() -> None:
    out = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=out, verbosity=1)
    assert "No changes detected" in out.getvalue()


def test_the_template_was_migrated_from_nothing_to_the_last_one() -> None:
    """Each worker's database is a copy of it."""
    executor = MigrationExecutor(connections["owner"])
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


def test_migrations_of_ours_name_no_database_of_their_own() -> None:
    """They run as the owner, wherever `migrate` is pointed at; the application may not."""
    loader = MigrationLoader(connections["owner"])
    ours = ("tenancy", "jobs", "api", "permissions", "activity", "accounting")
    found = {app for app, _ in loader.disk_migrations if app in ours}
    assert found == set(ours)


def test_migrate_works_as_the_owner_unless_told_otherwise() -> None:
    out = StringIO()
    call_command("migrate", plan=True, stdout=out)
    assert "No planned migration operations" in out.getvalue()


def test_an_apps_migrations_run_back_and_forth_again() -> None:
    """On an empty database; nobody should run them back over real books."""
    current = connections["owner"].settings_dict["NAME"]
    copied = f"{current}_back"
    database._create(copied, template=database.TEMPLATE)
    try:
        database._use("owner", copied)
        for app in ("accounting", "permissions"):
            call_command("migrate", app, "zero", database="owner", verbosity=0)
        call_command("migrate", database="owner", verbosity=0)
        with raw(alias="owner") as connection:
            triggers = one(connection, TRIGGERS)
    finally:
        database._use("owner", current)
        with connect("owner", "postgres") as connection:
            connection.execute(f'DROP DATABASE "{copied}" WITH (FORCE)')
    with raw(alias="owner") as connection:
        assert triggers == one(connection, TRIGGERS)


# --- what the backend adds ----------------------------------------------------------


class Monthly:
    """Stands for the mixin of partitioned models: the backend asks for this attribute."""

    partition_column = "id"


def tenant_table(name: str, *fields: tuple[str, Any], **options: Any) -> migrations.CreateModel:
    """What `makemigrations` writes for a subclass of TenantModel."""
    bases = options.pop("bases", (models.Model,))
    return migrations.CreateModel(
        name=name,
        fields=[
            ("id", models.UUIDField(primary_key=True, serialize=False)),
            *fields,
            ("tenant", TenantField()),
        ],
        options=options,
        bases=bases,
    )


THING = tenant_table(
    "Thing",
    ("code", models.CharField(max_length=20)),
    ("parent", TenantForeignKey("scratch.thing", models.PROTECT, null=True)),
    constraints=[models.UniqueConstraint(fields=["tenant", "code"], name="scratch_thing_code")],
)


@pytest.fixture
def scratch() -> Iterator["Scratch"]:
    scratch = Scratch()
    yield scratch
    scratch.drop()


class Scratch:
    """A schema of its own on the owner's connection, with the project's models behind it."""

    def __init__(self) -> None:
        self.connection = connections["owner"]
        self.state: ProjectState = MigrationLoader(self.connection).project_state()
        with self.connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            cursor.execute(f"CREATE SCHEMA {SCHEMA}")
            cursor.execute(f"SET search_path = {SCHEMA}, public")

    def run(self, *operations: Any) -> None:
        for operation in operations:
            before, self.state = self.state, self.state.clone()
            operation.state_forwards(SCHEMA, self.state)
            with self.connection.schema_editor() as editor:
                operation.database_forwards(SCHEMA, editor, before, self.state)

    def drop(self) -> None:
        self.connection.close()
        with connect("owner") as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def ask(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with raw(alias="owner") as connection:
        connection.execute(f"SET LOCAL search_path = {SCHEMA}, public")
        return rows(connection, sql, *parameters)


def key_of(table: str) -> str:
    [(definition,)] = ask(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype = 'p'",
        f"{SCHEMA}.{table}",
    )
    return str(definition)


def test_a_new_tenant_table_is_protected_without_anybody_thinking_of_it(scratch: Scratch) -> None:
    scratch.run(THING)
    table = f"{SCHEMA}.scratch_thing"
    assert key_of("scratch_thing") == "PRIMARY KEY (tenant_id, id)"
    assert ask(
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", table
    ) == [(True, True)]
    assert ask(
        "SELECT pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)"
        " FROM pg_policy WHERE polrelid = %s::regclass",
        table,
    ) == [(TENANT_POLICY, TENANT_POLICY)]
    assert (
        ask(
            "SELECT has_table_privilege(%s, %s, p) FROM"
            " unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) p",
            ROLE,
            table,
        )
        == [(True,)] * 4 + [(False,)] * 3
    )


def foreign_keys(table: str) -> set[str]:
    return {
        definition
        for (definition,) in ask(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype = 'f'",
            f"{SCHEMA}.{table}",
        )
    }


def test_its_foreign_keys_hold_the_tenant_and_are_never_deferred(scratch: Scratch) -> None:
    scratch.run(THING)
    assert foreign_keys("scratch_thing") == {
        "FOREIGN KEY (tenant_id, parent_id) REFERENCES scratch_thing(tenant_id, id)",
        "FOREIGN KEY (tenant_id) REFERENCES tenancy_tenant(id)",
    }


def test_so_does_a_foreign_key_that_is_added_later(scratch: Scratch) -> None:
    contact = TenantForeignKey("accounting.contact", models.PROTECT, null=True)
    scratch.run(THING, migrations.AddField("thing", "contact", contact))
    added = "FOREIGN KEY (tenant_id, contact_id) REFERENCES accounting_contact(tenant_id, id)"
    assert added in foreign_keys("scratch_thing")
    indexes = ask("SELECT indexdef FROM pg_indexes WHERE schemaname = %s", SCHEMA)
    assert not [x for (x,) in indexes if "(contact_id)" in x or "(parent_id)" in x]
    scratch.run(migrations.RemoveField("thing", "contact"))
    assert added not in foreign_keys("scratch_thing")


def test_a_partitioned_table_is_partitioned_by_a_column_of_its_key(scratch: Scratch) -> None:
    scratch.run(tenant_table("Message", bases=(Monthly, models.Model)))
    assert key_of("scratch_message") == "PRIMARY KEY (tenant_id, id)"
    assert ask("SELECT pg_get_partkeydef(%s::regclass)", f"{SCHEMA}.scratch_message") == [
        ("RANGE (id)",)
    ]


def test_a_table_partitioned_by_another_column_has_that_in_its_key(scratch: Scratch) -> None:
    class ByMessage:
        partition_column = "message_id"

    scratch.run(
        tenant_table("Read", ("message_id", models.UUIDField()), bases=(ByMessage, models.Model))
    )
    assert key_of("scratch_read") == "PRIMARY KEY (tenant_id, id, message_id)"


def test_a_partition_is_not_open_to_the_application(scratch: Scratch) -> None:
    """Named directly it would not be covered by the policy of its parent."""
    scratch.run(tenant_table("Message", bases=(Monthly, models.Model)))
    statement = (
        f"CREATE TABLE {SCHEMA}.scratch_message_p2026_01 PARTITION OF {SCHEMA}.scratch_message"
        " FOR VALUES FROM ('019b7000-0000-7000-8000-000000000000')"
        " TO ('019c0f00-0000-7000-8000-000000000000')"
    )
    with connect("owner") as connection:
        connection.execute(statement)
    assert ask(
        "SELECT has_table_privilege(%s, %s, 'SELECT')",
        ROLE,
        f"{SCHEMA}.scratch_message_p2026_01",
    ) == [(False,)]


def test_the_policy_of_a_new_table_holds(scratch: Scratch) -> None:
    scratch.run(THING)
    with connect("owner") as owner:
        owner.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {ROLE}")
    insert = f"INSERT INTO {SCHEMA}.scratch_thing (tenant_id, id, code) VALUES (%s, %s, 'x')"
    ours, theirs = new_company(new_user("a")).tenant_id, new_company(new_user("b")).tenant_id
    for tenant_id in (ours, theirs):
        with raw(tenant_id) as connection:
            connection.execute(insert, [tenant_id, uuid7()])
            assert one(connection, f"SELECT count(*) FROM {SCHEMA}.scratch_thing") == 1
    with refused("42501"), raw(ours) as connection:
        connection.execute(insert, [theirs, uuid7()])


def test_a_tenant_table_without_a_uuid_for_a_key_is_refused(scratch: Scratch) -> None:
    wrong = migrations.CreateModel(
        name="Wrong",
        fields=[("number", models.IntegerField(primary_key=True)), ("tenant", TenantField())],
    )
    with pytest.raises(NotImplementedError, match="UUID"):
        scratch.run(wrong)


def test_a_global_table_stays_as_django_makes_it_but_is_granted(scratch: Scratch) -> None:
    scratch.run(
        migrations.CreateModel(
            name="Country", fields=[("id", models.UUIDField(primary_key=True, serialize=False))]
        )
    )
    assert key_of("scratch_country") == "PRIMARY KEY (id)"
    table = f"{SCHEMA}.scratch_country"
    assert ask("SELECT relrowsecurity FROM pg_class WHERE oid = %s::regclass", table) == [(False,)]
    assert ask("SELECT has_table_privilege(%s, %s, 'SELECT')", ROLE, table) == [(True,)]
