"""What PostgreSQL itself says about our tables: nobody can forget a table's protection.

Read from the catalogue as the owner, so that a table made by hand is seen as well.
"""

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections

from core.audit.declared import Audited
from core.audit.triggers import declaration_of, triggers_compare
from core.partitions import registry
from core.partitions.months import bounds, month_of_partition, partition_name
from core.tenancy.fields import TenantForeignKey, is_tenant_model
from tests.core.raw import Connection, raw, refused, rows

NAME_BYTES_MAX = 54

#: Every table that is not a tenant's. "reference" is small and rarely written and may be
#: copied to every node; "local" stays on one node; "django" is what contrib apps bring.
GLOBAL_TABLES = {
    "tenancy_tenant": "reference: who may enter",
    "permissions_user": "reference: who may enter",
    "permissions_membership": "reference: who may enter",
    "permissions_usersession": "local: the token is what names the tenant",
    "permissions_permission": "reference: the codes that the apps declare",
    "permissions_spentrefreshtoken": "local: seen again, it ends its session",
    "permissions_onetimetoken": "local: the token is what names the tenant",
    "permissions_mailcount": "local: counted before any tenant is known",
    "permissions_passwordrequest": "local: asked before any tenant is known, gone a second later",
    "partitions_partitionarchive": "local: a partition holds rows of many tenants",
    "cache_pendingbump": "local: any process replays it",
    "jobs_jobticket": "local: a worker takes the next one, whoever's it is",
    "jobs_jobtally": "local: how attempts ended, for the metrics",
    "jobs_schedulerun": "local: the clock has no tenant",
    "audit_key": "local: what makes the marks of the log; nobody but the owner reads it",
    "audit_erasure": "local: written by the log's own functions only",
    "audit_tail": "local: how far the log may be sealed, of all tenants",
    "jobs_outboxevent": "local: the relay serves all tenants in one sweep",
    "jobs_outboxtail": "local: how far the outbox is placed and purged, of all tenants",
    "webhooks_webhookline": "local: the deliverer serves all tenants in one line",
    "jobs_tenanttail": "local: how far each tenant's events are numbered, placed in one sweep",
    "axes_accessattempt": "local: failed logins, before any tenant is known",
    "axes_accessfailurelog": "local: not written (AXES_ENABLE_ACCESS_FAILURE_LOG)",
    "axes_accessattemptexpiration": "local: not written (AXES_USE_ATTEMPT_EXPIRATION)",
    "axes_accesslog": "local: not written (AXES_DISABLE_ACCESS_LOG)",
    "otp_totp_totpdevice": "local: the second factor of staff, who are in several tenants",
    "otp_static_staticdevice": "local: their recovery codes",
    "otp_static_statictoken": "local: their recovery codes",
    "auth_group": "django",
    "auth_group_permissions": "django",
    "auth_permission": "django",
    "django_content_type": "django",
    "django_migrations": "django",
    "django_session": "django: the staff console's logins",
    "django_admin_log": "django",
}

#: Global tables that say of which tenant a row is. They are filtered explicitly by the few
#: functions that read them, which is why there are so few of them.
GLOBAL_WITH_TENANT = {
    "permissions_membership",
    "permissions_usersession",
    "permissions_onetimetoken",
    "jobs_jobticket",
    "jobs_outboxevent",
    "jobs_tenanttail",
    "webhooks_webhookline",
    "audit_erasure",
}

#: Tables that the application reads and does not write: only triggers and functions do.
READ_ONLY = {"audit_auditlog", "audit_auditblock"}

#: Functions that act with the rights of the tables' owner, whom the application is not.
LENDING = {
    "create_partition",
    "drop_partition",
    "tidy_partitioned",
    "audit_seal",
    "audit_faults",
    "audit_faults_unsealed",
    "audit_archive_faults",
    "audit_chains",
    "audit_extent",
    "audit_head_of",
    "audit_sealed_until",
    "audit_note_read",
    "audit_erase",
    "audit_restore",
}

