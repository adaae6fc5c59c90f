"""Slow statements: which tables they touch, and never what they were about."""

import pytest

from core.ops.monitoring.services import statements_reset
from tests.cast import Company
from tests.core.raw import Connection, one, raw, rows
from tests.monitoring.looking import seen

UUID = "019b7000-0000-7000-8000-00000000abcd"
MASKED = {
    "SELECT 'it''s', name FROM t WHERE n = 12.5e3 AND a = $1": (
        "SELECT ?, name FROM t WHERE n = ? AND a = $1"
    ),
    f"SET LOCAL app.tenant_id = '{UUID}'": "SET LOCAL app.tenant_id = ?",
    f"SELECT x_{UUID}, t_p2026_11": "SELECT x_?, t_p2026_11",
    r"SELECT E'a\'secret', U&'\0041', B'01', 0x1F": "SELECT ?, U&?, B?, ?",
    r"SELECT 'a\', secret FROM t": "SELECT ?, secret FROM t",
    """SELECT "o'brien" FROM t WHERE a = 'secret'""": """SELECT "o'brien" FROM t WHERE a = ?""",
    "SELECT 1 -- secret 'x\nFROM t /* secret 'y */ WHERE a = 'b'": "SELECT ? FROM t WHERE a = ?",
    "DO $x$ secret 'a' $x$": "DO ?",
    "SELECT a FROM t WHERE b = 'cut off in the mid": "SELECT a FROM t WHERE b = ?",
    r"SELECT a FROM t WHERE b = E'cut off\ ".rstrip(): "SELECT a FROM t WHERE b = ?",
    "SELECT a /* cut off": "SELECT a",
    "ALTER ROLE x PASSWORD 'secret'": "ALTER ROLE x PASSWORD ?",
    "SELECT a FROM t LIMIT 5": "SELECT a FROM t LIMIT ?",
}


def slow(tenant: Company, statement: str) -> None:
    """Takes 150 ms, in the company's transaction."""
    with raw(tenant.tenant_id) as app:
        app.execute(statement)


@pytest.mark.parametrize(("statement", "shape"), MASKED.items())
def test_of_a_statement_only_its_shape_is_left(
    monitor: Connection, statement: str, shape: str
) -> None:
    found = one(monitor, "SELECT monitor_masked(%s)", statement)
    assert found.replace(" ,", ",") == shape


def test_a_slow_statement_is_named_with_its_tables(monitor: Connection, acme: Company) -> None:
    slow(
        acme,
        "SELECT pg_sleep(0.15), count(*) AS slow_one FROM accounting_contact c "
        "LEFT JOIN accounting_document d ON d.tenant_id = c.tenant_id WHERE c.name = 'Quaver Ltd'",
    )
    [found] = [row for row in seen(monitor, "v_slow_queries") if "slow_one" in row["statement"]]
    assert found["tables"] == ["accounting_contact", "accounting_document"]
    assert (found["calls"], found["rows_affected"], found["role"]) == (1, 1, "erp_app")
    assert found["max_ms"] >= 150
    assert 0 < found["share"] <= 100
    assert "Quaver" not in found["statement"]

    by_table = {row["table_name"]: row for row in seen(monitor, "v_slow_queries_by_table")}
    for table in found["tables"]:
        assert by_table[table]["calls"] >= 1
        assert by_table[table]["max_ms"] >= 150
    assert by_table.keys().isdisjoint({"pg_sleep", "slow_one"})


def test_a_fast_statement_is_not_there(monitor: Connection, acme: Company) -> None:
    with raw(acme.tenant_id) as app:
        app.execute("SELECT count(*) AS fast_one FROM accounting_contact")
    texts = [row["statement"] for row in seen(monitor, "v_slow_queries")]
    assert not [text for text in texts if "fast_one" in text]


def test_a_partition_counts_for_its_table(monitor: Connection) -> None:
    sql = "SELECT tablename FROM pg_tables WHERE tablename ~ '^messaging_message_p' LIMIT 1"
    with raw(alias="owner") as owner:
        partition = one(owner, sql)
        owner.execute(f"SELECT pg_sleep(0.15) AS slow_month, count(*) FROM {partition}")
    [found] = [row for row in seen(monitor, "v_slow_queries") if "slow_month" in row["statement"]]
    assert found["tables"] == ["messaging_message"]


def test_the_shares_of_all_statements_are_not_more_than_the_whole(monitor: Connection) -> None:
    assert sum(row["share"] for row in seen(monitor, "v_slow_queries")) <= 101


def test_no_tenant_is_named_in_any_statement(monitor: Connection, acme: Company) -> None:
    slow(acme, f"SELECT pg_sleep(0.15), '{acme.tenant_id}' AS slow_tenant")
    slow(acme, f"SET LOCAL app.tenant_id = '{acme.tenant_id}'; SELECT pg_sleep(0.15)")
    everything = rows(monitor, "SELECT monitor_masked(statement) FROM monitor_statements()")
    assert len(everything) > 10
    assert str(acme.tenant_id) not in str(everything)
    assert str(acme.tenant_id) not in str(seen(monitor, "v_slow_queries"))


def test_counting_starts_anew_when_asked(monitor: Connection, acme: Company) -> None:
    slow(acme, "SELECT pg_sleep(0.15) AS slow_before, count(*) FROM accounting_tax")
    statements_reset(acme.ctx())
    texts = [row["statement"] for row in seen(monitor, "v_slow_queries")]
    assert not [text for text in texts if "slow_before" in text]
    with raw(acme.tenant_id) as app:
        app.execute("SELECT pg_sleep(0.15) AS slow_after, count(*) FROM accounting_series")
    texts = [row["statement"] for row in seen(monitor, "v_slow_queries")]
    assert [text for text in texts if "slow_after" in text]


def test_without_the_extension_the_views_stay_and_say_so(
    monitor: Connection, superuser: Connection
) -> None:
    superuser.execute("DROP EXTENSION pg_stat_statements")
    try:
        [state] = seen(monitor, "v_monitoring_state")
        assert state["statements"].startswith("not created")
        assert seen(monitor, "v_slow_queries") == seen(monitor, "v_slow_queries_by_table") == []
    finally:
        superuser.execute(
            "CREATE EXTENSION pg_stat_statements; GRANT EXECUTE ON FUNCTION "
            "pg_stat_statements_reset(oid, oid, bigint, boolean) TO erp_monitor"
        )
    [state] = seen(monitor, "v_monitoring_state")
    assert state["statements"] == "counted"
    assert state["statements_since"] is not None
