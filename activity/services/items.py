"""One event as a client sent it: understood, or refused with a reason. No database, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from activity.catalogue import TYPES, UUID_LENGTH, EventType
from core.ids import uuid7_time
from core.tenancy.context import Context

#: How late an event may come, and how far a client's clock may be ahead.
LATE_MAX, AHEAD_MAX = timedelta(days=7), timedelta(minutes=5)
#: What a client may say twice, in the id and in `occurred_at`, and has measured twice.
APART_MAX = timedelta(seconds=1)
FIELDS = frozenset({"id", "type", "properties", "occurred_at"})
#: Of a name that is repeated in a refusal.
SHOWN_MAX = 60


class Event(NamedTuple):
    id: UUID
    type: str
    properties: dict[str, Any]


class Refusal(Exception):
    """Why an event was not taken: a code for programs, a sentence for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


#: Every reason that an event can be refused for.
REASONS = (
    "malformed",
    "bad_id",
    "too_old",
    "in_the_future",
    "time_differs",
    "unknown_type",
    "unknown_property",
    "missing_property",
    "invalid_property",
    "quota_exceeded",
)


@dataclass(frozen=True, slots=True)
class Window:
    """The milliseconds since 1970 that an event may have happened in."""

    first: int
    last: int

    @classmethod
    def of(cls, ctx: Context) -> "Window":
        return cls(_milliseconds(ctx.now - LATE_MAX), _milliseconds(ctx.now + AHEAD_MAX))


def event_of(given: Any, window: Window) -> Event:
    """The event that `given` is; raises Refusal."""
    if not isinstance(given, dict) or not FIELDS.issuperset(given):
        raise Refusal("malformed", "An object of id, type, properties and occurred_at.")
    event_id = _id_of(given.get("id"), window)
    if "occurred_at" in given:
        _same_time(given["occurred_at"], event_id)
    name, properties = given.get("type"), given.get("properties", {})
    found = TYPES.get(name) if isinstance(name, str) else None
    if found is None or not isinstance(name, str):
        raise Refusal("unknown_type", f"{_shown(name)} is no type of event.")
    if not isinstance(properties, dict):
        raise Refusal("malformed", "properties: an object.")
    _check(found, properties)
    return Event(event_id, name, properties)


def _id_of(given: Any, window: Window) -> UUID:
    """A UUIDv7 as RFC 9562 writes it, of a time within the window."""
    try:
        found = UUID(given) if isinstance(given, str) and len(given) == UUID_LENGTH else None
    except ValueError:
        found = None
    # `version` is None where the variant is another one.
    if found is None or found.version != 7:
        raise Refusal("bad_id", "A UUID of version 7, made when the event happened.")
    milliseconds = found.int >> 80
    if milliseconds < window.first:
        raise Refusal("too_old", f"Events are taken for {LATE_MAX.days} days.")
    if milliseconds > window.last:
        raise Refusal("in_the_future", "The id is of a time to come: look at the clock.")
    return found


def _same_time(given: Any, event_id: UUID) -> None:
    """The id says when it happened; who says it again has to say the same."""
    try:
        said = datetime.fromisoformat(given)
        differs = abs(said - uuid7_time(event_id)) > APART_MAX
    except (ValueError, TypeError, OverflowError) as error:  # TypeError: no text, or no zone
        raise Refusal("malformed", "occurred_at: a time with its zone, ISO 8601.") from error
    if differs:
        raise Refusal("time_differs", "occurred_at is not the time that the id was made at.")


def _check(declared: EventType, properties: Mapping[str, Any]) -> None:
    for name in declared.required:
        if name not in properties:
            raise Refusal("missing_property", f"{name} is required.")
    for name, value in properties.items():
        kind = declared.required.get(name) or declared.optional.get(name)
        if kind is None:
            raise Refusal("unknown_property", f"{_shown(name)} is no property of this type.")
        problem = kind.problem(value)
        if problem:
            raise Refusal("invalid_property", f"{name}: {problem}.")


def _shown(name: Any) -> str:
    """Something of what was sent, short and on one line."""
    return ascii(name)[:SHOWN_MAX] if isinstance(name, str) else type(name).__name__


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
