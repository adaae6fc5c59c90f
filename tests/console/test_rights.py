"""Roles, members, modules and questions about permissions in the console."""

from typing import Any
from uuid import UUID

from django.urls import reverse

from core.ids import uuid7
from permissions import catalog
from permissions.models import User
from tests.cast import Company, api_of, join, new_user
from tests.console.desk import Desk, staff
from tests.permissions.rights import (
    GOVERN,
    POST,
    VIEW,
    grants_of,
    held,
    member_of,
    membership_of,
    role_id,
    role_of,
    update,
)

ROLE, MEMBER = "permissions_role", "permissions_membership"
MODULES = "permissions_moduleassignment_changelist"
EXPLAIN, DUTIES = "permissions_permission_changelist", "permissions_duties_changelist"


def desk_of(company: Company, *codes: str) -> Desk:
    """Staff who hold exactly `codes`."""
    return staff(company, role=role_of(company, *codes)["code"])


def platform_desk(company: Company) -> Desk:
    desk = desk_of(company, "permissions.modules.view", "permissions.memberships.view")
    User.objects.filter(pk=desk.user.pk).update(is_platform_admin=True)
    return desk


def refusals(response: Any) -> str:
    return str(response.context["adminform"].form.errors)


def role_body(*grants: str, **values: str) -> dict[str, Any]:
    return {"name": "Clerk", "is_active": "on", "version": "1", "grants": list(grants)} | values


# --- roles --------------------------------------------------------------------------


def test_a_role_is_made_and_changed_by_checkboxes(acme: Company) -> None:
    desk = staff(acme)
    assert f'value="{VIEW}"' in desk.get(f"{ROLE}_add")
    desk.post(f"{ROLE}_add", body=role_body(VIEW, code="clerk"))
    assert grants_of(acme, "clerk") == {VIEW}
    bob = join(acme, new_user("bob"), "clerk")
    role = role_id(acme, "clerk")
    page = desk.get(f"{ROLE}_change", role)
    assert page.count(" checked") >= 1
    assert bob.email in page
    assert "permissions.modules.update" not in page
    desk.post(f"{ROLE}_change", role, body=role_body(POST))
    assert held(acme, bob) == {POST}
    stale = desk.post(f"{ROLE}_change", role, body=role_body(VIEW), status=200)
    assert "Somebody changed this record" in refusals(stale)
    desk.post(f"{ROLE}_change", role, body=role_body(version="2"))
    assert held(acme, bob) == set()


def test_the_console_refuses_what_the_services_refuse(acme: Company) -> None:
    desk = desk_of(acme, *GOVERN, VIEW)
    mine = update(acme, desk.user)["role_ids"][0]
    response = desk.post(f"{ROLE}_change", mine, body=role_body(*GOVERN, POST), status=200)
    assert f"You do not hold {POST}" in refusals(response)
    response = desk.post(f"{ROLE}_add", body=role_body(POST, code="up"), status=200)
    assert f"You do not hold {POST}" in refusals(response)
    for forged in ("permissions.modules.update", "accounting.invoices.fly"):
        response = desk.post(f"{ROLE}_add", body=role_body(forged, code="up"), status=200)
        assert "grants" in response.context["adminform"].form.errors
    owner = staff(acme)
    response = owner.post(f"{ROLE}_change", role_id(acme, "owner"), body=role_body(), status=200)
    assert "The role owner" in refusals(response)
    assert held(acme, desk.user) == {*GOVERN, VIEW}


def test_roles_that_nobody_holds_are_deleted_from_the_list(acme: Company) -> None:
    desk = staff(acme)
    kept, unheld = role_of(acme, VIEW, name="Kept"), role_of(acme, VIEW, name="Unheld")
    join(acme, new_user("bob"), kept["code"])
    desk.act(f"{ROLE}_changelist", "delete_unheld", [kept["id"], unheld["id"]])
    said = desk.said()
    assert "Unheld is deleted" in said
    assert "Kept was left as it is" in said
    assert (grants_of(acme, kept["code"]), grants_of(acme, unheld["code"])) == ({VIEW}, set())


def test_who_may_only_look_sees_no_checkbox(acme: Company) -> None:
    desk = desk_of(acme, "permissions.roles.view", "permissions.memberships.view")
    role = role_id(acme, "viewer")
    page = desk.get(f"{ROLE}_change", role)
    assert 'name="grants"' not in page
    assert "✓" in page
    desk.post(f"{ROLE}_change", role, body=role_body(), status=403)
    desk.act(f"{ROLE}_changelist", "delete_unheld", [role], status=403)
    member = membership_of(acme, acme.owner).pk
    assert 'name="role_ids"' not in desk.get(f"{MEMBER}_change", member)
    desk.post(f"{MEMBER}_change", member, body={}, status=403)


# --- members ------------------------------------------------------------------------


def member_body(company: Company, user: User, *roles: UUID, **values: str) -> dict[str, Any]:
    member = membership_of(company, user)
    body: dict[str, Any] = {"version": str(member.version), "role_ids": [str(r) for r in roles]}
    return body | {name: value for name, value in values.items() if value}


def test_a_member_gets_roles_and_leaves(acme: Company) -> None:
    desk, bob = staff(acme), member_of(acme)
    viewer, member = role_id(acme, "viewer"), membership_of(acme, bob).pk
    api = api_of(acme, bob)
    desk.post(f"{MEMBER}_change", member, body=member_body(acme, bob, viewer, is_active="on"))
    assert VIEW in held(acme, bob)
    page = desk.get(f"{MEMBER}_change", member)
    assert bob.email in page
    assert f'value="{viewer}"' in page
    desk.post(f"{MEMBER}_change", member, body=member_body(acme, bob, viewer))
    assert not membership_of(acme, bob).is_active
    assert api.get("accounts/").status_code == 401


