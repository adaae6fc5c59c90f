"""The cache in the staff console: looked at and dropped by the platform's admins alone."""

from core.cache.namespaces import Namespace
from permissions.models import User
from tests.cast import Company
from tests.console.desk import Desk, staff

ITEMS: Namespace[str] = Namespace("items")


def platform_admin(company: Company) -> Desk:
    desk = staff(company)
    User.objects.filter(pk=desk.user.pk).update(is_platform_admin=True)
    return desk


def test_a_company_s_staff_do_not_see_the_machine_s_cache(acme: Company) -> None:
    desk = staff(acme)
    desk.get("cache", status=403)
    desk.post("cache", body={"namespace": "items"}, status=403)


def test_the_page_counts_what_was_asked(acme: Company) -> None:
    ITEMS.get(acme.tenant_id, "shown", lambda: "once")
    page = platform_admin(acme).get("cache")
    assert "items" in page
    assert "% from the process" in page


def test_dropping_a_namespace_forgets_it_for_this_company_only(
    acme: Company, globex: Company
) -> None:
    desk = platform_admin(acme)
    for company in (acme, globex):
        ITEMS.get(company.tenant_id, "kept", lambda: "before")

    desk.post("cache", body={"namespace": "items"})

    assert "Dropped" in desk.said()
    assert ITEMS.get(acme.tenant_id, "kept", lambda: "after") == "after"
    assert ITEMS.get(globex.tenant_id, "kept", lambda: "after") == "before"


def test_what_is_remembered_of_callers_is_not_dropped_by_hand(acme: Company) -> None:
    desk = platform_admin(acme)
    assert 'value="session"' not in desk.get("cache")
    desk.post("cache", body={"namespace": "session"})
    assert "never by hand" in desk.said()


def test_an_unknown_namespace_is_refused(acme: Company) -> None:
    desk = platform_admin(acme)
    desk.post("cache", body={"namespace": "nothing"})
    assert "no cache namespace" in desk.said()


def test_only_the_platform_s_admins_find_the_page(acme: Company) -> None:
    assert "/admin/cache/" in platform_admin(acme).get("index")
    assert "/admin/cache/" not in staff(acme).get("index")
