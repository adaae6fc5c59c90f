"""The audit log in the staff console, and the history of each record."""

import csv
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounting.models import Contact
from accounting.services.reference import contact_update
from core.audit.models import AuditLog
from core.ids import uuid7
from tests.cast import Company
from tests.console.desk import Desk, books_of, contact_of, read, staff
from tests.permissions import rights

LOG = "audit_auditlog_changelist"


@pytest.fixture
def contact(acme: Company) -> Contact:
    made = contact_of(acme, "Grace Hopper")
    changes: Any = {"payment_terms_days": 45}
    ctx = acme.ctx(request_id="the-request", reason="As she asked")
    contact_update(ctx, contact_id=made.pk, values=changes)
    return made


def looks(company: Company) -> list[Any]:
    found = AuditLog.objects.filter(action="read").order_by("id").values_list("new", flat=True)
    return read(company.ctx(), lambda: list(found))


def history(desk: Desk, model: str, record: Any, status: int = 200) -> str:
    return desk.get(f"{model}_history", record.pk, status=status)


# --- one record -------------------------------------------------------------------------


def test_a_record_s_page_leads_to_its_history(acme: Company, contact: Contact) -> None:
    desk = staff(acme)
    path = reverse("admin:accounting_contact_history", args=[contact.pk])
    assert path in desk.get("accounting_contact_change", contact.pk)
    page = history(desk, "accounting_contact", contact)
    for said in ("Changed by alice", "contact.update", "As she asked", "payment_terms_days", "45"):
        assert said in page
    assert "Created by alice" in page
    assert "Grace Hopper" in page
    assert "request_id=the-request" in page
    assert looks(acme) == [{"table": "accounting_contact", "row_id": str(contact.pk)}]


def test_a_document_s_history_shows_its_lines(acme: Company) -> None:
    books = books_of(acme)
    page = history(staff(acme), "accounting_invoice", books.draft)
    assert "line 1" in page
    assert "position 1, " in page
    assert "unit_price" in page


def test_what_is_not_recorded_says_why(acme: Company) -> None:
    entry = read(acme.ctx(), lambda: AuditLog.objects.first())
    assert "It is the log." in history(staff(acme), "audit_auditlog", entry)


def test_a_history_is_for_those_who_may_see_the_record(
    acme: Company, globex: Company, contact: Contact
) -> None:
    history(staff(globex), "accounting_contact", contact, status=404)
    desk = staff(acme)
    desk.get("accounting_contact_history", uuid7(), status=404)
    desk.get("accounting_contact_history", "nonsense", status=404)
    desk.get("accounting_contact_history", contact.pk, status=404, cursor="nonsense")
    viewer = staff(acme, role="viewer")
    page = history(viewer, "accounting_contact", contact)
    assert "As she asked" in page
    assert "request_id=the-request" not in page  # the whole log is not his
    clerk = staff(acme, role=rights.role_of(acme, "accounting.taxes.view")["code"])
    history(clerk, "accounting_contact", contact, status=403)
    assert looks(globex) == []
    assert len(looks(acme)) == 1


# --- the whole log ----------------------------------------------------------------------


def test_an_auditor_reads_the_log(acme: Company, contact: Contact) -> None:
    desk = staff(acme)
    assert reverse(f"admin:{LOG}") in desk.get("index")
    listed = desk.get(LOG, table="accounting_contact")
    assert "contact.create" in listed
    assert acme.owner.email in listed
    assert looks(acme) == [{"table": "accounting_contact"}]
    entry = read(acme.ctx(), lambda: AuditLog.objects.get(operation="contact.update"))
    page = desk.get("audit_auditlog_change", entry.pk)
    for said in ("45", "As she asked", "row_id=", "actor_id=", "request_id=the-request"):
        assert said in page
    assert looks(acme)[-1] == {"id": str(entry.pk)}


def test_the_log_is_narrowed_by_record_person_request_and_time(
    acme: Company, contact: Contact
) -> None:
    desk = staff(acme)
    for narrow in (
        {"request_id": "the-request"},
        {"q": "the-request"},
        {"q": str(contact.pk), "action__exact": "update"},
        {"row_id": str(contact.pk), "action__exact": "update"},
        {"actor_id": str(acme.owner.pk), "action__exact": "update", "days": "1"},
    ):
        listed = desk.get(LOG, **narrow)
        assert "contact.update" in listed, narrow
        assert "contact.create" not in listed, narrow
    assert "contact.update" not in desk.get(LOG, q="nothing of that kind")
    assert "contact.update" in desk.get(LOG, days="nonsense")
    desk.get(LOG, row_id="nonsense", status=302)


def test_the_list_is_exported_as_it_is_narrowed(acme: Company, contact: Contact) -> None:
    desk = staff(acme)
    listed = desk.get(LOG, row_id=str(contact.pk))
    assert f"{reverse('admin:audit_auditlog_export')}?row_id={contact.pk}" in listed
    text = desk.get("audit_auditlog_export", row_id=str(contact.pk))
    changed, created = csv.DictReader(text.splitlines())
    assert (changed["action"], created["action"]) == ("update", "insert")
    assert '"payment_terms_days":45' in changed["new"]
    assert looks(acme)[-1] == {"row_id": str(contact.pk), "export": "csv"}
    desk.get("audit_auditlog_export", row_id="nonsense", status=404)
    assert len(looks(acme)) == 2


def test_nobody_changes_the_log(acme: Company, contact: Contact) -> None:
    desk = staff(acme)
    entry = read(acme.ctx(), lambda: AuditLog.objects.first())
    desk.get("audit_auditlog_add", status=403)
    desk.post("audit_auditlog_change", entry.pk, body={"reason": "x"}, status=403)
    desk.post("audit_auditlog_delete", entry.pk, body={"post": "yes"}, status=403)


def test_who_may_not_see_the_log_sees_no_page_and_no_link(
    acme: Company, globex: Company, contact: Contact
) -> None:
    desk = staff(acme, role="viewer")
    assert reverse(f"admin:{LOG}") not in desk.get("index")
    entry = read(acme.ctx(), lambda: AuditLog.objects.first())
    desk.get(LOG, status=403)
    desk.get("audit_auditlog_export", status=403)
    desk.get("audit_auditlog_change", entry.pk, status=403)
    assert looks(acme) == []
    stranger = staff(globex)
    assert "contact.create" not in stranger.get(LOG, row_id=str(contact.pk))
    stranger.get("audit_auditlog_change", entry.pk, status=302)


def test_what_no_text_holds_is_refused_rather_than_looked_for(acme: Company) -> None:
    desk = staff(acme)
    for name in (LOG, "audit_auditlog_export", "messaging_search_changelist"):
        desk.get(name, q="a\0b", status=400)
    desk.get(LOG, table="accounting_contact\0", status=400)
    assert looks(acme) == []


def test_the_list_costs_the_same_however_many_people_are_in_it(acme: Company) -> None:
    desk = staff(acme)
    few = cost(desk)
    for _ in range(5):
        member = rights.member_of(acme, "accounting.contacts.create")
        contact_update(acme.ctx(member), contact_id=contact_of(acme).pk, values={"country": "GB"})
    assert cost(desk) == few


def cost(desk: Desk) -> int:
    """Statements about the log and about people."""
    with CaptureQueriesContext(connections["default"]) as captured:
        desk.get(LOG)
    asked = [query["sql"] for query in captured.captured_queries]
    return sum("audit_auditlog" in sql or 'FROM "permissions_user"' in sql for sql in asked)
