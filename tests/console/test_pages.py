"""Every page: who may see it, whose rows it shows, what it costs."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounting.models import Account, CompanySettings, Document, Journal, Series
from core.ids import uuid7
from permissions.models import Membership, Role
from permissions.services.roles import grant_remove
from permissions.services.sessions import session_open
from tests.cast import Company
from tests.console.desk import Books, Desk, books_of, contact_of, document_of, read, staff
from tests.console.test_transitions import TRANSITIONS
from tests.permissions import rights

REFERENCE = ("accounting_account", "accounting_tax", "accounting_contact")
RECORDS = (
    "accounting_invoice",
    "accounting_bill",
    "accounting_creditnote",
    "accounting_debitnote",
    "accounting_payment",
    "accounting_allocation",
    "accounting_journal",
    "accounting_series",
    "permissions_usersession",
)
#: Forms, of which members are invited rather than added.
RIGHTS = ("permissions_membership", "permissions_role")
#: One page each, in place of a list and forms.
QUESTIONS = ("permissions_moduleassignment", "permissions_permission")
#: Tried in test_conversations.py.
CONVERSATIONS = ("messaging_thread", "messaging_messagingsettings")
#: Tried in tests/activity/test_console.py.
USAGE = ("activity_usageevent", "activity_usageday", "activity_usagequota")
#: Tried in test_audit.py.
AUDIT = ("audit_auditlog",)
SETTINGS = "accounting_companysettings"
#: Tried in test_jobs.py.
JOBS = "jobs_job"
#: Tried in tests/webhooks.
WEBHOOKS = ("webhooks_webhookendpoint", "webhooks_webhookdelivery")
#: Tried in test_exports.py.
EXPORTS = "exports_export"
#: Tried in tests/paper.
MAILS = ("mail_mail", "mail_mailsettings", "mail_mailtemplate", "accounting_letterhead")


def ids_of(company: Company, books: Books) -> dict[str, UUID]:
    """One record for each kind of page."""

    def rest() -> dict[str, UUID]:
        return {
            "accounting_series": Series.objects.first().pk,
            "permissions_role": Role.objects.first().pk,
            SETTINGS: CompanySettings.objects.first().pk,
        }

    membership = Membership.objects.filter(tenant=company.tenant_id).first()
    login = session_open(company.ctx(), user_id=company.owner.pk)
    return read(company.ctx(), rest) | {
        "accounting_invoice": books.paid.pk,
        "accounting_bill": books.bill.pk,
        "accounting_creditnote": books.credit_note.pk,
        "accounting_debitnote": books.debit_note.pk,
        "accounting_payment": books.payment.pk,
        "accounting_allocation": books.allocation.pk,
        "accounting_journal": books.journal.pk,
        "accounting_account": books.account.pk,
        "accounting_tax": books.tax.pk,
        "accounting_contact": books.contact.pk,
        "permissions_membership": membership.pk,
        "permissions_usersession": login.session.pk,
    }


def registered() -> Iterator[str]:
    for model in admin.site._registry:
        yield f"{model._meta.app_label}_{model._meta.model_name}"


def test_these_are_all_pages() -> None:
    known = {*REFERENCE, *RECORDS, *RIGHTS, *QUESTIONS, *CONVERSATIONS, *USAGE, *AUDIT, SETTINGS}
    known |= {JOBS, EXPORTS, *MAILS, *WEBHOOKS}
    assert set(registered()) == known


def test_an_owner_opens_every_page(acme: Company) -> None:
    desk = staff(acme)
    ids = ids_of(acme, books_of(acme))
    for name, record_id in ids.items():
        assert desk.get(f"{name}_changelist", status=302 if name == SETTINGS else 200) is not None
        page = desk.get(f"{name}_change", record_id)
        assert f"Company {acme.slug}" in page
        writable = name in (*REFERENCE, "permissions_role")
        desk.get(f"{name}_add", status=200 if writable else 403)
        desk.get(f"{name}_delete", record_id, status=403)
        assert reverse(f"admin:{name}_history", args=[record_id]) in page
        assert "Created by" in desk.get(f"{name}_history", record_id)
    desk.get("app_list", "accounting")
    desk.get("jsi18n")


def test_a_viewer_sees_and_changes_nothing(acme: Company) -> None:
    desk = staff(acme, role="viewer")
    books = books_of(acme)
    ids = ids_of(acme, books)
    assert "Members" not in desk.get("index")
    for name in (*RIGHTS, "permissions_usersession"):
        desk.get(f"{name}_changelist", status=403)
        desk.get(f"{name}_history", ids[name], status=403)
        desk.get(f"{name}_change", ids.pop(name), status=403)
    for name, record_id in ids.items():
        if name != SETTINGS:
            page = desk.get(f"{name}_changelist")
            assert f"/{name.split('_')[1]}/add/" not in page
            may_print = name == "accounting_contact"
            assert ('name="action"' in page) == may_print
            assert "Erase" not in page
        page = desk.get(f"{name}_change", record_id)
        assert 'name="_save"' not in page
        assert "/post/" not in page
        assert "/reverse/" not in page
        desk.get(f"{name}_add", status=403)
        desk.post(f"{name}_add", body={"name": "x"}, status=403)
        desk.post(f"{name}_change", record_id, body={"name": "x"}, status=403)
        desk.post(f"{name}_delete", record_id, body={"post": "yes"}, status=403)


def test_a_viewer_s_hand_made_transitions_are_refused(acme: Company) -> None:
    desk = staff(acme, role="viewer")
    books = books_of(acme)
    for name, draft, posted in (
        ("invoice", books.draft, books.posted),
        ("payment", books.draft_payment, books.payment),
        ("journal", books.draft_journal, books.journal),
    ):
        desk.post(f"accounting_{name}_post", draft.pk, status=403)
        desk.post(f"accounting_{name}_reverse", posted.pk, status=403)
        desk.act(f"accounting_{name}_changelist", "post_selected", [draft.pk], status=403)
        desk.act(f"accounting_{name}_changelist", "reverse_selected", [posted.pk], status=403)
    desk.post("accounting_allocation_reverse", books.allocation.pk, status=403)
    assert read(acme.ctx(), lambda: Document.objects.get(pk=books.draft.pk).state) == "draft"
    assert read(acme.ctx(), lambda: Journal.objects.filter(reverses=books.journal).count()) == 0


def test_rights_follow_the_roles_at_once(acme: Company) -> None:
    desk = staff(acme, role="accountant")
    books = books_of(acme)
    assert "/post/" in desk.get("accounting_invoice_change", books.draft.pk)
    # The role loses one permission: the button goes, and so does what it did.
    accountant = {"id": rights.role_id(acme, "accountant")}
    grant_remove(acme.ctx(), grant_id=rights.grant_id(acme, accountant, rights.POST))
    assert "/post/" not in desk.get("accounting_invoice_change", books.draft.pk)
    desk.post("accounting_invoice_post", books.draft.pk, status=403)
    desk.get("accounting_bill_changelist")


def test_a_stranger_gets_nowhere(acme: Company, globex: Company) -> None:
    """Charlie's staff, in his own company, with the addresses of Alice's records."""
    desk = staff(globex)
    ids = ids_of(acme, books_of(acme))
    for name, record_id in ids.items():
        response = desk.client.get(reverse(f"admin:{name}_change", args=[record_id]))
        assert response.status_code == 302, name
        assert response.headers["Location"] == "/admin/"
        assert "Dawson" not in desk.said()
        desk.get(f"{name}_delete", record_id, status=403)
        if f"{name}_reverse" in TRANSITIONS:
            desk.post(f"{name}_reverse", record_id)
            assert "There is no such" in desk.said()
        if name not in RECORDS:
            desk.post(f"{name}_change", record_id, body={"name": "Taken over"})


def test_lists_show_the_own_company_only(acme: Company, globex: Company) -> None:
    books_of(acme)
    desk = staff(globex)
    for name in (*REFERENCE, *RECORDS, *RIGHTS, *QUESTIONS):
        page = desk.get(f"{name}_changelist")
        assert "Dawson" not in page
        assert "INV-2026" not in page
        assert acme.owner.email not in page
    assert "Dawson" not in desk.get("index")
    query = {"app_label": "accounting", "model_name": "tax", "field_name": "account", "term": ""}
    found = desk.client.get(reverse("admin:autocomplete"), query).json()["results"]
    mine = read(globex.ctx(), lambda: {str(a.pk) for a in Account.objects.all()})
    assert {row["id"] for row in found} == mine


def test_members_are_of_the_chosen_company(acme: Company, globex: Company) -> None:
    desk = staff(acme, globex)
    desk.switch(acme)
    page = desk.get("permissions_membership_changelist")
    assert acme.owner.email in page
    assert globex.owner.email not in page
    theirs = Membership.objects.get(tenant=globex.tenant_id, user=globex.owner)
    desk.get("permissions_membership_change", theirs.pk, status=302)


def test_a_document_shows_lines_journal_and_what_settled_it(acme: Company) -> None:
    desk = staff(acme)
    books = books_of(acme)
    page = desk.get("accounting_invoice_change", books.paid.pk)
    for text in ("S 20 %", "1100 Accounts receivable", "120.00", "Part paid", "60.00"):
        assert text in page
    assert reverse("admin:accounting_journal_change", args=[books.paid.journal_id]) in page
    assert reverse("admin:accounting_payment_change", args=[books.payment.pk]) in page
    journal = desk.get("accounting_journal_change", books.paid.journal_id)
    assert reverse("admin:accounting_invoice_change", args=[books.paid.pk]) in journal
    payment = desk.get("accounting_payment_change", books.payment.pk)
    assert reverse("admin:accounting_invoice_change", args=[books.paid.pk]) in payment


def test_a_document_has_one_page_of_its_kind(acme: Company) -> None:
    desk = staff(acme)
    bill = books_of(acme).bill
    desk.get("accounting_invoice_change", bill.pk, status=302)
    assert bill.number in desk.get("accounting_bill_change", bill.pk)


def test_search_and_filters(acme: Company) -> None:
    desk = staff(acme)
    books = books_of(acme)
    document_of(acme, contact_of(acme, "Unlike"), post=True)

    def found(**query: str) -> int:
        response = desk.client.get(reverse("admin:accounting_invoice_changelist"), query)
        return response.context["cl"].result_count

    assert found() == 4
    assert found(q=books.posted.number) == 1
    assert found(q="order 7") == 1
    assert found(q="dawson") == 3
    assert found(q="nobody") == 0
    assert found(status="draft") == 1
    assert found(status="part_paid") == 1
    assert found(status="open") == 3
    assert found(issued_on_from="2026-03-03") == 0
    assert found(issued_on_to="2026-03-03") == 4
    assert found(issued_on_from="nonsense", status="nonsense") == 4
    contacts = desk.client.get(reverse("admin:accounting_contact_changelist"), {"type": "supplier"})
    assert contacts.context["cl"].result_count == 2


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("accounting_invoice", lambda c, k, i: document_of(c, k, post=True)),
        ("accounting_contact", lambda c, k, i: contact_of(c, f"Contact {i}")),
    ],
)
def test_a_list_costs_the_same_at_1_and_20_rows(acme: Company, name: str, make: Any) -> None:
    desk = staff(acme)
    contact = contact_of(acme)
    make(acme, contact, 0)
    one = _queries(desk, f"{name}_changelist")
    for i in range(1, 20):
        make(acme, contact_of(acme, f"Other {i}"), i)
    assert _queries(desk, f"{name}_changelist") == one
    assert one <= 9


def test_every_list_costs_few_queries(acme: Company) -> None:
    desk = staff(acme)
    books_of(acme)
    counted = {
        name: _queries(desk, f"{name}_changelist") for name in (*REFERENCE, *RECORDS, *RIGHTS)
    }
    assert max(counted.values()) <= 9, counted


def test_the_overview_and_a_record_cost_the_same_however_much_there_is(acme: Company) -> None:
    desk = staff(acme)
    books = books_of(acme)
    first = _queries(desk, "index")
    for _ in range(5):
        document_of(acme, contact_of(acme, "Another"), post=True)
    assert _queries(desk, "index") == first <= 14
    assert _queries(desk, "accounting_invoice_change", books.paid.pk) <= 20


def test_an_unknown_id_is_sent_home(acme: Company) -> None:
    desk = staff(acme)
    desk.get("accounting_invoice_change", uuid7(), status=302)
    desk.get("accounting_invoice_change", "nonsense", status=302)
    desk.act("accounting_invoice_changelist", "post_selected", ["nonsense"], status=400)


def _queries(desk: Desk, name: str, *args: Any) -> int:
    desk.get(name, *args)
    with CaptureQueriesContext(connection) as captured:
        desk.get(name, *args)
    return len(captured)
