"""Each event once, whatever was sent: retries, neighbours in a batch, hours and months."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from activity.services.items import AHEAD_MAX, LATE_MAX
from core.ids import uuid7
from tests.activity.events import (
    id_at,
    ids_of,
    now,
    reasons,
    statuses,
    take,
    used,
    viewed,
)
from tests.cast import Company
from tests.core.raw import one, raw

ACCEPTED, DUPLICATE, REFUSED = "accepted", "duplicate", "refused"


def test_an_event_is_counted_once_however_often_it_is_sent(acme: Company) -> None:
    event = viewed()
    assert statuses(take(acme.ctx(), event)) == [ACCEPTED]
    assert statuses(take(acme.ctx(), event)) == [DUPLICATE]
    assert statuses(take(acme.ctx(), event, used(), event)) == [DUPLICATE, ACCEPTED, DUPLICATE]
    assert len(ids_of(acme)) == 2


def test_twice_in_one_batch_is_once_and_the_first_counts(acme: Company) -> None:
    event = viewed(page="/first")
    taken = take(acme.ctx(), event, event | {"properties": {"page": "/second"}})
    assert statuses(taken) == [ACCEPTED, DUPLICATE]
    with raw(acme.tenant_id) as connection:
        assert one(connection, "SELECT properties->>'page' FROM activity_usageevent") == "/first"


def test_what_is_wrong_with_one_is_no_matter_to_the_others(acme: Company) -> None:
    good, late = viewed(), viewed(now() - LATE_MAX - timedelta(minutes=1))
    taken = take(acme.ctx(), 7, good, None, [], late, {}, used())
    assert statuses(taken) == [REFUSED, ACCEPTED, REFUSED, REFUSED, REFUSED, REFUSED, ACCEPTED]
    assert reasons(taken) == [
        "malformed",
        None,
        "malformed",
        "malformed",
        "too_old",
        "bad_id",
        None,
    ]
    assert [result.id for result in taken.results][4] == late["id"]


def test_a_batch_of_nothing_but_refusals_writes_nothing(acme: Company) -> None:
    assert statuses(take(acme.ctx(), {}, "x")) == [REFUSED, REFUSED]
    assert ids_of(acme) == []


def test_late_events_are_taken_and_those_of_a_wrong_clock_are_not(acme: Company) -> None:
    ctx = acme.ctx()
    nearly = timedelta(seconds=2)
    moments = (
        ctx.now - LATE_MAX + nearly,
        ctx.now - LATE_MAX - nearly,
        ctx.now + AHEAD_MAX - nearly,
        ctx.now + AHEAD_MAX + nearly,
    )
    taken = take(ctx, *map(viewed, moments))
    assert reasons(taken) == [None, "too_old", None, "in_the_future"]


def test_the_id_says_when_and_nothing_else_may_contradict_it(acme: Company) -> None:
    moment = now() - timedelta(days=2)
    event = viewed(moment)
    with_time = event | {"occurred_at": moment.isoformat()}
    differs = viewed(moment, occurred_at=(moment + timedelta(hours=1)).isoformat())
    taken = take(acme.ctx(), with_time, differs, viewed(occurred_at="2026"), viewed(occurred_at=[]))
    assert reasons(taken) == [None, "time_differs", "malformed", "malformed"]
    naive = viewed(occurred_at=now().replace(tzinfo=None).isoformat())
    assert reasons(take(acme.ctx(), naive)) == ["malformed"]


def test_an_id_is_a_uuid_of_version_seven(acme: Company) -> None:
    good = str(uuid7())
    bad: list[Any] = [
        str(uuid4()),
        "",
        "x",
        7,
        None,
        good.replace("-", ""),
        "{" + good[1:-1] + "}",
        good[:19] + "0" + good[20:],  # of version 7, in a variant that is not the standard's
        "\x00" * 36,
        "\u0660" * 36,
    ]
    assert reasons(take(acme.ctx(), *(viewed(id=one) for one in bad))) == ["bad_id"] * len(bad)


def test_whichever_way_an_id_is_written_it_is_the_same_event(acme: Company) -> None:
    event = viewed()
    loud = event | {"id": event["id"].upper()}
    assert statuses(take(acme.ctx(), event, loud)) == [ACCEPTED, DUPLICATE]


def test_the_same_id_in_two_companies_is_two_events(acme: Company, globex: Company) -> None:
    event = viewed()
    assert statuses(take(acme.ctx(), event)) == [ACCEPTED]
    assert statuses(take(globex.ctx(), event)) == [ACCEPTED]
    assert ids_of(acme) == ids_of(globex)


def test_two_sides_of_a_month_are_two_partitions_and_one_batch(acme: Company) -> None:
    border = now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    # As a client that was away over the end of the month sends it.
    ctx = acme.ctx(now=border + timedelta(hours=3))
    step = timedelta(milliseconds=1)
    events = [viewed(border - step), viewed(border), viewed(border + step)]
    assert statuses(take(ctx, *events)) == [ACCEPTED] * 3
    assert statuses(take(ctx, *reversed(events))) == [DUPLICATE] * 3
    with raw(acme.tenant_id) as connection:
        months = one(connection, "SELECT count(DISTINCT tableoid) FROM activity_usageevent")
    assert months == 2


def test_a_batch_costs_three_statements_however_long_it_is(
    acme: Company, django_assert_num_queries: Any
) -> None:
    """BEGIN aside: its time limits, the insert, COMMIT. The quota is remembered."""
    ctx = acme.ctx()
    take(ctx, viewed())
    for size in (1, 500):
        with django_assert_num_queries(3):
            take(ctx, *(viewed() for _ in range(size)))


def test_a_bad_day_of_the_counters_does_not_reach_who_tells(acme: Company) -> None:
    """Somebody holds the lock of the counting, and a row of the sums: nobody waits."""
    moment = id_at(now())
    take(acme.ctx(), viewed())
    with raw(acme.tenant_id) as connection:
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('usage:' || %s::text, 0))",
            [str(acme.tenant_id)],
        )
        connection.execute("LOCK TABLE activity_usagehour IN ROW EXCLUSIVE MODE")
        assert statuses(take(acme.ctx(), viewed(id=str(moment)))) == [ACCEPTED]
