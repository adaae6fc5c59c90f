"""Who may look: the monitoring role at statistics alone, the application at none of them."""

import pytest
from django.conf import settings

from core.ops.monitoring.selectors import VIEWS
from tests.cast import Company
from tests.core.raw import Connection, one, raw, refused, rows

ALL = [*VIEWS, "v_monitoring_state"]
FUNCTIONS = ["monitor_state()", "monitor_statements()", "monitor_widths()", "monitor_masked('x')"]


def test_these_are_all_views_that_there_are() -> None:
    sql = "SELECT relname FROM pg_class WHERE relkind = 'v' AND relname ~ '^v_'"
    with raw(alias="owner") as owner:
        assert {name for (name,) in rows(owner, sql)} == set(ALL)


@pytest.mark.parametrize("view", ALL)
def test_the_application_is_denied_each_view(view: str) -> None:
    with refused("42501"), raw() as app:
        app.execute(f"SELECT * FROM {view}")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_application_is_denied_each_function(function: str) -> None:
    with refused("42501"), raw() as app:
        app.execute(f"SELECT {function}")


def test_nobody_but_the_monitoring_role_is_granted_any_of_it() -> None:
    sql = (
        "SELECT DISTINCT acl.grantee::regrole::text FROM ("
        "  SELECT relacl AS acls, relowner AS owner FROM pg_class WHERE relname ~ '^v_'"
        "  UNION ALL SELECT proacl, proowner FROM pg_proc WHERE proname ~ '^monitor_'"
        ") granted CROSS JOIN LATERAL aclexplode(acls) acl WHERE acl.grantee <> owner"
    )
    with raw(alias="owner") as owner:
        assert rows(owner, sql) == [("erp_monitor",)]


@pytest.mark.parametrize("view", ALL)
def test_the_monitoring_role_reads_each_view(view: str, monitor: Connection) -> None:
    monitor.execute(f"SELECT * FROM {view}").fetchall()


def test_the_monitoring_role_reads_no_table(monitor: Connection, acme: Company) -> None:
    readable = rows(
        monitor,
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace "
        "AND has_column_privilege(c.oid, a.attnum, 'SELECT,INSERT,UPDATE,REFERENCES')",
    )
    assert readable == []
    monitor.execute(f"SET app.tenant_id = '{acme.tenant_id}'")
    for table in ("accounting_contact", "permissions_user", "messaging_message"):
        with refused("42501"):
            monitor.execute(f"SELECT * FROM {table}")


def test_it_knows_how_wide_columns_are_and_not_what_is_in_them(monitor: Connection) -> None:
    monitor.execute("SELECT stawidth FROM pg_statistic LIMIT 1")
    with refused("42501"):
        monitor.execute("SELECT stavalues1 FROM pg_statistic LIMIT 1")
    assert rows(monitor, "SELECT 1 FROM pg_stats WHERE schemaname = 'public'") == []


def test_it_is_bound_by_row_level_security_and_owns_nothing(monitor: Connection) -> None:
    sql = (
        "SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT FROM pg_class WHERE relowner = r.oid) "
        "FROM pg_roles r WHERE rolname = current_user"
    )
    assert one(monitor, sql) is False
    assert one(monitor, "SELECT current_user") == settings.DATABASES["monitor"]["USER"]


def test_it_is_no_member_of_who_may_see_more(monitor: Connection) -> None:
    for role in ("erp_owner", "erp_app", "erp_backup", "pg_read_all_data", "pg_signal_backend"):
        assert not one(monitor, f"SELECT pg_has_role('{role}', 'MEMBER')"), role