def test_the_last_owner_is_kept_here_too(acme: Company) -> None:
    desk = desk_of(acme, *catalog.governing_codes())
    member = membership_of(acme, acme.owner).pk
    body = member_body(acme, acme.owner, is_active="on", is_super_admin="on")
    response = desk.post(f"{MEMBER}_change", member, body=body, status=200)
    assert "holds the role owner" in refusals(response)
    owner = role_id(acme, "owner")
    mine = member_body(acme, desk.user, owner, is_active="on")
    response = desk.post(
        f"{MEMBER}_change", membership_of(acme, desk.user).pk, body=mine, status=200
    )
    assert "You do not hold" in refusals(response)


def test_super_admins_are_made_by_who_may(acme: Company) -> None:
    bob = member_of(acme)
    member = membership_of(acme, bob).pk
    body = member_body(acme, bob, is_active="on", is_super_admin="on")
    limited = [code for code in GOVERN if code != "permissions.super-admins.update"]
    roles = update(acme, bob)["role_ids"]
    desk_of(acme, *limited).post(
        f"{MEMBER}_change", member, body=body | {"role_ids": [str(r) for r in roles]}
    )
    assert not membership_of(acme, bob).is_super_admin
    body = member_body(acme, bob, *roles, is_active="on", is_super_admin="on")
    staff(acme).post(f"{MEMBER}_change", member, body=body)
    assert membership_of(acme, bob).is_super_admin


def test_members_and_roles_of_another_company_are_out_of_reach(
    acme: Company, globex: Company
) -> None:
    desk = staff(globex)
    member, role = membership_of(acme, acme.owner).pk, role_id(acme, "viewer")
    desk.post(f"{MEMBER}_change", member, body={"is_active": ""})
    desk.post(f"{ROLE}_change", role, body=role_body())
    mine = membership_of(globex, globex.owner)
    body = member_body(globex, globex.owner, role, is_active="on")
    response = desk.post(f"{MEMBER}_change", mine.pk, body=body, status=200)
    assert "role_ids" in response.context["adminform"].form.errors
    assert membership_of(acme, acme.owner).is_active
    assert VIEW in grants_of(acme, "viewer")


def test_the_platform_locks_somebody_out_everywhere(acme: Company) -> None:
    bob = member_of(acme, VIEW)
    member = membership_of(acme, bob).pk
    staff(acme).act(f"{MEMBER}_changelist", "deactivate_everywhere", [member], status=403)
    assert User.objects.get(pk=bob.pk).is_active
    desk = platform_desk(acme)
    desk.act(f"{MEMBER}_changelist", "deactivate_everywhere", [member])
    assert "locked out" in desk.said()
    assert not User.objects.get(pk=bob.pk).is_active
    desk.act(f"{MEMBER}_changelist", "activate_again", [member])
    assert User.objects.get(pk=bob.pk).is_active


# --- modules ------------------------------------------------------------------------


def modules_body(company: Company, user: User, *modules: str) -> dict[str, Any]:
    return {"_tenant": company.tenant_id, "user_id": user.pk, "modules": list(modules)}


def test_modules_are_the_platforms(acme: Company, globex: Company) -> None:
    bob, desk, owner = member_of(acme), platform_desk(acme), staff(acme)
    update(acme, bob, is_super_admin=True)
    page = owner.get(MODULES)
    assert bob.email in page
    assert 'name="modules"' not in page
    owner.post(MODULES, body=modules_body(acme, bob, "accounting"), status=403)
    assert 'name="modules"' in desk.get(MODULES)
    desk.post(MODULES, body=modules_body(globex, bob, "accounting"), status=403)
    assert held(acme, bob) == set()
    desk.post(MODULES, body=modules_body(acme, bob, "accounting"))
    assert "Assigned: accounting." in desk.said()
    assert held(acme, bob) == catalog.codes_of_modules(["accounting"])
    desk.post(MODULES, body=modules_body(acme, bob, "warp"))
    assert "There is no module" in desk.said()
    desk.post(MODULES, body=modules_body(acme, bob) | {"user_id": "x"}, status=400)
    desk.post(MODULES, body=modules_body(acme, bob))
    assert held(acme, bob) == set()


# --- questions ----------------------------------------------------------------------


def test_the_console_explains(acme: Company, globex: Company) -> None:
    desk, bob = staff(acme), member_of(acme, VIEW)
    assert "may not" not in desk.get(EXPLAIN, user=bob.email, code=VIEW)
    page = desk.get(EXPLAIN, user=bob.email, code=POST)
    assert "may not" in page
    assert "accountant, owner" in page
    page = desk.get(EXPLAIN, user=globex.owner.email, code=VIEW)
    assert "is no member of this company" in page
    assert desk.get(EXPLAIN, user="<script>x", code="<script>y").count("<script>x") == 0


def test_the_console_reports_duties(acme: Company) -> None:
    bob = member_of(acme, "accounting.invoices.create", POST)
    page = staff(acme).get(DUTIES)
    assert bob.email in page
    assert "invoices: create and post" in page


def test_questions_are_asked_by_who_may(acme: Company) -> None:
    viewer = staff(acme, role="viewer")
    for name in (MODULES, EXPLAIN, DUTIES, f"{ROLE}_changelist", f"{MEMBER}_changelist"):
        viewer.get(name, status=403)
        assert reverse(f"admin:{name}") not in viewer.get("index")
        assert reverse(f"admin:{name}") in staff(acme).get("index")
    viewer.post(MODULES, body=modules_body(acme, acme.owner), status=403)
    viewer.get(f"{ROLE}_change", uuid7(), status=403)
