"""Each index has its query: plans as the application's role, under row-level security."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from activity.selectors.events import usage_event_list
from activity.services.rollups import usage_days_count, usage_hours_count
from core.listing import PageRequest
from core.tenancy.context import Context
from tests.activity.events import now, take, viewed
from tests.cast import Company, new_company, new_user
from tests.core.raw import one, raw, rows
from tests.database import connect

EVENTS = 20_000
FILL = """
INSERT INTO activity_usageevent (tenant_id, id, type, user_id, properties, received_at,
    is_over_quota)
SELECT %(tenant)s, uuidv7((n - %(events)s / 2) * interval '2 minutes'),
       CASE WHEN n %% 500 = 0 THEN 'client.failed' ELSE 'page.viewed' END,
       CASE WHEN n %% 400 = 0 THEN %(owner)s::uuid ELSE uuidv7() END,
       jsonb_build_object('page', '/' || n), now(), false
FROM generate_series(1, %(events)s) n
"""


@pytest.fixture(scope="module")
def busy(django_db_setup: None, django_db_blocker: Any) -> Company:
    """A company with two weeks of events before now and after, most of one type.

    So this month is full on its first day and on its last: plans do not depend on the date.
    """
    with django_db_blocker.unblock():
        company = new_company(new_user("alice"))
        with raw(company.tenant_id) as connection:
            values = {"tenant": company.tenant_id, "owner": company.owner.pk, "events": EVENTS}
            connection.execute(FILL, values)
        with connect("owner") as owner:
            owner.execute("ANALYZE activity_usageevent")
        return company


def plan_of(company: Company, ask: Callable[[Context], object], part: str) -> str:
    """The plan of the statement with `part` in it, of those that `ask` sends."""
    with CaptureQueriesContext(connections["default"]) as captured:
        ask(company.ctx())
    [sql, *_] = [q["sql"] for q in captured.captured_queries if part in q["sql"]]
    with raw(company.tenant_id) as connection:
        return "\n".join(line for (line,) in rows(connection, f"EXPLAIN {sql}"))


def listed(**filters: Any) -> Callable[[Context], object]:
    narrowed = {name: value for name, value in filters.items() if name != "properties"}

    def narrow(queryset: Any) -> Any:
        return queryset.filter(**narrowed)

    return lambda ctx: usage_event_list(ctx, page=PageRequest(narrow=narrow, filters=filters))


def test_a_type_and_a_user_are_found_by_their_index(busy: Company) -> None:
    by_type = plan_of(busy, listed(type="client.failed"), "activity_usageevent")
    assert re.search(r"Index.* activity_usageevent_type", by_type), by_type
    by_user = plan_of(busy, listed(user=busy.owner.pk), "activity_usageevent")
    assert re.search(r"Index.* activity_usageevent_user", by_user), by_user


def test_what_was_said_is_found_by_its_index(busy: Company) -> None:
    with raw() as connection:
        leakproof = "SELECT proleakproof FROM pg_proc WHERE proname = 'jsonb_contains'"
        if not one(connection, leakproof):
            pytest.skip("needs deploy/sql/leakproof.sql")
    plan = plan_of(busy, listed(properties='{"page": "/777"}'), "activity_usageevent")
    assert "activity_usageevent_properties" in plan, plan


def test_the_newest_are_found_by_the_key_and_no_month_to_come_is_opened(busy: Company) -> None:
    plan = plan_of(busy, listed(), "activity_usageevent")
    assert "activity_usageevent_pkey" in plan, plan
    months = {f"p{now() + timedelta(days=31 * n):%Y_%m}" for n in range(2, 10)}
    assert not [month for month in months if month in plan], plan


def test_an_hour_and_a_day_are_counted_by_the_key(busy: Company) -> None:
    take(busy.ctx(), viewed())
    hours = plan_of(busy, usage_hours_count, "activity_usagehour (tenant_id")
    assert re.search(r"Index Cond: .*id >= due.since", hours), hours
    days = plan_of(busy, usage_days_count, "activity_usageday (tenant_id")
    assert re.search(r"Index Cond: .*id >= '", days), days
