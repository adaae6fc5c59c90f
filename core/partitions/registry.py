"""Which tables are partitioned, and for how long their months are kept. Declared by their apps."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.conf import settings

from core.tenancy.context import Context

#: Part of a command that brings rows of a month back: takes away what its tenant has had deleted
#: since they were archived. True where the month may hold such, however often it is asked.
Forget = Callable[[Context, date], bool]


@dataclass(frozen=True, slots=True)
class Family:
    """Tables whose months belong together, in the order in which they are dropped.

    What refers to another table stands before it. Only months older than `months_kept`
    whole ones are archived and dropped, and only where settings say so.
    """

    name: str
    tables: tuple[str, ...]
    months_ahead: int = 12
    months_back: int = 3
    months_kept: int = 12
    #: The SQL function that takes back archived rows of a table that the application cannot write.
    restored_by: str = ""
    forget: Forget | None = None

    @property
    def months_kept_here(self) -> int:
        """As settings have it, else as the app declared it."""
        kept: int = settings.PARTITION_MONTHS_KEPT.get(self.name, self.months_kept)
        return kept


_families: dict[str, Family] = {}


def declare(family: Family) -> None:
    """Called by each app when it is ready."""
    _families[family.name] = family


def families() -> list[Family]:
    return list(_families.values())


def family_of(table: str) -> Family:
    for family in _families.values():
        if table in family.tables:
            return family
    raise LookupError(f"{table} is not declared as a partitioned table.")


def tables() -> list[str]:
    return [table for family in _families.values() for table in family.tables]
