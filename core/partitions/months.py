"""Months of UTC, as their first days, and the names and bounds of their partitions."""

from datetime import UTC, date, datetime
from uuid import UUID

from core.ids import uuid7_floor


def month_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date().replace(day=1)


def month_plus(month: date, months: int) -> date:
    years, index = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(years, index + 1, 1)


def partition_name(table: str, month: date) -> str:
    return f"{table}_p{month:%Y_%m}"


def month_of_partition(partition: str) -> date:
    """`messaging_message_p2026_11` to the first of November 2026."""
    year, month = partition.rpartition("_p")[2].split("_")
    return date(int(year), int(month), 1)


def bounds(month: date) -> tuple[UUID, UUID]:
    """The smallest key of the month, and of the one after it."""
    return uuid7_floor(beginning(month)), uuid7_floor(beginning(month_plus(month, 1)))


def beginning(month: date) -> datetime:
    return datetime(month.year, month.month, month.day, tzinfo=UTC)
