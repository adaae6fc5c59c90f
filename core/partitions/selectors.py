"""What partitions there are, from PostgreSQL's own catalogue: sizes and estimates, no rows."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from core.partitions import registry
from core.partitions.models import PartitionArchive
from core.partitions.months import bounds, month_of, month_of_partition, month_plus

#: An estimate of the planner is -1 before the first ANALYZE.
PARTITIONS_SQL = """
    SELECT parent.relname, child.relname, pg_total_relation_size(child.oid),
           greatest(child.reltuples, 0)::bigint,
           (SELECT count(*) FROM pg_statistic_ext s WHERE s.stxrelid = child.oid),
           greatest(stat.last_analyze, stat.last_autoanalyze)
    FROM pg_inherits i
    JOIN pg_class child ON child.oid = i.inhrelid
    JOIN pg_class parent ON parent.oid = i.inhparent
    LEFT JOIN pg_stat_user_tables stat ON stat.relid = child.oid
    WHERE parent.relname = ANY(%s) AND parent.relnamespace = 'public'::regnamespace
      AND parent.relkind = 'p'
    ORDER BY child.relname
"""


@dataclass(frozen=True, slots=True)
class Partition:
    table: str
    name: str
    month: date
    bytes: int
    rows_estimated: int
    statistics: int
    analyzed_at: datetime | None

    @property
    def bounds(self) -> tuple[Any, Any]:
        return bounds(self.month)


def partitions_by_table() -> dict[str, list[Partition]]:
    """Of every declared table, oldest month first."""
    found: dict[str, list[Partition]] = {table: [] for table in registry.tables()}
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(PARTITIONS_SQL, [list(found)])
        for table, name, size, rows, statistics, analyzed_at in cursor.fetchall():
            month = month_of_partition(name)
            found[table].append(Partition(table, name, month, size, rows, statistics, analyzed_at))
    return found


def months_ahead(partitions: list[Partition], now: datetime) -> int:
    """How many months after this one have partitions without a gap; -1 where this one has none."""
    months = {partition.month for partition in partitions}
    month, ahead = month_of(now), -1
    while month in months:
        month, ahead = month_plus(month, 1), ahead + 1
    return ahead


def months_ahead_least(now: datetime) -> int | None:
    """Of the declared table that has the fewest; None where no table is partitioned."""
    return min((months_ahead(found, now) for found in partitions_by_table().values()), default=None)


def past_retention(partitions: list[Partition], months_kept: int, now: datetime) -> list[date]:
    """Months that were over `months_kept` whole months before this one began."""
    oldest_kept = month_plus(month_of(now), -months_kept)
    return [partition.month for partition in partitions if partition.month < oldest_kept]


def archives_by_partition() -> dict[str, PartitionArchive]:
    """The newest verified archive of each partition, dropped or not."""
    verified = PartitionArchive.objects.exclude(verified_at=None).order_by("created_at", "id")
    return {archive.partition: archive for archive in verified}
