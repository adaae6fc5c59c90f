"""Indexes that could go, and those that only look so."""

from typing import Any

from tests.core.raw import Connection, one, rows
from tests.monitoring.looking import LOOKED, OTHER, scratch, seen


def indexes(monitor: Connection, table: str = LOOKED) -> dict[str, dict[str, Any]]:
    return {row["index_name"]: row for row in seen(monitor, "v_index_use", table_name=table)}


def test_a_duplicate_is_named_once_with_the_one_that_stays(monitor: Connection) -> None:
    with scratch() as owner:
        owner.execute(f"CREATE INDEX looked_first ON {LOOKED} (name)")
        owner.execute(f"CREATE INDEX looked_again ON {LOOKED} (name)")
        owner.execute(f"CREATE INDEX looked_code ON {LOOKED} (code)")
        owner.execute(f"CREATE INDEX looked_some ON {LOOKED} (name) WHERE id > 5")
        owner.execute(f"CREATE INDEX looked_back ON {LOOKED} (name DESC)")
        found = {name: row["duplicate_of"] for name, row in indexes(monitor).items()}
    assert found == {
        "looked_first": None,
        "looked_again": "looked_first",
        "looked_code": f"{LOOKED}_code_key",
        "looked_some": None,
        "looked_back": None,
        f"{LOOKED}_code_key": None,
        f"{LOOKED}_pkey": None,
    }


def test_the_beginning_of_a_longer_index_is_covered_by_it(monitor: Connection) -> None:
    with scratch() as owner:
        owner.execute(f"CREATE INDEX looked_short ON {LOOKED} (name)")
        owner.execute(f"CREATE INDEX looked_long ON {LOOKED} (name, code, id)")
        owner.execute(f"CREATE INDEX looked_other ON {LOOKED} (code, name)")
        owner.execute(f"CREATE INDEX looked_words ON {LOOKED} (lower(name))")
        owner.execute(f"CREATE INDEX looked_more ON {LOOKED} (lower(name), id)")
        owner.execute(f"CREATE INDEX looked_wide ON {LOOKED} (name) INCLUDE (other_id)")
        owner.execute(f"CREATE UNIQUE INDEX looked_once ON {LOOKED} (name, code)")
        found = {name: row["covered_by"] for name, row in indexes(monitor).items()}
    assert {name: by for name, by in found.items() if by} == {"looked_short": "looked_wide"}
    assert found["looked_once"] is None  # it makes something unique


def test_an_unused_index_is_one_that_nothing_needs(monitor: Connection) -> None:
    with scratch() as owner:
        owner.execute(f"CREATE INDEX looked_name ON {LOOKED} (name)")
        owner.execute(f"CREATE INDEX looked_key ON {LOOKED} (other_id)")
        owner.execute(f"CREATE INDEX looked_used ON {LOOKED} (code, name)")
        owner.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        owner.execute(f"SELECT * FROM {LOOKED} WHERE code = 'a' AND name = 'b'")
        owner.execute("SELECT pg_stat_force_next_flush()")
        owner.execute(f"DROP INDEX IF EXISTS {LOOKED}_nothing")
        found = indexes(monitor)
        assert found["looked_name"]["is_unused"]
        assert not found["looked_key"]["is_unused"]
        assert found["looked_key"]["serves_foreign_key"]
        assert not found[f"{LOOKED}_pkey"]["is_unused"]
        assert not found[f"{LOOKED}_code_key"]["is_unused"]
        scanned = {name for name, row in found.items() if row["scans"]}
        assert len(scanned) == 1
        assert scanned <= {"looked_used", f"{LOOKED}_code_key"}
        assert not any(found[name]["is_unused"] for name in scanned)


def test_a_key_that_something_unique_begins_with_needs_no_other_index(monitor: Connection) -> None:
    with scratch() as owner:
        owner.execute(f"CREATE UNIQUE INDEX looked_once ON {LOOKED} (other_id, name)")
        owner.execute(f"CREATE INDEX looked_key ON {LOOKED} (other_id)")
        found = indexes(monitor)["looked_key"]
    assert found["covered_by"] == "looked_once"
    assert found["is_unused"]
    assert not found["serves_foreign_key"]


def test_an_index_that_was_emptied_is_bloated(monitor: Connection) -> None:
    with scratch() as owner:
        owner.execute(f"CREATE INDEX looked_name ON {LOOKED} (name)")
        owner.execute(
            f"INSERT INTO {LOOKED} SELECT n, repeat(md5(n::text), 2), n::text "
            "FROM generate_series(1, 40000) AS n"
        )
        owner.execute(f"VACUUM ANALYZE {LOOKED}")
        before = indexes(monitor)["looked_name"]
        owner.execute(f"DELETE FROM {LOOKED} WHERE id % 20 <> 0")
        owner.execute(f"VACUUM ANALYZE {LOOKED}")
        after = indexes(monitor)["looked_name"]
        owner.execute("REINDEX INDEX looked_name")
        owner.execute(f"ANALYZE {LOOKED}")
        mended = indexes(monitor)["looked_name"]
    assert before["bytes"] > 2**21
    # Names came in no order, so pages were split in halves: two thirds full, as B-trees are.
    assert before["bloat_share"] < 40
    assert not before["is_bloated"]
    assert after["is_bloated"]
    assert after["bloat_share"] > 80
    assert not mended["is_bloated"]


def test_without_the_columns_widths_nothing_is_guessed(
    monitor: Connection, superuser: Connection
) -> None:
    columns = "starelid, staattnum, stainherit, stanullfrac, stawidth"
    superuser.execute(f"REVOKE SELECT ({columns}) ON pg_statistic FROM erp_monitor")
    try:
        with scratch() as owner:
            owner.execute(f"CREATE INDEX looked_name ON {LOOKED} (name)")
            owner.execute(f"INSERT INTO {LOOKED} VALUES (1, 'a', 'b')")
            owner.execute(f"ANALYZE {LOOKED}")
            found = indexes(monitor)
            [state] = seen(monitor, "v_monitoring_state")
    finally:
        superuser.execute(f"GRANT SELECT ({columns}) ON pg_statistic TO erp_monitor")
    assert state["has_widths"] is False
    assert found["looked_name"]["bloat_bytes"] is None
    assert not found["looked_name"]["is_bloated"]
    assert found[f"{LOOKED}_pkey"]["bloat_bytes"] == 0  # a number is as wide as its type


def test_indexes_of_partitions_are_added_up(monitor: Connection) -> None:
    found = {row["index_name"]: row for row in seen(monitor, "v_index_use")}
    assert not [name for name in found if "_p20" in name]
    sums = {
        name: tuple(values)
        for name, *values in rows(
            monitor,
            "SELECT parent.relname::text, count(*), sum(pg_relation_size(i.inhrelid))::bigint, "
            "       sum(coalesce(s.idx_scan, 0))::bigint "
            "FROM pg_inherits i JOIN pg_class parent ON parent.oid = i.inhparent "
            "LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.inhrelid "
            "WHERE parent.relkind = 'I' GROUP BY parent.relname",
        )
    }
    assert len(sums) > 10
    for name, values in sums.items():
        assert tuple(found[name][column] for column in ("pieces", "bytes", "scans")) == values


def test_every_index_there_is_stands_in_the_view(monitor: Connection) -> None:
    count = one(
        monitor,
        "SELECT count(*) FROM pg_class WHERE relkind IN ('i', 'I') AND NOT relispartition "
        "AND relnamespace = 'public'::regnamespace",
    )
    assert len(seen(monitor, "v_index_use")) == count
    assert OTHER not in {row["table_name"] for row in seen(monitor, "v_index_use")}
