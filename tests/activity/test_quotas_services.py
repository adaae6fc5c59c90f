"""A plan's limit: told of once, beyond it marked or refused, read from the same sums."""

from datetime import timedelta
from typing import Any

import pytest

from activity import plans
from activity.errors import QuotaExceeded
from activity.plans import Plan
from activity.selectors.quotas import quota_get, standing_read
from activity.services.quotas import quota_update
from activity.services.rollups import usage_hours_roll_up
from core.errors import Invalid, StaleVersion
from core.jobs.models import OutboxEvent
from tests.activity.events import forget_quota, now, reasons, statuses, take, viewed
from tests.api.wire import refusal
from tests.cast import Api, Company, api_of
from tests.core.raw import one, raw
from tests.permissions import rights

PATH = "usage-events/"


@pytest.fixture(autouse=True)
def small_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(plans.PLANS, "free", Plan("Free", 10, is_hard=True))
    monkeypatch.setitem(plans.PLANS, "standard", Plan("Standard", 10))


def put_on(company: Company, plan: str) -> None:
    quota_update(company.ctx(), plan=plan)


def send_some(company: Company, count: int, **ctx: Any) -> Any:
    forget_quota(company)
    moment = ctx.get("now")
    return take(company.ctx(**ctx), *(viewed(moment) for _ in range(count)))


def alerts(company: Company) -> list[tuple[str, str]]:
    found = OutboxEvent.objects.filter(tenant_id=company.tenant_id, name="usage.quota_reached")
    return sorted((row.payload["month"], row.payload["percent"]) for row in found)


def used_of(company: Company) -> int:
    return int(standing_read(company.ctx(), month=now().date().replace(day=1))[1])


def test_what_waits_to_be_counted_is_used_as_well(acme: Company) -> None:
    """The same number before, while and after it is counted."""
    send_some(acme, 3)
    assert used_of(acme) == 3
    usage_hours_roll_up(acme.ctx())
    assert used_of(acme) == 3
    send_some(acme, 2)
    assert used_of(acme) == 5
    assert quota_get(acme.ctx())["percent"] == 50


def test_a_soft_plan_takes_what_is_beyond_and_marks_it(acme: Company) -> None:
    put_on(acme, "standard")
    assert send_some(acme, 7).quota == "ok"
    assert send_some(acme, 2).quota == "warning"
    taken = send_some(acme, 3)
    assert (statuses(taken), taken.quota) == (["accepted"] * 3, "exceeded")
    with raw(acme.tenant_id) as connection:
        marked = "SELECT count(*) FROM activity_usageevent WHERE is_over_quota"
        assert one(connection, marked) == 2


def test_a_hard_plan_takes_what_fits_and_refuses_the_rest(acme: Company) -> None:
    put_on(acme, "free")
    taken = send_some(acme, 12)
    assert sorted(statuses(taken)) == ["accepted"] * 10 + ["refused"] * 2
    assert set(reasons(taken)) == {None, "quota_exceeded"}
    with pytest.raises(QuotaExceeded) as refused:
        send_some(acme, 1)
    assert 0 < (refused.value.retry_after_seconds or 0) <= 3600
    assert used_of(acme) == 10


def test_what_is_told_again_takes_no_room(acme: Company) -> None:
    put_on(acme, "free")
    known = [viewed() for _ in range(6)]
    take(acme.ctx(), *known)
    forget_quota(acme)
    taken = take(acme.ctx(), *known, *(viewed() for _ in range(4)))
    assert statuses(taken) == ["duplicate"] * 6 + ["accepted"] * 4
    forget_quota(acme)
    assert statuses(take(acme.ctx(), *known)) == ["duplicate"] * 6


def test_a_month_that_is_full_keeps_nobody_from_the_next(acme: Company) -> None:
    put_on(acme, "free")
    first = now().replace(day=1, hour=12)
    late, ctx = first - timedelta(days=1), acme.ctx(now=first + timedelta(days=1))
    assert statuses(take(ctx, *(viewed(late) for _ in range(10)))) == ["accepted"] * 10
    forget_quota(acme)
    taken = take(ctx, viewed(late))
    assert (statuses(taken), reasons(taken)) == (["refused"], ["quota_exceeded"])
    assert statuses(take(ctx, viewed(late), viewed(ctx.now))) == ["refused", "accepted"]


