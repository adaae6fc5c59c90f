"""Who may read the log sees what was done; that he looked is in it as well."""

import csv
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from core.audit import selectors
from core.audit.models import AuditLog
from core.audit.serializers import AuditEntry
from core.audit.values import values_shown
from core.ids import uuid7, uuid7_floor
from core.tenancy.context import PLATFORM
from core.tenancy.transactions import command, query, tenant_cursor
from tests.api.wire import refusal
from tests.architecture.endpoint_table import addresses
from tests.audit.log import entries
from tests.cast import Api, Company, api_of, join, new_user
from tests.permissions import rights


@pytest.fixture
def contact(alice: Api) -> dict[str, Any]:
    body = {"name": "Grace Hopper", "email": "grace@example.test", "payment_terms_days": 14}
    made: dict[str, Any] = alice.ok("POST", "contacts/", body, x_request_id="made")
    return made


def change(api: Api, contact: dict[str, Any], **values: Any) -> None:
    headers = {"x_audit_reason": "As she asked", "x_request_id": "changed"}
    api.ok("PATCH", f"contacts/{contact['id']}/", values, **headers)


def history(api: Api, contact: dict[str, Any], more: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.ok("GET", f"contacts/{contact['id']}/history/{more}")["data"]
    return found


def looks(company: Company) -> list[Any]:
    """What was looked at, as the log has it, oldest first."""

    @query
    def read(ctx: Any) -> list[Any]:
        return list(AuditLog.objects.filter(action="read").order_by("id").values("new", "actor_id"))

    return [row["new"] for row in read(company.ctx())]


# --- one record -------------------------------------------------------------------------


def test_a_history_says_who_changed_what_and_why(
    acme: Company, alice: Api, contact: dict[str, Any]
) -> None:
    change(alice, contact, payment_terms_days=30, is_active=False)
    changed, created = history(alice, contact)
    assert (created["action"], created["operation"]) == ("insert", "contact.create")
    assert created["old"] is None
    assert created["new"]["is_active"] is True
    assert (changed["action"], changed["operation"]) == ("update", "contact.update")
    assert changed["old"] == {"payment_terms_days": 14, "is_active": True, "version": 1}
    assert changed["new"] == {"payment_terms_days": 30, "is_active": False, "version": 2}
    assert changed["reason"] == "As she asked"
    assert changed["request_id"] == "changed"
    assert changed["actor_name"] == "alice"
    assert changed["actor_id"] == str(acme.owner.pk)
    assert changed["occurred_at"] >= created["occurred_at"]
    assert "address" not in changed


def test_amounts_moments_and_days_read_as_elsewhere(alice: Api, contact: dict[str, Any]) -> None:
    line = {"unit_price": "10.50"}
    body = {"contact_id": contact["id"], "issued_on": "2026-03-02", "lines": [line], "post": True}
    made = alice.ok("POST", "invoices/", body)
    entries = alice.ok("GET", f"invoices/{made['id']}/history/")["data"]
    [values] = [e["new"] for e in entries if e["table"] == "accounting_document"]
    assert values["issued_on"] == "2026-03-02"
    assert values["contact_id"] == contact["id"]
    assert values["total"].startswith("10.5")
    text = {"t": "t", "created_at": "2026-11-23 04:05:39.12+01", "is_active": "f", "name": "t"}
    shown = values_shown("tenancy_tenant", text)
    assert shown is not None
    assert shown["created_at"].isoformat() == "2026-11-23T03:05:39.120000+00:00"
    assert (shown["is_active"], shown["name"], shown["t"]) == (False, "t", "t")
    assert values_shown("tenancy_tenant", {"is_active": "***"}) == {"is_active": "***"}


def test_the_history_of_a_draft_tells_of_the_lines_it_had(
    alice: Api, contact: dict[str, Any]
) -> None:
    lines = [{"unit_price": "10.50"}, {"unit_price": "2"}]
    body = {"contact_id": contact["id"], "issued_on": "2026-03-02", "lines": lines}
    path = f"invoices/{alice.ok('POST', 'invoices/', body)['id']}/"
    alice.ok("PATCH", path, {"lines": [{"unit_price": "99", "description": "Instead"}]})
    entries = alice.ok("GET", f"{path}history/")["data"]
    told = [
        (entry["action"], [line["unit_price"] for line in (entry["new"] or entry["old"])["rows"]])
        for entry in entries
        if entry["table"] == "accounting_documentline"
    ]
    assert sorted(told) == [
        ("delete", ["10.50", "2"]),
        ("insert", ["10.50", "2"]),
        ("insert", ["99"]),
    ]
    assert {entry["table"] for entry in entries} == {
        "accounting_document",
        "accounting_documentline",
    }


def test_data_of_persons_are_shown_until_they_are_erased(
    acme: Company, alice: Api, contact: dict[str, Any]
) -> None:
    change(alice, contact, name="Grace B. Hopper")
    changed, created = history(alice, contact)
    assert (changed["old"]["name"], changed["new"]["name"]) == ("Grace Hopper", "Grace B. Hopper")
    assert created["new"]["email"] == "grace@example.test"
    assert not changed["is_erased"]

    @command
    def erase(ctx: Any) -> None:
        with tenant_cursor() as cursor:
            found = ["accounting_contact", [UUID(contact["id"])]]
            cursor.execute("SELECT audit_erase(%s, %s::uuid[])", found)

    erase(acme.ctx())
    erased, changed, created = history(alice, contact)
    assert erased["action"] == "erase"
    assert "Hopper" not in str([changed, created])
    assert changed["is_erased"]
    assert created["is_erased"]
    assert changed["new"]["version"] == 2
    assert not erased["is_erased"]


def test_a_history_is_for_those_who_may_see_the_record(
    acme: Company, alice: Api, bob: Api, charlie: Api, contact: dict[str, Any]
) -> None:
    assert history(bob, contact)
    path = f"contacts/{contact['id']}/history/"
    theirs = refusal(charlie.get(path, x_request_id="same"), 404)
    assert theirs == refusal(alice.get(f"contacts/{uuid7()}/history/", x_request_id="same"), 404)
    refusal(api_of(acme, rights.member_of(acme, "accounting.taxes.view")).get(path), 403)
    refusal(alice.get(f"invoices/{contact['id']}/history/"), 404)


def test_a_thread_s_history_is_for_those_who_talk_in_it(acme: Company, alice: Api) -> None:
    dan = join(acme, new_user("dan"), "owner")
    body = {"kind": "group", "subject": "Plans", "participants": [{"user_id": str(dan.pk)}]}
    thread = alice.ok("POST", "threads/", body)
    path = f"threads/{thread['id']}/history/"
    assert api_of(acme, dan).ok("GET", path)["data"][0]["new"]["subject"] == "Plans"
    refusal(api_of(acme, join(acme, new_user("eve"), "owner")).get(path), 404)


def test_every_record_with_an_address_has_a_history() -> None:
    paths = {path for path, view, _ in addresses() if hasattr(view, "get")}
    records = {path for path in paths if path.count("{") == 1 and path.endswith("{id}/")}
    without = {path for path in records if f"{path}history/" not in paths}
    unaudited = ("audit", "jobs", "files", "exports", "mails")
    assert without == {f"/api/v1/{noun}/{{id}}/" for noun in unaudited}
    settings = ("settings", "letterhead", "mail-settings", "messaging/settings")
    assert {f"/api/v1/{noun}/history/" for noun in settings} <= paths


def test_a_role_a_member_and_a_plan_have_histories(acme: Company, alice: Api) -> None:
    role = rights.role_of(acme, rights.VIEW)
    granted, made = alice.ok("GET", f"roles/{role['id']}/history/")["data"]
    assert made["new"]["code"] == role["code"]
    [grant] = granted["new"]["rows"]
    assert grant["code"] == rights.VIEW
    assert alice.ok("GET", f"grants/{grant['id']}/history/")["data"] == [granted]
    alice.ok("PATCH", f"roles/{role['id']}/", {"grants": []})
    newest = alice.ok("GET", f"roles/{role['id']}/history/")["data"][:2]
    [went] = [entry["old"] for entry in newest if entry["action"] == "delete"]
    assert went == {"rows": [grant]}
    owner = acme.owner.pk
    member = alice.ok("GET", f"users/{owner}/history/")["data"]
    assert member[-1]["new"]["user_id"] == str(owner)
    assert alice.ok("GET", "usage-events/quota/history/")["data"] == []
    assert alice.ok("GET", "settings/history/")["data"][-1]["action"] == "insert"


def test_a_history_opens_no_month_before_the_record(acme: Company, contact: dict[str, Any]) -> None:
    @query
    def plan(ctx: Any, row_id: UUID) -> str:
        return str(selectors.history_of_row(ctx.now, "accounting_contact", row_id).explain())

    own, later = UUID(contact["id"]), made_after(timedelta(days=70))
    assert 1 <= len(set(re.findall(r"on (\w+_p\d{4}_\d\d)", plan(acme.ctx(), own)))) <= 2
    assert "One-Time Filter: false" in plan(acme.ctx(), later)  # between then and now lies nothing


def made_after(span: timedelta) -> UUID:
    floor = uuid7_floor(datetime.now(UTC) + span).int
    return UUID(int=floor | 0x7 << 76 | 0x2 << 62)


# --- the whole log ----------------------------------------------------------------------


def found(api: Api, asked: str = "") -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = api.ok("GET", f"audit/{asked}")["data"]
    return listed


def test_the_log_is_narrowed_by_record_person_request_and_time(
    acme: Company, alice: Api, contact: dict[str, Any]
) -> None:
    change(alice, contact, country="GB")
    of_record = found(alice, f"?row_id={contact['id']}")
    assert [entry["action"] for entry in of_record] == ["update", "insert"]
    assert {entry["table"] for entry in of_record} == {"accounting_contact"}
    assert {entry["database_user"] for entry in of_record} == {"erp_app"}
    assert {entry["address"] for entry in of_record} == {"127.0.0.1"}
    assert [e["row_id"] for e in found(alice, "?request_id=changed")] == [contact["id"]]
    mine = found(alice, f"?actor_id={acme.owner.pk}&table=accounting_contact&action=insert")
    assert [entry["row_id"] for entry in mine] == [contact["id"]]
    day = of_record[0]["occurred_at"][:10]
    since = found(alice, f"?occurred_from={day}&occurred_until={day}&operation=contact.update")
    assert [entry["row_id"] for entry in since] == [contact["id"]]
    assert found(alice, "?occurred_from=2100-01-01") == []
    assert found(alice, "?occurred_until=1969-12-30") == []
    assert found(alice, "?occurred_from=1969-12-31&operation=contact.update") == since
    assert found(alice, "?occurred_until=2020-01-01") == []
    entry = of_record[0]
    assert alice.ok("GET", f"audit/{entry['id']}/") == entry
    assert entry["session_id"]
    assert set(entry) == set(AuditEntry().fields)
    assert found(alice, f"?session_id={entry['session_id']}&occurred_from={day}")


def test_what_no_index_finds_is_not_looked_for_in_everything(alice: Api) -> None:
    for asked in (
        "table=accounting_contact",
        "action=delete",
        "operation=x",
        f"session_id={uuid7()}",
    ):
        error = refusal(alice.get(f"audit/?{asked}"), 422)
        assert error["fields"][0]["name"] == "occurred_from"


def test_the_log_is_for_those_who_hold_the_permission(
    acme: Company, bob: Api, contact: dict[str, Any]
) -> None:
    refusal(bob.get("audit/"), 403)
    auditor = api_of(acme, rights.member_of(acme, "audit.log.view"))
    assert found(auditor, f"?row_id={contact['id']}")
    refusal(auditor.get(f"contacts/{contact['id']}/history/"), 403)


def test_a_stranger_sees_his_own_log_only(
    alice: Api, charlie: Api, contact: dict[str, Any]
) -> None:
    [entry] = found(alice, f"?row_id={contact['id']}")
    assert found(charlie, f"?row_id={contact['id']}") == []
    assert found(charlie, "?request_id=made") == []
    refusal(charlie.get(f"audit/{entry['id']}/"), 404)


def test_pages_go_on_where_the_last_one_ended(alice: Api, contact: dict[str, Any]) -> None:
    for number in range(4):
        change(alice, contact, payment_terms_days=number)
    path, seen = f"contacts/{contact['id']}/history/", []
    page = alice.ok("GET", f"{path}?limit=2")
    while True:
        seen += [entry["id"] for entry in page["data"]]
        if page["pagination"]["next"] is None:
            break
        page = alice.ok("GET", f"{path}?limit=2&cursor={page['pagination']['next']}")
    assert seen == [entry["id"] for entry in history(alice, contact)]
    assert len(seen) == 5
    refusal(
        alice.get(f"invoices/?cursor={alice.ok('GET', path + '?limit=1')['pagination']['next']}"),
        422,
    )


# --- looking is an entry ----------------------------------------------------------------


def test_looking_at_the_log_is_in_the_log(acme: Company, alice: Api) -> None:
    found(alice, "?request_id=made&occurred_from=2026-01-01")
    assert looks(acme) == [{"request_id": "made", "occurred_from": "2026-01-01"}]
    [entry] = found(alice, f"?action=read&actor_id={acme.owner.pk}")
    assert entry["table"] == "audit_auditlog"
    assert entry["operation"] == "audit.look"
    alice.ok("GET", f"audit/{entry['id']}/")
    assert looks(acme)[-1] == {"id": entry["id"]}


def test_looking_at_a_history_is_in_the_log(
    acme: Company, bob: Api, contact: dict[str, Any]
) -> None:
    history(bob, contact)
    assert looks(acme) == [{"table": "accounting_contact", "row_id": contact["id"]}]


def test_who_was_refused_has_seen_nothing(
    acme: Company, globex: Company, alice: Api, bob: Api, charlie: Api, contact: dict[str, Any]
) -> None:
    bob.get("audit/")
    alice.get("audit/?nonsense=1")
    alice.get("audit/?cursor=nonsense")
    alice.get(f"contacts/{uuid7()}/history/")
    charlie.get(f"contacts/{contact['id']}/history/")
    assert looks(acme) == looks(globex) == []


def test_an_export_is_one_look_however_long(
    acme: Company, alice: Api, contact: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        change(alice, contact, payment_terms_days=number)
    monkeypatch.setattr("core.listing.LIMIT_MAX", 2)
    path = f"audit/?row_id={contact['id']}&limit=2"
    response = alice.get(path, accept="text/csv")
    text = b"".join(response.streaming_content).decode()
    lines = list(csv.DictReader(text.splitlines()))
    assert len(lines) == 6
    assert lines[0]["table"] == "accounting_contact"
    assert '"payment_terms_days":4' in lines[0]["new"]
    assert looks(acme) == [{"row_id": contact["id"], "export": "csv"}]


# --- what is no company's ---------------------------------------------------------------


def test_the_platform_s_admins_see_who_changed_a_user_and_nobody_else_does(
    acme: Company, alice: Api
) -> None:
    pat = rights.platform_admin(acme)
    api, path = api_of(acme, pat), f"audit/platform/?row_id={pat.pk}"
    changed, made = api.ok("GET", path)["data"]
    assert (made["action"], made["new"]["email"]) == ("insert", pat.email)
    assert changed["new"] == {"is_platform_admin": True}
    assert {entry["table"] for entry in (changed, made)} == {"permissions_user"}
    refusal(alice.get(path), 403)
    assert alice.ok("GET", f"audit/?row_id={pat.pk}")["data"] == []
    [looked] = [e for e in entries(PLATFORM, "audit_auditlog") if e.actor_id == pat.pk]
    assert looked.action == "read"
    assert looked.new == {"row_id": str(pat.pk)}
