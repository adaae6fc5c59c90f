"""Passwords and invitations in the browser's pages, and who is logged in."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from permissions.models import Membership, User, UserSession
from tests.cast import PASSWORD, Company, api_of, email, join, new_user
from tests.console.desk import staff
from tests.permissions import rights
from tests.permissions.mails import link_in, mails_to
from tests.permissions.test_passwords_api import NEW

WRONG = "not my password"


def change(client: Client, old: str = PASSWORD, new: str = NEW, again: str | None = None) -> Any:
    body = {"old_password": old, "new_password1": new, "new_password2": again or new}
    return client.post(reverse("admin:password_change"), body)


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(token|tenant)" value="([^"]+)">', page))


def log_in(user: User, password: str) -> Client:
    client = Client()
    client.post("/admin/login/", {"username": user.email, "password": password})
    return client


# --- change -------------------------------------------------------------------------


def test_staff_change_their_password_and_stay_logged_in_here_only(acme: Company) -> None:
    desk = staff(acme)
    elsewhere = log_in(desk.user, PASSWORD)
    api = api_of(acme, desk.user)
    assert 'name="old_password"' in desk.get("password_change")
    assert change(desk.client).status_code == 302
    assert "Your password is changed" in desk.said()
    assert elsewhere.get("/admin/").status_code == 302
    assert api.get("auth/me/").status_code == 401
    assert log_in(desk.user, PASSWORD).get("/admin/").status_code == 302
    assert log_in(desk.user, NEW).get("/admin/").status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "again", "says"),
    [
        (WRONG, NEW, None, "This is not your password."),
        (PASSWORD, NEW, NEW + "x", "The two passwords differ."),
        (PASSWORD, "short", None, "too short"),
        (PASSWORD, "password123", None, "too common"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    acme: Company, old: str, new: str, again: str | None, says: str
) -> None:
    desk = staff(acme)
    answer = change(desk.client, old, new, again)
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert User.objects.get(pk=desk.user.pk).check_password(PASSWORD)
    desk.get("index")


def test_wrong_old_passwords_lock_the_account(acme: Company) -> None:
    desk = staff(acme)
    for _ in range(5):
        change(desk.client, WRONG)
    assert "Too many wrong passwords" in change(desk.client).content.decode()
    assert log_in(desk.user, PASSWORD).get("/admin/").status_code == 302


# --- forgotten ----------------------------------------------------------------------


def test_a_forgotten_password_is_set_in_the_browser(acme: Company) -> None:
    sam = join(acme, new_user("sam", is_staff=True), "owner")
    client = Client()
    assert reverse("admin:admin_password_reset") in client.get("/admin/login/").content.decode()
    client.get(reverse("admin:admin_password_reset"))
    asked = [
        client.post(reverse("admin:admin_password_reset"), {"email": address}).content.decode()
        for address in (sam.email, "unknown-" + sam.email)
    ]
    assert all("a mail with a link is on its way" in page for page in asked)
    [text] = mails_to(sam.email)
    path = path_of(link_in(text))
    for _ in range(2):  # a mail program that follows links uses nothing up
        page = client.get(path).content.decode()
    form = hidden(page) | {"password": "short", "again": "short"}
    assert "too short" in client.post("/admin/reset-password/", form).content.decode()
    form |= {"password": NEW, "again": NEW}
    assert (
        "Your password is changed" in client.post("/admin/reset-password/", form).content.decode()
    )
    assert "not valid, or no longer" in client.get(path).content.decode()
    assert log_in(sam, NEW).get("/admin/").status_code == 200


def test_pages_of_links_are_not_kept_and_need_a_csrf_token(acme: Company) -> None:
    client = Client(enforce_csrf_checks=True)
    for path in ("reset-password", "accept-invitation", "forgot-password"):
        assert "no-store" in client.get(f"/admin/{path}/?token=x").headers["Cache-Control"]
        assert client.post(f"/admin/{path}/", {"token": "x"}).status_code == 403


# --- invited ------------------------------------------------------------------------


def test_staff_invite_and_the_invited_join_in_the_browser(acme: Company) -> None:
    desk = staff(acme)
    dan = email("dan")
    assert "Viewer" in desk.get("invite")
    desk.post("invite", body={"email": dan, "name": "Dan", "roles": ["viewer"]})
    assert dan in desk.said()
    [text] = mails_to(dan)
    client = Client()
    page = client.get(path_of(link_in(text))).content.decode()
    assert 'name="password"' in page
    form = hidden(page) | {"name": "Dan D.", "password": NEW, "again": NEW}
    done = client.post("/admin/accept-invitation/", form).content.decode()
    assert f"You have joined Company {acme.slug}" in done
    assert Membership.objects.get(user__email=dan).is_active
    assert User.objects.get(email=dan).check_password(NEW)


def test_who_has_a_password_is_not_asked_for_another(acme: Company, globex: Company) -> None:
    desk = staff(acme)
    desk.post("invite", body={"email": globex.owner.email, "roles": ["viewer"]})
    client = Client()
    page = client.get(path_of(link_in(mails_to(globex.owner.email)[-1]))).content.decode()
    assert 'name="password"' not in page
    form = hidden(page) | {"password": NEW, "again": NEW}
    assert "You have joined" in client.post("/admin/accept-invitation/", form).content.decode()
    assert User.objects.get(pk=globex.owner.pk).check_password(PASSWORD)


def test_an_invitation_gives_no_more_than_one_holds(acme: Company) -> None:
    role = rights.role_of(acme, "permissions.memberships.create", "permissions.memberships.view")
    desk = staff(acme, role=role["code"])
    dan = email("dan")
    answer = desk.post("invite", body={"email": dan, "roles": ["owner"]}, status=200)
    assert "yourself" in answer.content.decode()
    assert not User.objects.filter(email=dan).exists()
    assert mails_to(dan) == []


def test_inviting_needs_its_permission_and_its_company(acme: Company, globex: Company) -> None:
    assert staff(acme, role="viewer").client.get(reverse("admin:invite")).status_code == 403
    desk = staff(acme, globex)
    desk.switch(acme)
    body = {"email": email("dan"), "roles": ["viewer"], "_tenant": str(globex.tenant_id)}
    desk.post("invite", body=body, status=403)
    assert mails_to(body["email"]) == []


def test_the_list_of_members_leads_to_the_page_and_sends_again(
    acme: Company, globex: Company
) -> None:
    """And until he accepts, it says no more of him than his address."""
    desk = staff(acme)
    User.objects.filter(pk=globex.owner.pk).update(name="Charlie Secret", is_staff=True)
    desk.post("invite", body={"email": globex.owner.email, "roles": ["viewer"]})
    assert len(mails_to(globex.owner.email)) == 1
    page = desk.get("permissions_membership_changelist")
    assert reverse("admin:invite") in page
    assert globex.owner.email in page
    assert "Charlie Secret" not in page
    found = desk.get("permissions_membership_changelist", q="Charlie Secret")
    assert globex.owner.email not in found
    [waiting] = Membership.objects.filter(user=globex.owner, tenant=acme.tenant_id)
    assert "Charlie Secret" not in desk.get("permissions_membership_change", waiting.pk)
    desk.act("permissions_membership_changelist", "invite_again", [waiting.pk])
    assert "is on its way" in desk.said()
    assert len(mails_to(globex.owner.email)) == 2
    viewer = staff(acme, role=rights.role_of(acme, "permissions.memberships.view")["code"])
    page = viewer.get("permissions_membership_changelist")
    assert reverse("admin:invite") not in page
    assert "invite_again" not in page


# --- who is logged in ---------------------------------------------------------------


def test_logins_of_this_company_are_listed_and_ended(acme: Company, globex: Company) -> None:
    desk = staff(acme)
    bob = join(globex, join(acme, new_user("bob"), "viewer"), "viewer")
    here, elsewhere = api_of(acme, bob), api_of(globex, bob)
    page = desk.get("permissions_usersession_changelist")
    assert page.count(bob.email) == 1
    [mine] = UserSession.objects.filter(user=bob, tenant=acme.tenant_id)
    [theirs] = UserSession.objects.filter(user=bob, tenant=globex.tenant_id)
    assert bob.email in desk.get("permissions_usersession_change", mine.pk)
    desk.act("permissions_usersession_changelist", "end_selected", [mine.pk, theirs.pk])
    assert "Logins ended: 1." in desk.said()
    assert here.get("auth/me/").status_code == 401
    assert elsewhere.get("auth/me/").status_code == 200


def test_ending_logins_needs_its_permission(acme: Company) -> None:
    role = rights.role_of(acme, "permissions.sessions.view")
    desk = staff(acme, role=role["code"])
    session = api_of(acme, acme.owner)
    [row] = UserSession.objects.filter(user=acme.owner)
    name = "permissions_usersession_changelist"
    assert "end_selected" not in desk.get(name)
    desk.act(name, "end_selected", [row.pk], status=403)
    assert session.get("auth/me/").status_code == 200
