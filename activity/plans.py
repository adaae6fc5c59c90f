"""How many events a month each plan holds, and what happens beyond."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """`is_hard`: events beyond the limit are refused; else they are accepted and marked."""

    name: str
    events_per_month: int | None
    is_hard: bool = False


PLANS: dict[str, Plan] = {
    "free": Plan("Free", 100_000, is_hard=True),
    "standard": Plan("Standard", 2_000_000),
    "large": Plan("Large", 20_000_000),
    "unlimited": Plan("Unlimited", None),
}
DEFAULT_PLAN = "standard"
#: Percents of a limit that are told of, each once a month.
LEVELS = (80, 100)