#: Triggers that do; nobody calls them.
LENDING_TRIGGERS = {
    "audit_insert",
    "audit_insert_plain",
    "audit_insert_rows",
    "audit_insert_lines",
    "audit_delete_lines",
    "audit_insert_owned",
    "audit_update_owned",
    "audit_delete_owned",
    "audit_update",
    "audit_update_plain",
    "audit_update_rows",
    "audit_delete",
    "audit_delete_plain",
    "audit_delete_rows",
    "audit_truncate",
}

#: Functions that name no table and are written into the statements that call them, which a
#: setting of their own would prevent.
INLINED = {
    "audit_platform",
    "audit_head",
    "audit_mark",
    "audit_mark_of",
    "audit_digest",
    "audit_block_digest",
}

#: Names given by Django's own and other people's apps, which we do not choose.
FOREIGN_NAMES = ("auth_", "axes_", "django_", "otp_")

#: Tenant foreign keys without an index `(tenant, x)`, although what they refer to can be deleted.
UNINDEXED: dict[str, str] = {}

TENANT_POLICY = (
    "(tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid)"
)

#: Ordinary and partitioned tables of ours, without partitions.
TABLES = """
    SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace
      AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""


@pytest.fixture
def catalog() -> Iterator[Connection]:
    with raw(alias="owner") as connection:
        yield connection


def tenant_tables() -> set[str]:
    return {model._meta.db_table for model in apps.get_models() if is_tenant_model(model)}


def test_every_table_is_a_tenants_or_listed_as_global(catalog: Connection) -> None:
    found = {name for _, name, *_ in rows(catalog, TABLES)}
    assert found - tenant_tables() == set(GLOBAL_TABLES)
    assert found >= tenant_tables()


def test_a_tenant_id_stands_only_where_a_policy_or_the_list_knows_of_it(
    catalog: Connection,
) -> None:
    found = rows(
        catalog,
        "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') AND NOT c.relispartition",
    )
    assert {name for (name,) in found} == tenant_tables() | GLOBAL_WITH_TENANT


def test_row_level_security_is_enabled_and_forced(catalog: Connection) -> None:
    secured = {
        name for _, name, _, enabled, forced, _ in rows(catalog, TABLES) if enabled and forced
    }
    assert tenant_tables() - secured == set()


def test_one_policy_per_table_for_every_command_and_everybody(catalog: Connection) -> None:
    found = rows(
        catalog,
        "SELECT c.relname, p.polname, p.polpermissive, p.polcmd, p.polroles::oid[],"
        "       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid) "
        "FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid",
    )
    expected = {
        (table, "tenant_isolation", True, "*", (0,), TENANT_POLICY, TENANT_POLICY)
        for table in tenant_tables()
    }
    [(owner,)] = rows(catalog, "SELECT current_user::regrole::oid")
    # Its triggers write of whatever tenant is changed.
    expected |= {(table, "audit_owner", True, "*", (owner,), "true", "true") for table in READ_ONLY}
    assert {(n, p, m, c, tuple(r), u, w) for n, p, m, c, r, u, w in found} == expected
    assert len(found) == len(expected)


def test_tenant_id_is_never_null_and_the_key_starts_with_it(catalog: Connection) -> None:
    found = rows(
        catalog,
        "SELECT c.relname, array_agg(a.attname::text ORDER BY k.n), bool_and(a.attnotnull) "
        "FROM pg_constraint p JOIN pg_class c ON c.oid = p.conrelid "
        "CROSS JOIN unnest(p.conkey) WITH ORDINALITY AS k(number, n) "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number "
        "WHERE p.contype = 'p' GROUP BY c.relname",
    )
    keys = {name: columns for name, columns, not_null in found if not_null}
    wrong = {t: keys.get(t) for t in tenant_tables() if keys.get(t, [])[:2] != ["tenant_id", "id"]}
    assert wrong == {}


def foreign_keys(catalog: Connection) -> list[tuple[str, str, list[str], list[str], str, bool]]:
    """(table, referred table, columns, referred columns, action on delete, deferrable).

    Those of a partitioned table; what PostgreSQL derives for each partition follows them.
    """
    columns = (
        "(SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest({0}) WITH ORDINALITY AS "
        "k(number, n) JOIN pg_attribute a ON a.attrelid = {1} AND a.attnum = k.number)"
    )
    return rows(  # type: ignore[return-value]
        catalog,
        "SELECT p.conrelid::regclass::text, p.confrelid::regclass::text, "
        f"{columns.format('p.conkey', 'p.conrelid')}, "
        f"{columns.format('p.confkey', 'p.confrelid')}, p.confdeltype::text, p.condeferrable "
        "FROM pg_constraint p WHERE p.contype = 'f' AND p.conparentid = 0",
    )


def test_foreign_keys_between_tenant_tables_hold_the_tenant(catalog: Connection) -> None:
    ours = tenant_tables()
    wrong = [
        key
        for key in foreign_keys(catalog)
        if key[0] in ours
        and key[1] in ours
        and not (len(key[2]) == 2 and key[2][0] == "tenant_id" and key[3] == ["tenant_id", "id"])
    ]
    assert wrong == []


def test_every_row_belongs_to_a_tenant_that_exists(catalog: Connection) -> None:
    """Its own foreign key says so, or that of a row which it cannot be without."""
    required = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if field.many_to_one and not field.null
    }
    keys = foreign_keys(catalog)
    anchored = {key[0] for key in keys if key[1] == "tenancy_tenant"}
    for _ in range(3):
        anchored |= {k[0] for k in keys if k[1] in anchored and (k[0], k[2][-1]) in required}
    # The log outlives what it tells of, and tells of global tables too.
    assert tenant_tables() - anchored == READ_ONLY


def test_foreign_keys_of_the_models_exist_in_the_database(catalog: Connection) -> None:
    existing = {(table, columns[-1]) for table, _, columns, *_ in foreign_keys(catalog)}
    declared = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if field.many_to_one and getattr(field, "db_constraint", False)
    }
    assert declared - existing == set()


def test_foreign_keys_to_global_tables_have_one_column_and_none_goes_back(
    catalog: Connection,
) -> None:
    ours = tenant_tables()
    for table, referred, columns, *_ in foreign_keys(catalog):
        if referred not in ours:
            assert len(columns) == 1, f"{table} -> {referred}"
        assert not (table not in ours and referred in ours), f"{table} -> {referred}"


def test_foreign_keys_act_in_no_way_that_a_sharded_database_cannot(catalog: Connection) -> None:
    """a: no action, r: restrict, c: cascade. SET NULL would need to null tenant_id."""
    assert [key for key in foreign_keys(catalog) if key[4] not in "arc"] == []


def test_nothing_waits_for_the_commit(catalog: Connection) -> None:
    deferred = rows(
        catalog,
        "SELECT conname FROM pg_constraint WHERE condeferrable OR condeferred "
        "UNION ALL SELECT tgname FROM pg_trigger WHERE tgdeferrable OR tginitdeferred "
        "UNION ALL SELECT tgname FROM pg_trigger WHERE tgconstraint <> 0 AND NOT tgisinternal",
    )
    assert deferred == []


def test_triggers_are_enabled(catalog: Connection) -> None:
    assert rows(catalog, "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'O'") == []


def test_unique_indexes_start_with_the_tenant(catalog: Connection) -> None:
    found = rows(
        catalog,
        "SELECT t.relname, i.relname, a.attname FROM pg_index x "
        "JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid "
        "LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0] "
        "WHERE x.indisunique AND NOT t.relispartition",
    )
    ours = tenant_tables()
    assert [row for row in found if row[0] in ours and row[2] != "tenant_id"] == []


def test_every_index_of_a_tenant_table_starts_with_the_tenant(catalog: Connection) -> None:
    """Every statement names its tenant; an index that does not is read across all of them."""
    found = rows(
        catalog,
        "SELECT t.relname, i.relname, a.attname FROM pg_index x "
        "JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid "
        "LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]",
    )
    ours = tenant_tables()
    assert [row for row in found if row[0] in ours and row[2] != "tenant_id"] == []


def test_foreign_keys_of_rows_that_can_be_deleted_are_indexed(catalog: Connection) -> None:
    """Deleting a row looks for those that refer to it; without an index it reads them all."""
    indexed = {
        (table, column)
        for table, column in rows(
            catalog,
            "SELECT t.relname, a.attname FROM pg_index x "
            "JOIN pg_class t ON t.oid = x.indrelid "
            "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[1] "
            "WHERE x.indnkeyatts >= 2 AND (x.indpred IS NULL OR"
            "    pg_get_expr(x.indpred, t.oid) = '(' || a.attname || ' IS NOT NULL)')",
        )
    }
    deletable = {
        name
        for (name,) in rows(
            catalog,
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') "
            "AND has_table_privilege(%s, oid, 'DELETE')",
            settings.DATABASE_APP_ROLE,
        )
    }
    unindexed = {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey)
        and field.related_model._meta.db_table in deletable
        and (model._meta.db_table, field.column) not in indexed
    }
    assert unindexed == set(UNINDEXED)


def test_the_application_owns_nothing(catalog: Connection) -> None:
    owned = rows(
        catalog,
        "SELECT classid::regclass::text, objid, deptype FROM pg_shdepend "
        "WHERE refclassid = 'pg_authid'::regclass AND refobjid = %s::regrole AND deptype = 'o'",
        settings.DATABASE_APP_ROLE,
    )
    assert owned == []


def test_the_application_reads_and_writes_rows_and_nothing_else(catalog: Connection) -> None:
    found = rows(
        catalog,
        "SELECT c.relname, array_agg(a.privilege_type ORDER BY 1), bool_or(a.is_grantable) "
        "FROM pg_class c CROSS JOIN aclexplode(c.relacl) a "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') "
        "AND a.grantee = %s::regrole GROUP BY c.relname",
        settings.DATABASE_APP_ROLE,
    )
    allowed = {"SELECT", "INSERT", "UPDATE", "DELETE"}
    assert [row for row in found if set(row[1]) - allowed or row[2]] == []
    assert {row[0] for row in found} >= tenant_tables()
    assert {row[0] for row in found if set(row[1]) == {"SELECT"}} == READ_ONLY


def test_nothing_is_granted_to_everybody_but_extensions(catalog: Connection) -> None:
    found = rows(
        catalog,
        "SELECT c.relname FROM pg_class c CROSS JOIN aclexplode(c.relacl) a "
        "WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = 0 "
        "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')",
    )
    assert found == []


def test_the_application_cannot_create_in_the_schema(catalog: Connection) -> None:
    [(schema, database)] = rows(
        catalog,
        "SELECT has_schema_privilege(%(role)s, 'public', 'CREATE'),"
        "       has_database_privilege(%(role)s, current_database(), 'CREATE')".replace(
            "%(role)s", f"'{settings.DATABASE_APP_ROLE}'"
        ),
    )
    assert (schema, database) == (False, False)


def test_no_privilege_is_granted_on_a_partition(catalog: Connection) -> None:
    """A partition named directly is not covered by the policy of its parent."""
    found = rows(
        catalog,
        "SELECT c.relname, a.grantee::regrole::text FROM pg_class c "
        "CROSS JOIN aclexplode(c.relacl) a WHERE c.relispartition AND a.grantee <> c.relowner",
    )
    assert found == []


def partitioned() -> dict[str, str]:
    """Partitioned tables by the column that decides, as their models say."""
    return {
        model._meta.db_table: model.partition_column
        for model in apps.get_models()
        if hasattr(model, "partition_column")
    }


def test_partitioned_tables_are_those_of_the_models_and_all_are_maintained(
    catalog: Connection,
) -> None:
    found = rows(
        catalog,
        "SELECT c.relname::text, a.attname::text FROM pg_partitioned_table p "
        "JOIN pg_class c ON c.oid = p.partrelid "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0] "
        "WHERE p.partstrat = 'r' AND p.partnatts = 1",
    )
    assert dict(found) == partitioned()
    assert set(registry.tables()) == set(partitioned())


def test_families_drop_what_refers_before_what_is_referred_to(catalog: Connection) -> None:
    order = {t: (f.name, n) for f in registry.families() for n, t in enumerate(f.tables)}
    for table, referred, *_ in foreign_keys(catalog):
        if table in order and referred in order:
            assert order[table] < order[referred], f"{table} -> {referred}"


def test_there_is_no_default_partition(catalog: Connection) -> None:
    """It would have to be searched whenever a month is made, and for every list newest first."""
    assert rows(catalog, "SELECT partrelid FROM pg_partitioned_table WHERE partdefid <> 0") == []


def test_partitions_are_named_and_bounded_by_their_month(catalog: Connection) -> None:
    found = rows(
        catalog,
        "SELECT parent.relname, c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_class c "
        "JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_class parent ON parent.oid = i.inhparent "
        "WHERE c.relispartition AND c.relkind = 'r'",
    )
    assert {parent for parent, *_ in found} == set(partitioned())
    for parent, name, bound in found:
        month = month_of_partition(name)
        low, high = bounds(month)
        assert (name, bound) == (
            partition_name(parent, month),
            f"FOR VALUES FROM ('{low}') TO ('{high}')",
        )


def test_every_partition_has_statistics_of_columns_together(catalog: Connection) -> None:
    """Without them the planner does not walk the partitions newest first."""
    found = rows(
        catalog,
        "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('p', 'r') "
        "AND (c.relkind = 'p' OR c.relispartition) AND NOT EXISTS (SELECT FROM pg_statistic_ext s "
        "WHERE s.stxrelid = c.oid AND s.stxkind @> '{d,f}')",
    )
    assert found == []


def test_a_partition_has_the_indexes_of_its_table_under_their_names(catalog: Connection) -> None:
    found = rows(
        catalog,
        "SELECT i.relname, parent.relname || right(c.relname, 9) FROM pg_index x "
        "JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid "
        "LEFT JOIN pg_inherits h ON h.inhrelid = i.oid "
        "LEFT JOIN pg_class parent ON parent.oid = h.inhparent "
        "WHERE c.relispartition AND c.relnamespace = 'public'::regnamespace",
    )
    assert found
    assert [row for row in found if row[0] != row[1]] == []


def test_no_default_privileges_open_tables_that_are_not_made_yet(catalog: Connection) -> None:
    assert rows(catalog, "SELECT defaclnamespace, defaclacl FROM pg_default_acl") == []


def test_names_leave_room_for_a_suffix(catalog: Connection) -> None:
    """PostgreSQL names NOT NULL constraints itself and never asks for them by name."""
    found = rows(
        catalog,
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "UNION SELECT conname::text FROM pg_constraint WHERE contype <> 'n' "
        "    AND connamespace = 'public'::regnamespace "
        "UNION SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal "
        "UNION SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
        "UNION SELECT a.attname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "    WHERE c.relnamespace = 'public'::regnamespace",
    )
    long = [n for (n,) in found if len(n.encode()) > NAME_BYTES_MAX]
    assert [name for name in long if not name.startswith(FOREIGN_NAMES)] == []


def test_no_materialized_views(catalog: Connection) -> None:
    assert rows(catalog, "SELECT relname FROM pg_class WHERE relkind = 'm'") == []


def test_views_ask_as_whoever_reads_them(catalog: Connection) -> None:
    found = rows(
        catalog,
        "SELECT c.relname, c.reloptions FROM pg_class c WHERE c.relkind = 'v' "
        "AND c.relnamespace = 'public'::regnamespace "
        "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')",
    )
    assert [row for row in found if "security_invoker=true" not in (row[1] or [])] == []


def test_only_functions_that_are_listed_lend_their_owners_rights(catalog: Connection) -> None:
    """They check what they are asked for: tests/partitions/test_bounds.py, tests/audit."""
    found = rows(
        catalog,
        "SELECT proname FROM pg_proc p WHERE prosecdef "
        "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
        "AND pronamespace = 'public'::regnamespace",
    )
    assert {name for (name,) in found} == LENDING | LENDING_TRIGGERS


def test_functions_that_lend_rights_are_called_by_the_application_only(
    catalog: Connection,
) -> None:
    found = rows(
        catalog,
        "SELECT DISTINCT proname, a.grantee::regrole::text, p.proowner = a.grantee "
        "FROM pg_proc p CROSS JOIN aclexplode(p.proacl) a WHERE p.prosecdef "
        "AND pronamespace = 'public'::regnamespace",
    )
    assert {(n, who) for n, who, is_owner in found if not is_owner} == {
        (name, settings.DATABASE_APP_ROLE) for name in LENDING
    }


def test_functions_say_where_they_look_for_tables(catalog: Connection) -> None:
    """Else a temporary table of the same name would be found before the real one."""
    found = rows(
        catalog,
        "SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace "
        "AND NOT coalesce('search_path=pg_catalog, public, pg_temp' = ANY(proconfig), false) "
        "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')",
    )
    assert {name for (name,) in found} == INLINED


def test_tables_are_permanent(catalog: Connection) -> None:
    """An unlogged table would be empty after a crash."""
    assert (
        rows(
            catalog,
            "SELECT relname FROM pg_class WHERE relpersistence <> 'p' AND relkind IN ('r', 'p') "
            "AND relnamespace = 'public'::regnamespace",
        )
        == []
    )


# --- the log of changes -------------------------------------------------------------


def test_every_table_is_recorded_or_says_why_not(catalog: Connection) -> None:
    """Global tables are recorded where they say so; a tenant's unless it says why not."""
    triggers = {
        (table, name.removeprefix("audit_"))
        for table, name in rows(
            catalog,
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE t.tgname LIKE 'audit\\_%%' AND t.tgenabled = 'O' AND NOT c.relispartition",
        )
    }
    expected = set()
    for model in apps.get_models():
        declared = declaration_of(model)
        if isinstance(declared, Audited):
            expected |= {(model._meta.db_table, n) for n in ("delete", "truncate")}
            if declared.inserts:
                expected.add((model._meta.db_table, "insert"))
            if declared.updates:
                expected.add((model._meta.db_table, "update"))
        elif is_tenant_model(model):
            assert declared.reason
    assert triggers == expected


