"""`person_report` writes everything out, however much it is."""

from io import StringIO
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command

from core.privacy import report
from core.tenancy.context import PLATFORM
from tests.activity.events import take, viewed
from tests.audit.log import entries
from tests.cast import Company, join, new_user
from tests.console.desk import contact_of
from tests.console.test_second_factor import enrolled


def written(**options: Any) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("person_report", stdout=out, **options)
    return [orjson.loads(line) for line in out.getvalue().splitlines()]


def test_of_a_user_in_all_companies_and_on_the_platform(acme: Company, globex: Company) -> None:
    user = new_user("dan", is_staff=True)
    for company in (acme, globex):
        join(company, user, "viewer")
    enrolled(user)
    pages = written(user=user.email.upper())
    companies = {page["company"] for page in pages if "company" in page}
    assert companies == {str(acme.tenant_id), str(globex.tenant_id), str(PLATFORM)}
    members = [page for page in pages if page.get("table") == "permissions_membership"]
    assert [len(page["rows"]) for page in members] == [1, 1]
    [factor] = [page for page in pages if page.get("table") == "otp_totp_totpdevice"]
    assert factor["rows"][0]["confirmed"]
    assert "key" not in factor["rows"][0]
    for scope in (acme.tenant_id, PLATFORM):
        assert entries(scope)[-1].new == {"person_report": {"kind": "user", "id": str(user.pk)}}


def test_pages_follow_each_other_until_the_end(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = join(acme, new_user("dan"), "viewer")
    for _ in range(5):
        take(acme.ctx(user), viewed())
    monkeypatch.setattr(report, "ROWS_MAX", 2)
    events = [p for p in written(user=user.email) if p.get("table") == "activity_usageevent"]
    assert [len(page["rows"]) for page in events] == [2, 2, 1]
    assert [page["is_whole"] for page in events] == [False, False, True]
    assert len({row["id"] for page in events for row in page["rows"]}) == 5


def test_of_a_contact_in_its_company_only(acme: Company, globex: Company) -> None:
    contact = contact_of(acme, "Ada")
    mine = written(contact=contact.pk, tenant=acme.slug)
    theirs = written(contact=contact.pk, tenant=globex.slug)
    [own] = [page for page in mine if page.get("table") == "accounting_contact"]
    assert own["rows"][0]["name"] == "Ada"
    assert not any(page.get("rows") for page in theirs)


def test_who_is_unknown_is_said(acme: Company) -> None:
    for options in ({}, {"user": "nobody@example.test"}, {"contact": acme.tenant_id}):
        with pytest.raises(CommandError):
            written(**options)
