"""Every type of event, with what may be said about it. What is not declared here is refused.

Events are about the product, not about people: there is no place for free text, words
that were searched for, or names. A property's limits are also what keeps a row small.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

UUID_LENGTH = 36


class Kind(Protocol):
    """What a property may hold."""

    def problem(self, value: Any) -> str:
        """What is wrong with `value`; empty when nothing is."""


@dataclass(frozen=True, slots=True)
class Text:
    """One line: no control characters, of which PostgreSQL could not even store NUL."""

    length_max: int

    def problem(self, value: Any) -> str:
        if isinstance(value, str) and len(value) <= self.length_max and value.isprintable():
            return ""
        return f"one line of at most {self.length_max} characters"


@dataclass(frozen=True, slots=True)
class OneOf:
    choices: tuple[str, ...]

    def problem(self, value: Any) -> str:
        known = isinstance(value, str) and value in self.choices
        return "" if known else f"one of {', '.join(self.choices)}"


@dataclass(frozen=True, slots=True)
class Whole:
    largest: int

    def problem(self, value: Any) -> str:
        # A bool is an int to Python, and none to anybody who counts.
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return "" if is_whole and 0 <= value <= self.largest else f"whole, 0 to {self.largest}"


@dataclass(frozen=True, slots=True)
class Number:
    largest: float

    def problem(self, value: Any) -> str:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if is_number and 0 <= value <= self.largest else f"0 to {self.largest:g}"


@dataclass(frozen=True, slots=True)
class Id:
    """Of a record, which need not exist any more."""

    def problem(self, value: Any) -> str:
        try:
            found = isinstance(value, str) and len(value) == UUID_LENGTH and UUID(value)
        except ValueError:
            found = False
        return "" if found else "a UUID"


@dataclass(frozen=True, slots=True)
class EventType:
    """`required` properties have to be there, `optional` ones may."""

    required: Mapping[str, Kind] = field(default_factory=dict)
    optional: Mapping[str, Kind] = field(default_factory=dict)

    @property
    def properties(self) -> dict[str, Kind]:
        return {**self.required, **self.optional}


#: A day, in the two units that clients measure in.
DAY_SECONDS, DAY_MILLISECONDS = 86_400, 86_400_000
PAGE, NAME = Text(200), Text(60)

TYPES: dict[str, EventType] = {
    "session.started": EventType({"device": OneOf(("desktop", "tablet", "phone"))}),
    "session.ended": EventType({"seconds": Whole(DAY_SECONDS)}),
    "page.viewed": EventType(
        {"page": PAGE}, {"referrer": PAGE, "milliseconds": Whole(DAY_MILLISECONDS)}
    ),
    "page.measured": EventType(
        {"page": PAGE, "metric": OneOf(("lcp", "inp", "cls")), "value": Number(600_000)}
    ),
    "feature.used": EventType(
        {"feature": NAME}, {"source": OneOf(("menu", "button", "shortcut", "link"))}
    ),
    "record.opened": EventType({"record_type": NAME}, {"record_id": Id(), "source": NAME}),
    "search.performed": EventType(
        {"area": NAME}, {"results": Whole(1_000_000), "milliseconds": Whole(DAY_MILLISECONDS)}
    ),
    "report.opened": EventType({"report": NAME}, {"milliseconds": Whole(DAY_MILLISECONDS)}),
    "export.downloaded": EventType(
        {"export": NAME, "format": OneOf(("csv", "pdf", "xlsx"))}, {"rows": Whole(100_000_000)}
    ),
    "form.abandoned": EventType({"form": NAME}, {"seconds": Whole(DAY_SECONDS)}),
    "client.failed": EventType({"code": NAME}, {"page": PAGE}),
}
