"""Sums by hour and day: equal to a plain GROUP BY, however late and in whatever order."""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from activity.services.events import BATCH_MAX
from activity.services.rollups import (
    usage_counts_purge,
    usage_days_roll_up,
    usage_hours_count,
    usage_hours_roll_up,
)
from tests.activity.events import (
    BY_HOUR,
    DAYS,
    HOURS,
    counts,
    expected,
    ids_of,
    now,
    plain_days,
    plain_hours,
    statuses,
    sums,
    take,
    used,
    viewed,
)
from tests.cast import Company, join, new_user
from tests.core.raw import one, raw

#: 100,000 are the real thing: USAGE_EVENTS=100000.
EVENTS = int(os.environ.get("USAGE_EVENTS", "4000"))
CLIENTS, TIMES = 16, 3
WAITING = "SELECT count(*) FROM activity_usagearrival"


def roll_up(company: Company) -> None:
    usage_hours_roll_up(company.ctx())
    usage_days_roll_up(company.ctx())


def assert_true(company: Company) -> None:
    """The sums are those of a plain GROUP BY, and nothing waits any more."""
    assert counts(company, HOURS) == plain_hours(company)
    assert counts(company, DAYS) == plain_days(company)
    with raw(company.tenant_id) as connection:
        assert one(connection, WAITING) == 0


def a_week(count: int) -> list[dict[str, Any]]:
    """Events of the last seven days, most of them views."""
    end = now()
    moments = [end - timedelta(seconds=random.uniform(1, 6.9 * 86_400)) for _ in range(count)]
    return [viewed(one) if random.random() < 0.7 else used(one) for one in moments]


def test_three_times_shuffled_from_sixteen_clients_is_once(acme: Company) -> None:
    """While others count all the time."""
    people = [join(acme, new_user(f"u{n}"), "viewer") for n in range(4)]
    events = a_week(EVENTS)
    sent = events * TIMES
    random.shuffle(sent)
    batches = [sent[n : n + BATCH_MAX // 4] for n in range(0, len(sent), BATCH_MAX // 4)]

    def client(number: int) -> int:
        try:
            user = people[number % len(people)]
            mine = batches[number::CLIENTS]
            return sum(take(acme.ctx(user), *batch).count("accepted") for batch in mine)
        finally:
            connections.close_all()

    def counter() -> None:
        try:
            for _ in range(20):
                roll_up(acme)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(CLIENTS + 2) as pool:
        counters = [pool.submit(counter) for _ in range(2)]
        accepted = sum(pool.map(client, range(CLIENTS)))
        for one_counter in counters:
            one_counter.result()
    assert accepted == len(events) == len(ids_of(acme))
    roll_up(acme)
    assert_true(acme)
    assert sums(counts(acme, HOURS)) == dict(expected(events))


def test_an_hour_is_the_one_in_which_it_happened(acme: Company) -> None:
    border = now().replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
    step = timedelta(milliseconds=1)
    take(acme.ctx(), viewed(border - step), viewed(border), viewed(border + step))
    roll_up(acme)
    hour = timedelta(hours=1)
    assert counts(acme, HOURS) == {
        (border - hour, "page.viewed"): (1, 1),
        (border, "page.viewed"): (2, 1),
    }
    assert_true(acme)


def test_late_events_find_their_hour_day_and_month(acme: Company) -> None:
    """Counted already, and again when more arrives: on both sides of a month."""
    border = now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ctx = acme.ctx(now=border + timedelta(days=2))
    for hours in (30, 1, -1, -30):
        take(ctx, viewed(border + timedelta(hours=hours)))
        roll_up(acme)
        assert_true(acme)
    take(ctx, *(used(border - timedelta(hours=n)) for n in range(-20, 100)))
    roll_up(acme)
    assert_true(acme)
    assert len({start.month for start, _ in counts(acme, DAYS)}) == 2


def test_different_people_are_counted_once_each(acme: Company) -> None:
    bob = join(acme, new_user("bob"), "viewer")
    moment = now() - timedelta(days=1)
    for user in (acme.owner, bob, bob):
        take(acme.ctx(user), viewed(moment))
    roll_up(acme)
    [(events, users)] = counts(acme, HOURS).values()
    assert (events, users) == (3, 2)
    assert_true(acme)


def test_what_commits_late_is_not_lost(acme: Company) -> None:
    """Its events are older than others that were counted while it was still open."""
    open_id = viewed(now() - timedelta(hours=1))["id"]
    hour = "date_trunc('hour', uuid_extract_timestamp(%(id)s::uuid), 'UTC')"
    with raw(acme.tenant_id) as late:
        values = {"id": open_id, "tenant": acme.tenant_id, "user": acme.owner.pk}
        late.execute(
            "INSERT INTO activity_usageevent (tenant_id, id, type, user_id, properties,"
            " received_at, is_over_quota)"
            " VALUES (%(tenant)s, %(id)s, 'page.viewed', %(user)s, '{}', now(), false)",
            values,
        )
        late.execute(
            "INSERT INTO activity_usagearrival (tenant_id, id, starts_at, events)"
            f" VALUES (%(tenant)s, %(id)s, {hour}, 1)",
            values,
        )
        take(acme.ctx(), viewed(now() - timedelta(hours=1)))
        roll_up(acme)
        assert sum(events for events, _ in counts(acme, HOURS).values()) == 1
    roll_up(acme)
    assert sum(events for events, _ in counts(acme, HOURS).values()) == 2
    assert_true(acme)


def test_counting_again_changes_nothing(acme: Company) -> None:
    take(acme.ctx(), *a_week(50))
    roll_up(acme)
    before = counts(acme, HOURS), counts(acme, DAYS)
    with raw(acme.tenant_id) as connection:  # as if everything had arrived anew
        connection.execute(
            "INSERT INTO activity_usagearrival (tenant_id, id, starts_at, events)"
            " SELECT tenant_id, uuidv7(), starts_at, events FROM activity_usagehour"
        )
    roll_up(acme)
    assert (counts(acme, HOURS), counts(acme, DAYS)) == before
    assert_true(acme)


def test_two_who_count_do_not_meet(acme: Company) -> None:
    take(acme.ctx(), viewed())
    with raw(acme.tenant_id) as other:
        other.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('usage:' || %s::text, 0))",
            [str(acme.tenant_id)],
        )
        assert usage_hours_count(acme.ctx()) == 0
    assert usage_hours_count(acme.ctx()) == 1


def test_a_company_is_counted_for_itself(acme: Company, globex: Company) -> None:
    moment = now()
    take(acme.ctx(), viewed(moment))
    take(globex.ctx(), viewed(moment), viewed(moment))
    roll_up(globex)
    assert counts(acme, HOURS) == {}
    assert [events for events, _ in counts(globex, HOURS).values()] == [2]
    assert sums(counts(globex, BY_HOUR)) == {"page.viewed": 2}


@pytest.mark.parametrize("months", [7, 40])
def test_old_sums_are_deleted_and_new_ones_stay(acme: Company, months: int) -> None:
    take(acme.ctx(), viewed())
    roll_up(acme)
    assert usage_counts_purge(acme.ctx()) == 0
    later = acme.ctx(now=now() + timedelta(days=31 * months))
    assert usage_counts_purge(later) == (1 if months < 36 else 2)
    assert statuses(take(acme.ctx(), viewed())) == ["accepted"]
