"""Which months a statement opens.

They are written into its text. Of a parameter PostgreSQL learns as it runs the statement, after it
has opened the table and the indexes of every month; and it prices the plan for all of them, so that
it would rather plan each time anew. There is one text a month, and a session keeps its plan.
"""

from uuid import UUID

from core.ids import uuid7, uuid7_time
from core.partitions.months import bounds, month_of, month_plus

#: Nothing is sent later than this many milliseconds from now, whatever the clocks.
AHEAD_MAX = 24 * 3600 * 1000


def after_all() -> UUID:
    """After every message."""
    return UUID(int=uuid7().int + (AHEAD_MAX << 80))


def window(
    oldest: UUID | None, newest: UUID | None = None, *, months_before: int = 0
) -> dict[str, str]:
    """`since` and `until`, as SQL: from the month of `oldest` to that of `newest`.

    Without `oldest` from the first month on, without `newest` to now.
    """
    first, last = UUID(int=0), month_of(uuid7_time(newest or after_all()))
    if oldest is not None:
        first, _ = bounds(month_plus(month_of(uuid7_time(oldest)), -months_before))
    return {"since": f"'{first}'::uuid", "until": f"'{bounds(last)[1]}'::uuid"}


def newest_months(before: UUID) -> list[dict[str, str]]:
    """The month of `before` and the one before it, each by itself, the newest first.

    Where `before` may be tomorrow, of a month that has not begun, one more.
    """
    month = month_of(uuid7_time(before))
    oldest = month_plus(month_of(uuid7_time(UUID(int=before.int - (AHEAD_MAX << 80)))), -1)
    found = []
    while month >= oldest:
        since, until = bounds(month)
        found.append({"since": f"'{since}'::uuid", "until": f"'{until}'::uuid"})
        month = month_plus(month, -1)
    return found
