"""The console's page of exports: seen by who may, fetched and called off by who asked for one."""

import re
from html import unescape

from tests.cast import Company, api_of, join, new_user
from tests.console.desk import staff
from tests.files.desk import body_of, follow
from tests.jobs.desk import run_all, states

EXPORT = {"list": "contacts", "format": "csv"}


def test_one_looks_at_exports_and_fetches_ones_own(acme: Company) -> None:
    desk = staff(acme)
    mine = api_of(acme, desk.user).ok("POST", "exports/", EXPORT)["id"]
    theirs = api_of(acme, join(acme, new_user("dan"), "owner")).ok("POST", "exports/", EXPORT)["id"]
    page = desk.get("exports_export_change", mine)
    assert "Call off" in page
    assert "Call off" not in desk.get("exports_export_change", theirs)
    run_all(acme)
    assert mine in desk.get("exports_export_changelist")
    [link] = re.findall(r'href="([^"]*/content/[^"]*)"', desk.get("exports_export_change", mine))
    assert body_of(follow(unescape(link))).startswith(b"id,")
    assert "/content/" not in desk.get("exports_export_change", theirs)


def test_one_calls_off_ones_own(acme: Company, globex: Company) -> None:
    desk = staff(acme)
    mine = api_of(acme, desk.user).ok("POST", "exports/", EXPORT)["id"]
    staff(globex).post("exports_export_cancel", mine)
    staff(acme).post("exports_export_cancel", mine)
    assert states(acme) == ["queued"], "it is somebody else's"
    desk.post("exports_export_cancel", mine)
    assert states(acme) == ["cancelled"]
    desk.post("exports_export_cancel", mine)


def test_who_may_not_sees_none(acme: Company) -> None:
    mine = api_of(acme, acme.owner).ok("POST", "exports/", EXPORT)["id"]
    viewer = staff(acme, role="viewer")
    viewer.get("exports_export_changelist", status=403)
    viewer.post("exports_export_cancel", mine, status=403)
