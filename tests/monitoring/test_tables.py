"""How tables are used, and their months: what the views add up is what the catalogue has."""

from datetime import UTC, datetime

from core.partitions.months import bounds
from core.partitions.selectors import months_ahead, partitions_by_table
from tests.core.raw import Connection, rows
from tests.monitoring.looking import LOOKED, scratch, seen


def test_reads_and_writes_of_a_table_are_counted(monitor: Connection) -> None:
    with scratch() as owner:
        owner.execute(f"INSERT INTO {LOOKED} SELECT n, 'a', n::text FROM generate_series(1, 50) n")
        owner.execute(f"UPDATE {LOOKED} SET name = 'b' WHERE id <= 10")
        owner.execute(f"DELETE FROM {LOOKED} WHERE id > 45")
        owner.execute("SET enable_seqscan = off")
        owner.execute(f"SELECT * FROM {LOOKED} WHERE id = 3")
        owner.execute("SELECT pg_stat_force_next_flush()")
        owner.execute("SELECT 1")
        [found] = seen(monitor, "v_table_access_patterns", table_name=LOOKED)
    assert (found["inserted"], found["updated"], found["deleted"]) == (50, 10, 5)
    assert found["index_scans"] >= 1
    assert 0 < found["index_share"] <= 100
    assert 0 <= found["updated_in_place"] <= 10
    assert found["dead_rows"] > 0
    assert found["table_bytes"] > 0 < found["index_bytes"]
    assert found["partitions"] == 0


def test_partitions_are_added_up_under_their_table(monitor: Connection) -> None:
    columns = (
        "seq_scan, coalesce(idx_scan, 0), n_tup_ins, n_tup_upd, n_tup_del, n_live_tup, n_dead_tup"
    )
    shown = (
        "seq_scans, index_scans, inserted, updated, deleted, live_rows, dead_rows, "
        "table_bytes, index_bytes, partitions"
    )
    with monitor.transaction():
        monitor.execute("SET LOCAL stats_fetch_consistency = snapshot")
        added: dict[str, list[int]] = {}
        for table, *values in rows(
            monitor,
            "SELECT coalesce(parent.relname, c.relname)::text, "
            f"{columns}, pg_table_size(c.oid), pg_indexes_size(c.oid), c.relispartition::int "
            "FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid "
            "LEFT JOIN pg_inherits i ON i.inhrelid = c.oid "
            "LEFT JOIN pg_class parent ON parent.oid = i.inhparent "
            "WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace",
        ):
            before = added.get(table, [0] * len(values))
            added[table] = [a + b for a, b in zip(before, values, strict=True)]
        found = rows(monitor, f"SELECT table_name, {shown} FROM v_table_access_patterns")
    assert {table: values for table, *values in found} == added
    assert added["messaging_message"][-1] > 10
    assert not [table for table in added if "_p20" in table]


def test_each_month_has_its_bounds_size_and_how_many_follow(monitor: Connection) -> None:
    found = seen(monitor, "v_partitions")
    expected = partitions_by_table()
    now = datetime.now(UTC)
    assert {(row["table_name"], row["partition"]) for row in found} >= {
        (table, partition.name) for table, months in expected.items() for partition in months
    }
    shown = {row["partition"]: row for row in found}
    for table, months in expected.items():
        ahead = months_ahead(months, now)
        for partition in months:
            row = shown[partition.name]
            assert (row["table_name"], row["month"]) == (table, partition.month)
            assert (row["low"], row["high"]) == bounds(partition.month)
            assert row["table_bytes"] + row["index_bytes"] == partition.bytes
            assert row["rows_estimated"] == partition.rows_estimated
            assert row["months_ahead"] == ahead
        assert sum(shown[partition.name]["is_this_month"] for partition in months) == 1
