"""Which months a page opens."""

from datetime import UTC, date, datetime

import pytest

from core.ids import uuid7_floor
from core.partitions.months import bounds
from messaging.months import newest_months


@pytest.mark.parametrize(
    ("before", "months"),
    [
        (datetime(2026, 11, 15, tzinfo=UTC), ["2026-11", "2026-10"]),
        # Tomorrow of the last day: December has not begun, so November alone would be all.
        (datetime(2026, 12, 1, 21, tzinfo=UTC), ["2026-12", "2026-11", "2026-10"]),
        (datetime(2026, 1, 2, 1, tzinfo=UTC), ["2026-01", "2025-12"]),
        (datetime(2024, 3, 1, 0, tzinfo=UTC), ["2024-03", "2024-02", "2024-01"]),
    ],
)
def test_a_page_opens_the_newest_months_one_by_one(before: datetime, months: list[str]) -> None:
    wanted = []
    for name in months:
        since, until = bounds(date.fromisoformat(f"{name}-01"))
        wanted.append({"since": f"'{since}'::uuid", "until": f"'{until}'::uuid"})
    assert newest_months(uuid7_floor(before)) == wanted
