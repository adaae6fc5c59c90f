"""Which tables hold persons, and how long each table keeps its rows. Declared by the apps.

Erasing a person, the report about him, the page and the document of retention all read
this; nobody keeps a second list.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.apps import apps
from django.db.models import Model

from core.audit.declared import Audited
from core.audit.triggers import declaration_of
from core.partitions import registry as partitions

CONTACT, USER = "contact", "user"
#: The beat entry that makes, archives and drops months.
MONTHS = "make and retire monthly partitions"


class Fate(StrEnum):
    """What becomes of rows when their person is erased."""

    EMPTIED = "emptied"
    DELETED = "deleted"
    UNLINKED = "unlinked"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What one table holds of persons of a kind.

    `person` is the lookup that leads to the person's id, or to his e-mail address where
    `by_email`. Of `columns` the report is made. What is EMPTIED is written by the service
    that erases; the rest is done from here. Rows of `on_platform` belong to no company and
    are told to the platform only.
    """

    kind: str
    label: str
    person: str
    columns: tuple[str, ...]
    fate: Fate
    why: str
    by_email: bool = False
    on_platform: bool = False

    @property
    def model(self) -> type[Model]:
        return apps.get_model(self.label)

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def logged_columns(self) -> tuple[str, ...]:
        """What the audit log keeps apart of this table, so that it can be erased."""
        declared = declaration_of(self.model)
        return declared.personal if isinstance(declared, Audited) else ()


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a table keeps its rows, in words made of the very numbers that hold.

    `purged_by` is the name of an entry of beat; empty where rows go with what they belong
    to, or stay. `dated_by` is the column that says how old a row is: a UUIDv7, a date or a
    moment; empty where no row is older than another.
    """

    table: str
    kept: str
    purged_by: str = ""
    dated_by: str = "id"


_persons: dict[tuple[str, str, str], PersonalData] = {}
_retention: dict[str, Retention] = {}


def declare_persons(*declared: PersonalData) -> None:
    """Called by each app when it is ready."""
    _persons.update({(one.kind, one.label, one.person): one for one in declared})


def declare_retention(*declared: Retention) -> None:
    """Called by each app when it is ready; months of partitioned tables declare themselves."""
    _retention.update({one.table: one for one in declared})


def persons(kind: str | None = None) -> list[PersonalData]:
    """Everything declared of a kind of persons, in the order of declaration: own row first."""
    return [one for one in _persons.values() if kind in (None, one.kind)]


def retention() -> list[Retention]:
    """Of every table, by its name."""
    found = _retention | {one.table: one for one in _months()}
    return [found[table] for table in sorted(found)]


def has_tenant(model: type[Model]) -> bool:
    """Whether rows say which company they belong to, in a table of theirs or a global one."""
    return any(field.name == "tenant" for field in model._meta.local_fields)


def _months() -> Iterable[Retention]:
    for family in partitions.families():
        for table in family.tables:
            column: Any = _partition_column(table)
            kept = f"{family.months_kept_here} whole months; then archived and dropped, where"
            yield Retention(table, f"{kept} settings say so", MONTHS, column)


def _partition_column(table: str) -> str:
    for model in apps.get_models():
        if model._meta.db_table == table:
            return str(getattr(model, "partition_column", "id"))
    raise LookupError(table)
