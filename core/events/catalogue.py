"""Which kinds of events a company's own programs are told of. Declared by the apps.

Nothing is shown that was not declared: who writes to whom, or who logs in, is announced
as well, and is not for everybody who may follow the books.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from inspect import cleandoc

from core.jobs.outbox import Event

#: What an event that is not declared is called where numbers are told.
INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of event, as clients know it: its name and the fields of its data."""

    name: str
    description: str
    fields: tuple[str, ...]


_declared: dict[str, EventType] = {}


def declare_events(*events: type[Event]) -> None:
    """Called by each app when it is ready, for what it tells the world. Fields are a contract."""
    for event in events:
        names = tuple(field.name for field in fields(event))
        _declared[event.name] = EventType(event.name, cleandoc(event.__doc__ or ""), names)


def event_types() -> list[EventType]:
    """Everything declared, by name."""
    return [_declared[name] for name in sorted(_declared)]


def told_names() -> list[str]:
    """Their names alone."""
    return sorted(_declared)


def unknown(names: Iterable[str]) -> list[str]:
    """Those that are no declared kind, sorted."""
    return sorted(set(names) - _declared.keys())
