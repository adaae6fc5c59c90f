"""The process that test_clock runs: it moves the clock over month ends, and writes all the time."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from django.core.management import call_command

from core.ids import uuid7
from core.partitions.months import month_of, partition_name
from core.partitions.selectors import months_ahead_least, partitions_by_table
from core.partitions.tasks import partitions_maintain_task
from tests.cast import Company, new_company, new_user
from tests.core.raw import one, raw, rows
from tests.partitions.scratch import month_ends
from tests.partitions.test_messages import begin

#: Without a number: over a year's end, with maintenance, and over the end of a leap February.
FEW = [date(2026, 12, 31), date(2028, 2, 29)]
SECONDS_BEFORE, SECONDS_AFTER = 1, 1
#: Maintenance is dead for 60 days, over a year's end.
DEAD = {date(2027, 12, 31), date(2028, 1, 31)}


def set_clock(path: Path, moment: datetime) -> None:
    """Move everybody's clock: the file holds the seconds between the true time and theirs."""
    true = datetime.now(UTC) - timedelta(seconds=int(path.read_text()))
    draft = path.with_suffix(".draft")
    draft.write_text(f"{int((moment - true).total_seconds()):+d}")
    draft.rename(path)
    assert abs(datetime.now(UTC) - moment) < timedelta(seconds=3), datetime.now(UTC)


def same_clock() -> bool:
    """Whether a new session of the server lives in our time."""
    with raw() as connection:
        server = one(connection, "SELECT clock_timestamp()")
        return abs(server - datetime.now(UTC)) < timedelta(seconds=3)


def write(company: Company, thread: object) -> str:
    """One message of this moment, by the application's clock; the month it went to."""
    assert same_clock(), "the server lives in another time"
    with raw(company.tenant_id) as connection:
        return str(
            one(
                connection,
                "INSERT INTO messaging_message (tenant_id, id, thread_id, sender_id, body, "
                "attachments) VALUES (%s, %s, %s, %s, 'x', '[]') RETURNING tableoid::regclass",
                company.tenant_id,
                uuid7(),
                thread,
                company.owner.pk,
            )
        )


def run(clock: Path, months: int) -> None:
    call_command("migrate", verbosity=0)
    company = new_company(new_user("alice"))
    thread = begin(company)
    ends = month_ends(date(2026, 11, 1), months) if months else []
    written = 0
    for day in [end.date() for end in ends] or FEW:
        if not months:  # maintenance has not slept through the year between
            set_clock(clock, datetime(day.year, day.month, 1, 2, 5, tzinfo=UTC))
            partitions_maintain_task()
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        set_clock(clock, midnight - timedelta(seconds=SECONDS_BEFORE))
        ahead = months_ahead_least(datetime.now(UTC))
        assert ahead is not None
        assert ahead >= 3, f"{ahead} months ahead at {day}"
        seen = set()
        while datetime.now(UTC) < midnight + timedelta(seconds=SECONDS_AFTER):
            seen.add(write(company, thread))
            written += 1
        expected = {partition_name("messaging_message", m) for m in (day, month_of(midnight))}
        assert seen == expected, (seen, expected)
        if day not in DEAD:
            partitions_maintain_task()
            assert months_ahead_least(datetime.now(UTC)) == 6  # of the audit log
        print(f"{day}: {ahead} ahead, {written} written", flush=True)
    with raw(company.tenant_id) as connection:
        assert one(connection, "SELECT count(*) FROM messaging_message") == written
        found = rows(connection, "SELECT DISTINCT tableoid::regclass::text FROM messaging_message")
    existing = {partition.name for partition in partitions_by_table()["messaging_message"]}
    assert {name for (name,) in found} <= existing
    print("every row was written", flush=True)
