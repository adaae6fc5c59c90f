"""Which tables are partitioned, and for how long their months are kept. Declared by their apps."""

from dataclasses import dataclass

from django.conf import settings


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