def test_updates_that_are_not_recorded_are_refused() -> None:
    """Whoever asks, and before a row is looked at."""
    for model in apps.get_models():
        declared = declaration_of(model)
        if isinstance(declared, Audited) and not declared.updates:
            for alias in ("default", "owner"):
                with raw(alias=alias) as connection, refused("accounting_append_only"):
                    rows(connection, f"UPDATE {model._meta.db_table} SET id = id WHERE false")


def test_the_triggers_are_what_the_models_say_today(catalog: Connection) -> None:
    assert triggers_compare(connections["owner"]) == []


def test_what_looks_like_a_secret_is_never_recorded() -> None:
    """By its name: a hash, a token, a password or a secret is masked or left out."""
    told = []
    for model in apps.get_models():
        declared = declaration_of(model)
        if isinstance(declared, Audited):
            hidden = {*declared.masked, *declared.ignored}
            columns = {field.column for field in model._meta.local_fields}
            told += [
                f"{model._meta.db_table}.{column}"
                for column in columns - hidden
                if re.search(r"password|secret|token|_hash|_key$|salt", column)
            ]
    assert told == []


def test_what_is_declared_about_the_log_is_a_column() -> None:
    for model in apps.get_models():
        declared = declaration_of(model)
        if isinstance(declared, Audited):
            columns = {field.column for field in model._meta.local_fields}
            named = {*declared.masked, *declared.ignored, *declared.personal}
            named |= {declared.under} - {""}
            assert named <= columns, model._meta.label