def test_over_http_that_is_429_with_a_time_to_wait(acme: Company, alice: Api) -> None:
    put_on(acme, "free")
    send_some(acme, 10)
    forget_quota(acme)
    answer = alice.post(PATH, {"events": [viewed()]})
    assert refusal(answer, 429)["code"] == "QUOTA_EXCEEDED"
    assert int(answer["Retry-After"]) > 0


def test_a_batch_of_bad_events_is_no_matter_of_quotas(acme: Company) -> None:
    put_on(acme, "free")
    send_some(acme, 10)
    forget_quota(acme)
    assert reasons(take(acme.ctx(), {})) == ["bad_id"]


def test_a_month_s_room_is_that_month_s(acme: Company) -> None:
    """Late events are of the month in which they happened, and fit there."""
    put_on(acme, "free")
    border = now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ctx = acme.ctx(now=border + timedelta(days=1))
    take(ctx, *(viewed(border + timedelta(hours=1)) for _ in range(10)))
    forget_quota(acme)
    taken = take(ctx, viewed(border - timedelta(hours=1)), viewed(border + timedelta(hours=2)))
    assert reasons(taken) == [None, "quota_exceeded"]


def test_each_level_is_told_of_once_a_month(acme: Company) -> None:
    month = f"{now():%Y-%m}"
    for count, told in ((7, []), (1, ["80"]), (1, ["80"]), (3, ["100", "80"]), (5, ["100", "80"])):
        send_some(acme, count)
        usage_hours_roll_up(acme.ctx())
        usage_hours_roll_up(acme.ctx())
        assert alerts(acme) == [(month, percent) for percent in told]
    assert [alert["percent"] for alert in quota_get(acme.ctx())["alerts"]] == [100, 80]


def test_a_limit_that_is_jumped_over_tells_both(acme: Company) -> None:
    send_some(acme, 20)
    usage_hours_roll_up(acme.ctx())
    assert len(alerts(acme)) == 2


def test_a_plan_without_a_limit_says_nothing(acme: Company) -> None:
    put_on(acme, "unlimited")
    assert send_some(acme, 30).quota == "ok"
    usage_hours_roll_up(acme.ctx())
    assert alerts(acme) == []
    found = quota_get(acme.ctx())
    assert (found["limit"], found["percent"], found["state"]) == (None, None, "ok")


def test_a_larger_plan_holds_at_once(acme: Company) -> None:
    put_on(acme, "free")
    send_some(acme, 10)
    forget_quota(acme)
    with pytest.raises(QuotaExceeded):
        take(acme.ctx(), viewed())
    put_on(acme, "large")
    assert statuses(take(acme.ctx(), viewed())) == ["accepted"]


def test_one_company_s_use_is_not_another_s(acme: Company, globex: Company) -> None:
    put_on(acme, "free")
    put_on(globex, "free")
    send_some(acme, 10)
    assert statuses(send_some(globex, 1)) == ["accepted"]


def test_plans_are_chosen_by_the_platform_only(acme: Company, alice: Api) -> None:
    assert alice.ok("GET", f"{PATH}quota/")["plan"] == "standard"
    refusal(alice.patch(f"{PATH}quota/", {"plan": "unlimited"}), 403)
    pat = api_of(acme, rights.platform_admin(acme))
    assert pat.ok("PATCH", f"{PATH}quota/", {"plan": "large"})["plan"] == "large"
    refusal(pat.patch(f"{PATH}quota/", {"plan": "gold"}), 422)
    etag = alice.get(f"{PATH}quota/")["ETag"]
    assert pat.patch(f"{PATH}quota/", {"plan": "free"}, if_match=etag).status_code == 200
    refusal(pat.patch(f"{PATH}quota/", {"plan": "large"}, if_match=etag), 412)


def test_the_service_refuses_what_is_no_plan_and_what_is_stale(acme: Company) -> None:
    with pytest.raises(Invalid):
        quota_update(acme.ctx(), plan="gold")
    put_on(acme, "large")
    with pytest.raises(StaleVersion):
        quota_update(acme.ctx(), plan="free", expected_version=1)
