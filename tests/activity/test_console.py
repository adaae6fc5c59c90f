"""Usage in the staff console: events, the plot, the quota."""

from datetime import timedelta

from activity.services.rollups import usage_days_roll_up, usage_hours_roll_up
from permissions.models import User
from tests.activity.events import ids_of, now, take, used, viewed
from tests.cast import Company
from tests.console.desk import Desk, staff

PAGES = ("activity_usageevent", "activity_usageday", "activity_usagequota")


def opened(name: str) -> str:
    return f"{name}_changelist"


def busy(company: Company) -> None:
    yesterday = now() - timedelta(days=1)
    take(company.ctx(), viewed(yesterday, page="/seen"), viewed(yesterday), used())
    usage_hours_roll_up(company.ctx())
    usage_days_roll_up(company.ctx())


def test_an_owner_opens_every_page(acme: Company) -> None:
    busy(acme)
    desk = staff(acme)
    listed = desk.get("activity_usageevent_changelist")
    assert "/seen" in listed
    assert acme.owner.email in listed
    page = desk.get("activity_usageevent_change", ids_of(acme)[0])
    assert "page.viewed" in page
    assert 'name="_save"' not in page
    summary = desk.get("activity_usageday_changelist")
    assert "3 events" in summary
    assert "<rect" in summary
    narrowed = desk.get("activity_usageday_changelist", type="feature.used")
    assert "feature.used per day" in narrowed
    assert "Standard" in desk.get("activity_usagequota_changelist")


def test_events_are_narrowed_by_type_and_time(acme: Company) -> None:
    busy(acme)
    take(acme.ctx(), viewed(now() - timedelta(days=5), page="/old"))
    desk = staff(acme)
    name = "activity_usageevent_changelist"
    assert "/seen" not in desk.get(name, type="feature.used")
    assert "/old" not in desk.get(name, days="1")
    assert "/old" in desk.get(name, days="7")
    assert "/old" in desk.get(name, days="nonsense", type="")


def test_nothing_is_added_changed_or_deleted_by_hand(acme: Company) -> None:
    busy(acme)
    desk = staff(acme)
    event = ids_of(acme)[0]
    desk.get("activity_usageevent_add", status=403)
    desk.post("activity_usageevent_change", event, body={"type": "x"}, status=403)
    desk.post("activity_usageevent_delete", event, body={"post": "yes"}, status=403)


def test_who_may_not_see_sees_no_page_and_no_link(acme: Company) -> None:
    desk = staff(acme, role="viewer")
    index = desk.get("index")
    for name in PAGES:
        desk.get(opened(name), status=403)
        assert f"/{name.replace('_', '/')}/" not in index


def test_the_own_company_only(acme: Company, globex: Company) -> None:
    busy(acme)
    desk = staff(globex)
    assert "/seen" not in desk.get("activity_usageevent_changelist")
    assert "0 events" in desk.get("activity_usageday_changelist")
    desk.get("activity_usageevent_change", ids_of(acme)[0], status=302)


def platform_admin(company: Company) -> Desk:
    desk = staff(company)
    User.objects.filter(pk=desk.user.pk).update(is_platform_admin=True)
    return desk


def test_the_plan_is_chosen_by_the_platform_only(acme: Company, globex: Company) -> None:
    name, mine = "activity_usagequota_changelist", {"_tenant": str(acme.tenant_id)}
    desk = staff(acme)
    assert 'name="plan"' not in desk.get(name)
    desk.post(name, body=mine | {"plan": "large"}, status=403)
    desk = platform_admin(acme)
    assert 'name="plan"' in desk.get(name)
    desk.post(name, body=mine | {"plan": "large"})
    assert "of 20000000" in desk.get(name)
    desk.post(name, body=mine | {"plan": "gold"})
    assert "One of free" in desk.said()
    desk.post(name, body={"_tenant": str(globex.tenant_id), "plan": "free"}, status=403)
