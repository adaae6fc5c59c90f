"""What makes a table a partitioned one: `class Message(Monthly, TenantModel)`."""

from datetime import datetime
from typing import Any, ClassVar

from core.ids import uuid7_floor
from core.tenancy.fields import TenantManager, TenantQuerySet


class Monthly:
    """Mixin: rows go to the partition of the month that their UUIDv7 was made in.

    The database backend adds `PARTITION BY RANGE`. A plain class, because Django
    keeps plain bases in migrations.
    """

    partition_column: ClassVar[str] = "id"


class MonthlyQuerySet(TenantQuerySet):
    def between(self, start: datetime, end: datetime) -> "MonthlyQuerySet":
        """Rows of the time from `start` to before `end`: a range of keys, so few partitions."""
        column = self.model.partition_column
        bounds = {f"{column}__gte": uuid7_floor(start), f"{column}__lt": uuid7_floor(end)}
        found: Any = self.filter(**bounds)
        return found


class MonthlyManager(TenantManager.from_queryset(MonthlyQuerySet)):  # type: ignore[misc]
    """Only rows of the transaction's tenant."""
