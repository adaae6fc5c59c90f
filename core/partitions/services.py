"""Maintenance: months ahead are made, months past their retention archived and dropped.

What cannot be done today because somebody holds a lock, or because an archive is not
what it should be, is reported and left for tomorrow; the rest goes on.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings

from core.errors import DomainError, Invalid, require
from core.partitions import registry
from core.partitions.archives import archive_check, archive_make, archive_usable
from core.partitions.models import PartitionArchive
from core.partitions.months import month_of, month_plus, partition_name
from core.partitions.registry import Family
from core.partitions.selectors import (
    Partition,
    months_ahead,
    partitions_by_table,
    past_retention,
)
from core.partitions.steps import PartitionRefused, only_maintainer, step

CREATE = "SELECT create_partition(%s, %s::date)"
DROP = "SELECT drop_partition(%s, %s::date, %s)"
#: Who imports one conversation of thirty years makes 360; thousands would slow every plan down.
HISTORY_MONTHS_MAX = 480
#: A restored month is wanted for something, and not dropped again the next day.
RESTORED_KEPT = timedelta(days=30)

log = structlog.get_logger(__name__)
Progress = Callable[[str], None]
Tables = dict[str, list[Partition]]


@dataclass(slots=True)
class Report:
    """What a maintenance did; `is_skipped` when another one was at it."""

    months_ahead: dict[str, int] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    archived: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    #: Past their retention, and kept because settings name no place for archives or forbid it.
    kept: list[str] = field(default_factory=list)
    postponed: dict[str, str] = field(default_factory=dict)
    is_skipped: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is missing, and which months of which family are past their retention."""

    missing: list[tuple[str, date]]
    retired: list[tuple[Family, date]]

    def __len__(self) -> int:
        return len(self.missing) + len(self.retired)


def maintenance_plan(*, moment: datetime) -> Plan:
    tables = partitions_by_table()
    missing = [
        (table, month)
        for family in registry.families()
        for table in reversed(family.tables)
        for month in _months_wanted(family, moment)
        if month not in {partition.month for partition in tables[table]}
    ]
    retired = [
        (family, month)
        for family in registry.families()
        for month in _months_retired(family, tables, moment)
    ]
    return Plan(missing, retired)


def partitions_maintain(*, moment: datetime, progress: Progress = lambda name: None) -> Report:
    """Do what the plan says, one step after the other, each committed for itself."""
    report = Report()
    with only_maintainer() as is_ours:
        report.is_skipped = not is_ours
        if is_ours:
            _maintain(maintenance_plan(moment=moment), report, moment, progress)
    report.months_ahead = {
        table: months_ahead(found, moment) for table, found in partitions_by_table().items()
    }
    log.info(
        "partitions_maintained",
        created=len(report.created),
        archived=report.archived,
        dropped=report.dropped,
        months_ahead=min(report.months_ahead.values(), default=None),
        is_skipped=report.is_skipped,
    )
    return report


def partitions_ensure(*, table: str, moments: Iterable[datetime]) -> list[str]:
    """Partitions for rows of these moments, whatever their age; for importers, before they write.

    Of the whole family, because reactions lie beside their messages. Called outside of
    any transaction; returns what had to be made.
    """
    family = registry.family_of(table)
    wanted = sorted({month_of(moment) for moment in moments})
    require(
        len(wanted) <= HISTORY_MONTHS_MAX,
        Invalid(f"That is history of {len(wanted)} months; at most {HISTORY_MONTHS_MAX} at once."),
    )
    existing = partitions_by_table()
    missing = [
        (name, month)
        for name in reversed(family.tables)
        for month in wanted
        if month not in {partition.month for partition in existing[name]}
    ]
    made = [found for name, month in missing for found in step(CREATE, [name, month])]
    return [name for name in made if name]


def _months_wanted(family: Family, moment: datetime) -> list[date]:
    this = month_of(moment)
    # What retention would drop is not made again.
    back = min(family.months_back, family.months_kept_here)
    return [month_plus(this, n) for n in range(-back, family.months_ahead + 1)]


def _months_retired(family: Family, tables: Tables, moment: datetime) -> list[date]:
    months = {
        month
        for table in family.tables
        for month in past_retention(tables[table], family.months_kept_here, moment)
    }
    wanted = PartitionArchive.objects.filter(
        table__in=family.tables, restored_at__gt=moment - RESTORED_KEPT
    )
    return sorted(months - set(wanted.values_list("month", flat=True)))


def _maintain(plan: Plan, report: Report, moment: datetime, progress: Progress) -> None:
    for table, month in plan.missing:
        name = partition_name(table, month)
        with _postponed(report, name):
            report.created += filter(None, step(CREATE, [table, month]))
        progress(name)
    for family, month in plan.retired:
        if settings.PARTITION_ARCHIVE_DIR:
            with _postponed(report, f"{family.name} {month:%Y-%m}"):
                _retire(family, month, report, moment)
        else:
            report.kept.append(f"{family.name} {month:%Y-%m}")
        progress(f"{family.name} {month:%Y-%m}")
    for table in registry.tables():
        with _postponed(report, f"names and statistics of {table}"):
            step("SELECT tidy_partitioned(%s)::text", [table])


def _retire(family: Family, month: date, report: Report, moment: datetime) -> None:
    """Archive the month in all its tables; then drop it, what refers to others first."""
    existing = partitions_by_table()
    tables = [t for t in family.tables if month in {p.month for p in existing[t]}]
    for table in tables:
        if archive_usable(partition_name(table, month), month) is None:
            report.archived.append(archive_make(table=table, month=month, moment=moment).path)
    if not settings.PARTITION_DROP:
        report.kept.append(f"{family.name} {month:%Y-%m}")
        return
    for table in tables:
        _drop(table, month, report, moment)
        report.dropped.append(partition_name(table, month))


def _drop(table: str, month: date, report: Report, moment: datetime) -> None:
    """The file is read once more: what was whole when it was written may not be now."""
    archive = archive_usable(partition_name(table, month), month)
    if archive is not None:
        archive_check(archive)
    try:
        step(DROP, [table, month, moment])
    except PartitionRefused as refusal:
        if refusal.rule != "partitions_archive_differs":
            raise
        # Somebody reacted to an old message since: archive what is there now, and drop that.
        report.archived.append(archive_make(table=table, month=month, moment=moment).path)
        step(DROP, [table, month, moment])


class _postponed:  # noqa: N801  reads as the statement that it is
    """A refusal inside is noted under `name`, and does not stop what comes after."""

    def __init__(self, report: Report, name: str) -> None:
        self._report, self._name = report, name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if not isinstance(error, DomainError | OSError):
            return False
        message = getattr(error, "message", "") or str(error)
        self._report.postponed[self._name] = message
        log.warning("partition_step_postponed", step=self._name, reason=message)
        return True
