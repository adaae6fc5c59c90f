"""Erasing from the staff console: a question first, and only to whom it is allowed."""

import orjson
from django.urls import reverse

from permissions.models import User
from tests.cast import Company, join, new_user
from tests.console.desk import Desk, contact_of, reload, staff
from tests.permissions import rights
from tests.privacy.markers import places_of

CONTACTS, MEMBERS = "accounting_contact_changelist", "permissions_membership_changelist"


def platform(company: Company) -> Desk:
    desk = staff(company)
    User.objects.filter(pk=desk.user.pk).update(is_platform_admin=True)
    return desk


def test_a_contact_is_erased_after_a_question(acme: Company) -> None:
    desk, contact = staff(acme), contact_of(acme, "Ada Lovelace-Byron")
    asked = desk.act(CONTACTS, "erase", [contact.pk], status=200).content.decode()
    assert "Ada Lovelace-Byron" in asked
    assert reload(acme, type(contact), contact.pk).is_active
    body = {"action": "erase", "_selected_action": str(contact.pk), "ground": "requested"}
    desk.post(CONTACTS, body=body)
    assert "is what is left" in desk.said()
    assert places_of("Lovelace-Byron") == set()


def test_the_report_is_a_file(acme: Company) -> None:
    desk, contact = staff(acme), contact_of(acme)
    answer = desk.act(CONTACTS, "personal_data", [contact.pk], status=200)
    assert answer["Content-Disposition"].startswith("attachment")
    assert orjson.loads(answer.content)["id"] == str(contact.pk)
    desk.act(CONTACTS, "personal_data", [contact.pk, contact_of(acme).pk])
    assert "One at a time" in desk.said()


def test_an_accountant_is_offered_neither(acme: Company) -> None:
    desk, contact = staff(acme, role="accountant"), contact_of(acme)
    for action in ("erase", "personal_data"):
        desk.act(CONTACTS, action, [contact.pk], status=403)


def test_the_platform_erases_a_member_on_a_page_of_its_own(acme: Company, globex: Company) -> None:
    user = join(acme, new_user("dan"), "viewer")
    join(globex, user, "viewer")
    desk, member = platform(acme), rights.membership_of(acme, user)
    there = desk.act(MEMBERS, "erase", [member.pk])["Location"]
    assert there == f"{reverse('admin:erase_user')}?user={user.pk}"
    assert user.email in desk.client.get(there).content.decode()
    body = {"ground": "requested", "_tenant": str(acme.tenant_id)}
    assert desk.client.post(there, body).status_code == 302
    assert "is what is left" in desk.said()
    assert places_of(user.email) == set()
    again = desk.client.post(there, body)
    assert (again.status_code, "was left as he is" in desk.said()) == (302, True)


def test_nobody_else_does(acme: Company, globex: Company) -> None:
    user = join(acme, new_user("dan"), "viewer")
    owner, there = staff(acme), f"{reverse('admin:erase_user')}?user={user.pk}"
    body = {"ground": "requested", "_tenant": str(acme.tenant_id)}
    assert owner.client.get(there).status_code == 403
    assert owner.client.post(there, body).status_code == 403
    owner.act(MEMBERS, "erase", [rights.membership_of(acme, user).pk], status=403)
    elsewhere = platform(globex)
    assert elsewhere.client.post(there, body).status_code == 404
    other_form = platform(acme).client.post(there, body | {"_tenant": str(globex.tenant_id)})
    assert other_form.status_code == 403
    user.refresh_from_db()
    assert user.is_active
