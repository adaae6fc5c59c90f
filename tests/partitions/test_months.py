"""Years of month ends: the clock is a parameter here, and faked for whole servers in test_clock."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import DomainError
from core.partitions import registry
from core.partitions.registry import Family
from core.partitions.selectors import months_ahead, partitions_by_table
from core.partitions.services import maintenance_plan, partitions_ensure, partitions_maintain
from tests.cast import Company
from tests.partitions.scratch import HEARD, SAID, at, month_ends, partitions, say, sayings

MONTHS = 36
#: Maintenance does not run in these: once for 60 days, over a year's end.
DEAD = {date(2027, 12, 31), date(2028, 1, 31)}


def test_36_month_ends_with_archives_and_drops(
    scratch: None, archive_dir: Path, acme: Company
) -> None:
    """Every second around midnight can be written to; months ahead stay; the old ones go."""
    partitions_maintain(moment=at(2026, 11, 1))
    said, ahead = 0, []
    for end in month_ends(date(2026, 11, 1), MONTHS):
        now = partitions_by_table()
        ahead.append(min(months_ahead(found, end) for found in now.values()))
        for moment in (end, end + timedelta(milliseconds=1)):
            say(acme.tenant_id, moment)
            said += 1
        if end.date() not in DEAD:
            report = partitions_maintain(moment=end + timedelta(hours=2))
            assert report.postponed == {}
            assert set(report.months_ahead.values()) == {12}
        # 13 of before, this one, and 12 ahead; two more while nobody looked.
        assert len(partitions()) <= 28
        assert partitions(HEARD) == [name.replace(SAID, HEARD) for name in partitions()]
    # 12 at the end of a month that maintenance saw, 10 after two that it did not.
    assert (max(ahead), min(ahead)) == (12, 10)
    kept = len(sayings(acme.tenant_id))
    assert 24 <= kept < said
    assert partitions()[0] == f"{SAID}_p2028_11"
    assert len(list(archive_dir.rglob("*.zst"))) == 2 * len(_months_dropped())


def _months_dropped() -> list[str]:
    """August 2026 (three months back of the first day) to October 2028."""
    return [f"{2026 + n // 12}-{n % 12 + 1:02}" for n in range(7, 34)]


def test_maintenance_dead_for_eleven_months_is_survived(scratch: None, acme: Company) -> None:
    partitions_maintain(moment=at(2026, 12, 31, 23, 59))
    for end in month_ends(date(2026, 12, 1), 12):
        say(acme.tenant_id, end)
    assert len(sayings(acme.tenant_id)) == 12


def test_a_gap_does_not_count_as_ready(scratch: None) -> None:
    partitions_ensure(table=SAID, moments=[at(2027, 1, 1), at(2027, 2, 1), at(2027, 4, 1)])
    found = partitions_by_table()[SAID]
    assert months_ahead(found, at(2027, 1, 31, 23, 59)) == 1
    assert months_ahead(found, at(2027, 2, 1)) == 0
    assert months_ahead(found, at(2027, 3, 1)) == -1


def test_the_plan_is_what_is_done_and_then_nothing(scratch: None) -> None:
    moment = at(2028, 2, 29, 23, 59, 59)
    plan = maintenance_plan(moment=moment)
    assert len(plan.missing) == 2 * 16
    assert plan.missing[0] == (SAID, date(2027, 11, 1))
    assert len(partitions_maintain(moment=moment).created) == 32
    assert len(maintenance_plan(moment=moment)) == 0
    assert partitions_maintain(moment=moment).created == []


def test_history_gets_its_partitions_in_the_whole_family(scratch: None, acme: Company) -> None:
    moments = [at(1999, 12, 31, 23, 59, 59), at(2000, 2, 29), at(2000, 2, 1), at(2004, 1, 1)]
    made = partitions_ensure(table=HEARD, moments=moments)
    assert made == [
        f"{table}_p{month}"
        for table in (SAID, HEARD)
        for month in ("1999_12", "2000_02", "2004_01")
    ]
    assert partitions_ensure(table=SAID, moments=moments) == []
    for moment in moments:
        say(acme.tenant_id, moment)
    assert len(sayings(acme.tenant_id)) == 4


def test_a_history_of_thousands_of_months_is_refused(scratch: None) -> None:
    moments = [at(1970 + n // 12, n % 12 + 1) for n in range(481)]
    with pytest.raises(DomainError, match="at most 480"):
        partitions_ensure(table=SAID, moments=moments)


def test_a_table_that_nobody_declared_is_refused(scratch: None) -> None:
    with pytest.raises(LookupError):
        partitions_ensure(table="messaging_message", moments=[at(2026, 1, 1)])


def test_what_is_kept_can_be_set(scratch: None, archive_dir: Path, settings: Any) -> None:
    partitions_ensure(table=SAID, moments=[at(2026, month, 1) for month in range(1, 13)])
    settings.PARTITION_MONTHS_KEPT = {"scratch": 6}
    report = partitions_maintain(moment=at(2026, 12, 15))
    assert report.dropped[::2] == [f"{HEARD}_p2026_0{month}" for month in range(1, 6)]
    assert partitions()[0] == f"{SAID}_p2026_06"


def test_what_would_be_dropped_is_not_made(scratch: None) -> None:
    registry.declare(Family("scratch", (HEARD, SAID), months_ahead=1, months_kept=1))
    made = partitions_maintain(moment=at(2026, 12, 15)).created
    assert made[:3] == [f"{SAID}_p{month}" for month in ("2026_11", "2026_12", "2027_01")]
