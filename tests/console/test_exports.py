"""The console's page of exports: seen by who may, fetched and called off by who asked for one."""

import re
from html import unescape

import pytest
from django.conf import settings
from django.contrib.admin import site
from django.urls import reverse

from core.exports.console import ExportedList
from tests.cast import Company, api_of, join, new_user
from tests.console.desk import staff
from tests.files.desk import body_of, follow
from tests.jobs.desk import flood, run_all, states

#: Every page of the console whose list the API gives as CSV, under the same name.
LISTS = [
    f"{admin.opts.app_label}_{admin.opts.model_name}"
    for admin in site._registry.values()
    if isinstance(admin, ExportedList)
]
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


@pytest.mark.parametrize("model", LISTS)
def test_a_list_has_a_button_that_exports_it(acme: Company, model: str) -> None:
    desk = staff(acme)
    page = desk.get(f"{model}_changelist")
    assert reverse(f"admin:{model}_export") in page
    made = desk.post(f"{model}_export")
    run_all(acme)
    assert states(acme) == ["done"]
    [link] = re.findall(r'href="([^"]*/content/[^"]*)"', desk.client.get(made.url).content.decode())
    assert body_of(follow(unescape(link))).startswith(b"PK"), "a workbook is a zip"


def test_the_button_is_for_those_who_may_see_exports(acme: Company) -> None:
    """The file could not be fetched anywhere else in the console."""
    viewer = staff(acme, role="viewer")
    assert "contact/export/" not in viewer.get("accounting_contact_changelist")
    viewer.post("accounting_contact_export", status=403)
    staff(acme).get("accounting_contact_export", status=405)
    assert states(acme) == []


def test_where_the_line_is_full_the_list_says_so(acme: Company) -> None:
    flood(acme, settings.QUEUE_LIMIT)
    desk = staff(acme)
    refused = desk.post("accounting_contact_export")
    assert refused.url == reverse("admin:accounting_contact_changelist")
    assert "jobs wait in the queue" in desk.client.get(refused.url).content.decode()
    run_all(acme)


def test_who_may_not_sees_none(acme: Company) -> None:
    mine = api_of(acme, acme.owner).ok("POST", "exports/", EXPORT)["id"]
    viewer = staff(acme, role="viewer")
    viewer.get("exports_export_changelist", status=403)
    viewer.post("exports_export_cancel", mine, status=403)
