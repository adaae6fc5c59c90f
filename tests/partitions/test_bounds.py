"""What the SQL functions make, and whom they obey."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from core.ids import uuid7, uuid7_floor
from core.partitions.months import bounds, month_of, month_of_partition, month_plus, partition_name
from tests.cast import Company
from tests.core.raw import one, raw, refused, rows
from tests.database import connect
from tests.partitions.scratch import HEARD, SAID, at, id_at, partitions, say

CREATE = "SELECT create_partition(%s, %s::date)"


def test_the_database_and_python_agree_on_the_bounds_of_130_years() -> None:
    months = [date(year, month, 1) for year in range(1970, 2100) for month in range(1, 13)]
    with raw() as connection:
        found = rows(
            connection,
            "SELECT uuid7_floor(m), uuid7_floor(m + interval '1 month'), partition_name('t', m) "
            "FROM unnest(%s::date[]) WITH ORDINALITY AS x(m, n) ORDER BY n",
            months,
        )
    assert found == [(*bounds(month), partition_name("t", month)) for month in months]
    assert all(earlier[1] == later[0] for earlier, later in pairwise(found))
    assert [month_of_partition(name) for *_, name in found] == months


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (at(2028, 2, 29, 23, 59, 59, 999_999), date(2028, 2, 1)),
        (at(2028, 3, 1), date(2028, 3, 1)),
        (at(2026, 12, 31, 23, 59, 59, 999_999), date(2026, 12, 1)),
        (at(2027, 1, 1), date(2027, 1, 1)),
        (at(2100, 2, 28, 23, 59, 59, 999_999), date(2100, 2, 1)),
    ],
)
def test_the_last_key_of_a_month_is_below_the_next_months_first(
    moment: datetime, month: date
) -> None:
    low, high = bounds(month)
    assert month_of(moment) == month
    assert low <= uuid7_floor(moment) <= id_at(moment) < high


def test_they_agree_on_any_millisecond() -> None:
    dice = Random(7)
    moments = [
        datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=dice.randrange(4 * 10**12))
        for _ in range(5000)
    ]
    with raw() as connection:
        found = rows(
            connection,
            "SELECT uuid7_floor(m) FROM unnest(%s::timestamptz[]) WITH ORDINALITY AS x(m, n) "
            "ORDER BY n",
            moments,
        )
    assert [floor for (floor,) in found] == [uuid7_floor(moment) for moment in moments]


def test_a_key_made_now_is_not_below_the_floor_of_now() -> None:
    before = datetime.now(UTC)
    assert uuid7_floor(before) <= uuid7() < uuid7_floor(before + timedelta(minutes=1))


def test_months_over_a_year_end() -> None:
    assert month_plus(date(2026, 12, 1), 1) == date(2027, 1, 1)
    assert month_plus(date(2027, 1, 1), -1) == date(2026, 12, 1)
    assert month_plus(date(2027, 1, 1), -13) == date(2025, 12, 1)


def test_a_partition_has_all_that_its_table_has(scratch: None) -> None:
    with raw() as connection:
        assert one(connection, CREATE, SAID, "2026-12-15") == f"{SAID}_p2026_12"
    with raw(alias="owner") as owner:
        indexes = rows(
            owner,
            "SELECT indexname::text FROM pg_indexes WHERE tablename = %s ORDER BY 1",
            f"{SAID}_p2026_12",
        )
        statistics = one(
            owner,
            "SELECT count(*) FROM pg_statistic_ext WHERE stxrelid = %s::regclass "
            "AND stxkind @> '{d,f}'",
            f"{SAID}_p2026_12",
        )
        secured, acl = rows(
            owner,
            "SELECT relrowsecurity, relacl::text FROM pg_class WHERE relname = %s",
            f"{SAID}_p2026_12",
        )[0]
    assert indexes == [("scratch_said_body_p2026_12",), ("scratch_said_pkey_p2026_12",)]
    assert statistics == 1
    assert secured
    assert acl is None


def test_an_index_that_is_added_later_is_named_by_maintenance(scratch: None) -> None:
    with raw() as connection:
        connection.execute(CREATE, [SAID, "2026-12-15"])
    with connect("owner") as owner:
        owner.execute(f"CREATE INDEX scratch_said_at ON {SAID} (tenant_id, said_at)")
    with raw() as connection:
        connection.execute("SELECT tidy_partitioned(%s)", [SAID])
        found = rows(
            connection,
            "SELECT relname::text FROM pg_class WHERE relname ~ '^scratch_said.*p2026_12$' "
            "AND relkind = 'i' ORDER BY 1",
        )
    assert ("scratch_said_at_p2026_12",) in found
    assert len(found) == 3


def test_making_it_again_makes_nothing(scratch: None) -> None:
    made = "SELECT count(*) FROM create_future_partitions(%s, %s, %s)"
    with raw() as connection:
        assert one(connection, made, SAID, 3, at(2027, 11, 30)) == 4
        assert one(connection, made, SAID, 3, at(2027, 11, 1)) == 0
        assert one(connection, made, SAID, 4, at(2027, 11, 30)) == 1
    assert partitions() == [
        f"{SAID}_p{month}" for month in ("2027_11", "2027_12", "2028_01", "2028_02", "2028_03")
    ]


def test_a_row_of_the_first_and_of_the_last_millisecond_lie_apart(
    scratch: None, acme: Company
) -> None:
    with raw() as connection:
        connection.execute("SELECT create_future_partitions('scratch_said', 1, '2028-02-10')")
        connection.execute("SELECT create_future_partitions('scratch_heard', 1, '2028-02-10')")
    say(acme.tenant_id, at(2028, 2, 29, 23, 59, 59, 999_000))
    say(acme.tenant_id, at(2028, 3, 1))
    with raw(acme.tenant_id) as connection:
        found = rows(connection, f"SELECT tableoid::regclass::text FROM {SAID} ORDER BY id")
    assert found == [(f"{SAID}_p2028_02",), (f"{SAID}_p2028_03",)]


@pytest.mark.parametrize(
    "target",
    [
        "permissions_user",
        "accounting_journal",
        "pg_class",
        "nothing",
        f"{SAID}_p2026_12",
        f"{SAID}; DROP TABLE tenancy_tenant",
    ],
)
def test_only_partitioned_tables_of_ours_are_served(scratch: None, target: str) -> None:
    with raw() as connection:
        connection.execute(CREATE, [SAID, "2026-12-01"])
    for statement in (
        "SELECT create_partition(%s, '2026-12-01')",
        "SELECT drop_partition(%s, '2026-12-01')",
        "SELECT drop_old_partitions(%s, 12)",
        "SELECT tidy_partitioned(%s)",
    ):
        with refused("partitions_not_ours"), raw() as connection:
            connection.execute(statement, [target])


@pytest.mark.parametrize("month", ["1969-12-01", "2999-01-01"])
def test_months_that_no_key_has_are_refused(scratch: None, month: str) -> None:
    with refused("partitions_month"), raw() as connection:
        connection.execute(CREATE, [SAID, month])


def test_at_least_a_whole_month_is_kept(scratch: None) -> None:
    with refused("partitions_months_kept"), raw() as connection:
        connection.execute("SELECT drop_old_partitions('scratch_said', 0)")


def test_the_application_itself_can_make_drop_and_read_no_partition(
    scratch: None, acme: Company
) -> None:
    with raw() as connection:
        for table in (SAID, HEARD):
            connection.execute(CREATE, [table, "2026-12-01"])
    say(acme.tenant_id, at(2026, 12, 5))
    for statement in (
        f"SELECT * FROM {SAID}_p2026_12",
        f"INSERT INTO {SAID}_p2026_12 (tenant_id, id) SELECT tenant_id, id FROM {SAID}",
        f"DROP TABLE {SAID}_p2026_12",
        f"ALTER TABLE {SAID} DETACH PARTITION {SAID}_p2026_12",
    ):
        with refused("42501"), raw(acme.tenant_id) as connection:
            connection.execute(statement)


def test_nobody_else_may_call_them() -> None:
    with raw(alias="owner") as owner:
        found = rows(
            owner,
            "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace "
            "AND EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0)",
        )
        lent = rows(
            owner,
            "SELECT proname::text FROM pg_proc "
            "WHERE prosecdef AND proname ~ 'partition' ORDER BY 1",
        )
    assert found == []
    assert lent == [("create_partition",), ("drop_partition",), ("tidy_partitioned",)]
