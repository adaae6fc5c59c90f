"""What a thread may be about: types of records, registered by whoever knows them.

The apps beside this one are not known here. The house's wiring says which of
their records can be talked about, and who may see them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from core.tenancy.context import Context


@dataclass(frozen=True, slots=True)
class RecordType:
    """`app.model`; the permission that shows such a record; whether there is one with this id."""

    name: str
    permission: str
    exists: Callable[[Context, UUID], bool]


_types: dict[str, RecordType] = {}


def register(*types: RecordType) -> None:
    """Called when the house is ready."""
    _types.update({one.name: one for one in types})


def record_type(name: str) -> RecordType | None:
    return _types.get(name)


def names() -> list[str]:
    """The types that threads may be about, sorted."""
    return sorted(_types)
