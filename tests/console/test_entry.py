"""Who gets in, into which company, and what a page may leave behind."""

from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounting.admin.contacts import ContactAdmin
from accounting.models import Contact
from accounting.services.reference import contact_create
from core.tenancy.admin import TenantModelAdmin
from permissions.models import Membership, User
from tests.cast import PASSWORD, Company, join, new_company, new_user
from tests.console.desk import Desk, contact_of, document_of, read, staff

LOGIN = "/admin/login/"


def log_in(user: User, password: str = PASSWORD) -> Client:
    client = Client()
    client.post(LOGIN, {"username": user.email, "password": password})
    return client


def test_staff_log_in_and_see_their_company(acme: Company) -> None:
    sam = join(acme, new_user("sam", is_staff=True), "accountant")
    client = log_in(sam)
    page = client.get("/admin/")
    assert page.status_code == 200
    assert f"Company {acme.slug}" in page.content.decode()
    assert client.post("/admin/logout/").status_code == 200
    assert client.get("/admin/").status_code == 302


def test_a_wrong_password_five_times_locks_even_the_right_one(acme: Company) -> None:
    sam = join(acme, new_user("sam", is_staff=True), "owner")
    for _ in range(5):
        log_in(sam, "wrong")
    assert log_in(sam).get("/admin/").status_code == 302


def test_failed_logins_count_while_somebody_is_logged_in(acme: Company) -> None:
    """A page of the console that fails is rolled back; counting passwords must not be."""
    victim = join(acme, new_user("sam", is_staff=True), "owner")
    desk = staff(acme)
    for _ in range(5):
        desk.client.post(LOGIN, {"username": victim.email, "password": "wrong"})
    assert log_in(victim).get("/admin/").status_code == 302


def test_who_is_not_staff_does_not_get_in(acme: Company) -> None:
    client = log_in(acme.owner)
    response = client.get("/admin/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith(LOGIN)
    # Nor with a session that was opened while he was.
    client.force_login(acme.owner, backend="permissions.backends.PasswordBackend")
    assert client.get("/admin/accounting/invoice/").status_code == 302


def test_staff_without_a_membership_see_nothing() -> None:
    client = log_in(new_user("sam", is_staff=True))
    assert client.get("/admin/").status_code == 302
    assert client.get("/admin/accounting/contact/").status_code == 302


def test_a_deactivated_membership_ends_at_the_next_page(acme: Company, globex: Company) -> None:
    desk = staff(acme, globex)
    desk.switch(acme)
    desk.get("index")
    Membership.objects.filter(user=desk.user, tenant=acme.tenant_id).update(is_active=False)
    # What was meant for acme is not carried out in globex.
    desk.post("accounting_contact_add", body={"name": "Meant for acme", "is_customer": "on"})
    assert "no longer a member" in desk.said()
    assert f"Company {globex.slug}" in desk.get("index")
    assert not read(globex.ctx(), lambda: Contact.objects.exists())


def test_a_company_joined_later_does_not_slip_in_front(acme: Company) -> None:
    desk = staff(acme)
    desk.get("index")
    earlier = new_company(new_user("dora"))
    while earlier.slug > acme.slug:
        earlier = new_company(new_user("dora"))
    join(earlier, desk.user, "owner")
    assert f">Company {acme.slug}</strong>" in desk.get("index")


def test_switching_shows_the_other_company_only(acme: Company, globex: Company) -> None:
    desk = staff(acme, globex)
    contact_of(acme, "Only at Acme")
    contact_of(globex, "Only at Globex")
    for here, mine, theirs in (
        (acme, "Only at Acme", "Only at Globex"),
        (globex, "Only at Globex", "Only at Acme"),
        (acme, "Only at Acme", "Only at Globex"),
    ):
        desk.switch(here)
        page = desk.get("accounting_contact_changelist")
        assert mine in page
        assert theirs not in page


def test_the_switcher_refuses_companies_of_others(acme: Company, globex: Company) -> None:
    desk = staff(acme)
    desk.switch(globex, status=403)
    desk.post("switch_tenant", body={"tenant": "nonsense"}, status=403)
    desk.post("switch_tenant", body={"tenant": ""}, status=403)
    assert desk.client.get(reverse("admin:switch_tenant")).status_code == 405
    assert f"Company {acme.slug}" in desk.get("index")


def test_the_switcher_leads_home_whatever_it_is_told(acme: Company, globex: Company) -> None:
    desk = staff(acme, globex)
    body = {"tenant": str(globex.tenant_id), "next": "https://elsewhere.test/"}
    response = desk.post("switch_tenant", body=body)
    assert response.headers["Location"] == "/admin/"


def test_the_switcher_and_transitions_need_a_csrf_token(acme: Company, globex: Company) -> None:
    desk = staff(acme, globex)
    desk.client.handler.enforce_csrf_checks = True
    desk.switch(globex, status=403)
    draft = document_of(acme, contact_of(acme))
    desk.post("accounting_invoice_post", draft.id, status=403)


def test_a_stranger_cannot_use_the_switcher(acme: Company) -> None:
    client = Client()
    response = client.post(reverse("admin:switch_tenant"), {"tenant": str(acme.tenant_id)})
    assert response.status_code == 302
    assert response.headers["Location"].startswith(LOGIN)


def test_a_form_of_the_former_company_is_refused(acme: Company, globex: Company) -> None:
    desk = staff(acme, globex)
    desk.switch(acme)
    assert str(acme.tenant_id) in desk.get("accounting_contact_add")
    desk.switch(globex)
    body = {"name": "Filled in at Acme", "is_customer": "on", "_tenant": str(acme.tenant_id)}
    response = desk.post("accounting_contact_add", body=body, status=403)
    assert "opened for another company" in response.content.decode()
    assert not read(globex.ctx(), lambda: Contact.objects.exists())


def test_a_page_that_fails_leaves_nothing_behind(acme: Company, monkeypatch) -> None:
    desk = staff(acme)

    def fail(self, request, obj, **rest):
        raise LookupError("after the contact was saved")

    monkeypatch.setattr(ContactAdmin, "response_add", fail)
    desk.client.raise_request_exception = False
    desk.post("accounting_contact_add", body={"name": "Half", "is_customer": "on"}, status=500)
    assert not read(acme.ctx(), lambda: Contact.objects.exists())


def test_a_page_that_only_reads_cannot_write(acme: Company, monkeypatch) -> None:
    desk = staff(acme)

    def write(self, request):
        contact_create(request.ctx, values={"name": "By reading"})

    monkeypatch.setattr(ContactAdmin, "get_queryset", write)
    desk.client.raise_request_exception = False
    assert "Something went wrong" in desk.get("accounting_contact_changelist", status=500)
    monkeypatch.undo()
    assert not read(acme.ctx(), lambda: Contact.objects.exists())


def test_tables_of_all_companies_have_no_page(acme: Company) -> None:
    assert all(isinstance(a, TenantModelAdmin) for a in admin.site._registry.values())
    desk = staff(acme)
    for path in ("axes/accessattempt/", "auth/group/", "permissions/user/", "search/?s=a"):
        assert desk.client.get(f"/admin/{path}").status_code == 404


def test_an_error_page_is_readable_and_says_nothing(acme: Company) -> None:
    desk: Desk = staff(acme)
    response = desk.client.get("/admin/nothing/here/")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")
    assert "There is no such page" in response.content.decode()
    assert "Traceback" not in response.content.decode()
