"""Users, memberships, roles, grants, modules and explanations over HTTP."""

from typing import Any

import pytest

from core.ids import uuid7
from permissions import catalog
from permissions.models import Membership
from tests.api.wire import refusal
from tests.cast import Api, Company, api_of, join, new_user
from tests.permissions.rights import (
    GOVERN,
    POST,
    VIEW,
    member_of,
    membership_of,
    platform_admin,
    role_id,
    role_of,
    update,
)


def member_path(company: Company, user: Any) -> str:
    return f"memberships/{membership_of(company, user).pk}/"


# --- people -------------------------------------------------------------------------


def test_people_are_the_members_of_this_company(acme: Company, globex: Company) -> None:
    alice = api_of(acme, acme.owner)
    bob = join(acme, new_user("bob"), "viewer")
    join(globex, bob, "owner")
    rows = {row["email"]: row for row in alice.ok("GET", "users/")["data"]}
    assert set(rows) == {acme.owner.email, bob.email}
    row = alice.ok("GET", f"users/{bob.pk}/")
    assert row == rows[bob.email]
    assert (row["name"], row["is_active"], row["is_staff"]) == ("bob", True, False)
    assert row["membership_id"] == str(membership_of(acme, bob).pk)
    update(acme, bob, is_active=False)
    assert not alice.ok("GET", f"users/{bob.pk}/")["is_active"]
    for stranger in (globex.owner.pk, uuid7()):
        refusal(alice.get(f"users/{stranger}/"), 404)
    assert [r["email"] for r in alice.ok("GET", f"users/?email={bob.email}")["data"]] == [bob.email]


def test_a_membership_shows_roles_and_modules(acme: Company, alice: Api) -> None:
    row = alice.ok("GET", member_path(acme, acme.owner))
    assert (row["roles"], row["modules"]) == (["owner"], catalog.modules())
    assert row["role_ids"] == [str(role_id(acme, "owner"))]
    assert row["joined_at"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("is_super_admin=true", ["alice"]),
        ("is_active=false", ["carol"]),
        ("user_id={bob}", ["bob"]),
        ("role_id={viewer}", ["bob", "carol"]),
        ("role_id={missing}", []),
        ("name=B", ["bob"]),
    ],
)
def test_memberships_are_filtered(acme: Company, alice: Api, query: str, names: list[str]) -> None:
    bob, carol = (join(acme, new_user(name), "viewer") for name in ("bob", "carol"))
    update(acme, carol, is_active=False)
    known = {"bob": bob.pk, "viewer": role_id(acme, "viewer"), "missing": uuid7()}
    found = alice.ok("GET", f"memberships/?{query.format(**known)}")["data"]
    assert [row["name"] for row in found] == names


def test_cursors_lead_through_members(acme: Company, alice: Api) -> None:
    for number in range(4):
        join(acme, new_user(f"m{number}"), "viewer")
    for noun in ("users", "memberships", "modules", "roles", "grants"):
        seen, path = [], f"{noun}/?limit=2"
        pages = [alice.ok("GET", f"{noun}/?limit=200&page={number}") for number in (1, 2)]
        whole = [row for page in pages for row in page["data"]]
        while path:
            page = alice.ok("GET", path)
            seen += page["data"]
            cursor = page["pagination"]["next"]
            path = f"{noun}/?limit=2&cursor={cursor}" if cursor else ""
        assert seen == whole, noun
        if page["pagination"]["previous"]:
            back = alice.ok("GET", f"{noun}/?limit=2&cursor={page['pagination']['previous']}")
            first = len(whole) - len(page["data"])
            assert back["data"] == whole[max(first - 2, 0) : first], noun
        second = alice.ok("GET", f"{noun}/?limit=1&page=2")
        assert second["data"] == whole[1:2], noun
        assert second["pagination"]["total"] == len(whole), noun


# --- changes ------------------------------------------------------------------------


def test_a_member_is_changed_under_its_etag(acme: Company, alice: Api) -> None:
    bob = join(acme, new_user("bob"), "viewer")
    path = member_path(acme, bob)
    etag = alice.get(path)["ETag"]
    ann = str(role_id(acme, "accountant"))
    changed = alice.patch(path, {"role_ids": [ann]}, if_match=etag)
    assert changed.data["roles"] == ["accountant"]
    refusal(alice.patch(path, {"is_active": False}, if_match=etag), 412)
    assert alice.patch(path, {"is_active": False}, if_match=changed["ETag"]).status_code == 200


def test_a_right_given_or_taken_holds_at_the_next_request(acme: Company, alice: Api) -> None:
    user = new_user("bob")
    role = alice.ok("POST", "roles/", {"code": "clerk", "name": "Clerk", "grants": [VIEW]})
    bob = api_of(acme, join(acme, user, "clerk"))
    assert bob.get("invoices/").status_code == 200
    assert bob.get("bills/").status_code == 403
    grants = {"grants": ["accounting.bills.view"]}
    alice.ok("PATCH", f"roles/{role['id']}/", grants)
    assert (bob.get("invoices/").status_code, bob.get("bills/").status_code) == (403, 200)
    alice.ok("PATCH", f"roles/{role['id']}/", {"is_active": False})
    assert bob.get("bills/").status_code == 403
    alice.ok("PATCH", f"roles/{role['id']}/", {"is_active": True})
    [grant] = alice.ok("GET", f"grants/?role_id={role['id']}")["data"]
    assert alice.delete(f"grants/{grant['id']}/").status_code == 204
    assert bob.get("bills/").status_code == 403
    alice.ok("POST", "grants/", {"role_id": role["id"], "code": "accounting.bills.view"})
    assert bob.get("bills/").status_code == 200
    alice.ok("PATCH", member_path(acme, user), {"role_ids": []})
    assert bob.get("bills/").status_code == 403
    assert alice.delete(f"roles/{role['id']}/").status_code == 204
    refusal(alice.get(f"roles/{role['id']}/"), 404)


def test_a_super_admin_enters_new_pages_at_once(acme: Company, alice: Api) -> None:
    user = member_of(acme)
    bob, pat = api_of(acme, user), api_of(acme, platform_admin(acme))
    refusal(bob.get("invoices/"), 403)
    alice.ok("PATCH", member_path(acme, user), {"is_super_admin": True})
    refusal(bob.get("invoices/"), 403)
    body = {"user_id": user.pk, "modules": ["accounting"]}
    refusal(alice.patch("modules/", body), 403)
    assert pat.ok("PATCH", "modules/", body)["modules"] == ["accounting"]
    assert bob.get("invoices/").status_code == 200
    listed = {row["module"]: row for row in alice.ok("GET", "modules/")["data"]}
    assert str(user.pk) in listed["accounting"]["assigned_to"]
    assert str(user.pk) not in listed["permissions"]["assigned_to"]
    alice.ok("PATCH", member_path(acme, user), {"is_super_admin": False})
    refusal(bob.get("invoices/"), 403)


def test_modules_show_pages_and_actions(alice: Api) -> None:
    listed = {row["module"]: row for row in alice.ok("GET", "modules/")["data"]}
    pages = {page["page"]: page for page in listed["permissions"]["pages"]}
    assert pages["modules"]["actions"] == ["view"]
    assert pages["modules"]["platform_actions"] == ["update"]
    grantable = [name for name, row in listed.items() if any(p["actions"] for p in row["pages"])]
    assert grantable == catalog.modules()


def test_grants_are_filtered_by_role_code_and_user(acme: Company, alice: Api) -> None:
    role = role_of(acme, VIEW, POST)
    bob = join(acme, new_user("bob"), role["code"])

    def found(query: str) -> set[tuple[str, str]]:
        rows = alice.ok("GET", f"grants/?{query}")["data"]
        return {(row["role_code"], row["code"]) for row in rows}

    mine = {(role["code"], VIEW), (role["code"], POST)}
    assert found(f"role_id={role['id']}") == found(f"user_id={bob.pk}") == mine
    assert found(f"code={VIEW}") == {
        (one, VIEW) for one in (role["code"], "owner", "accountant", "viewer")
    }


# --- attacks ------------------------------------------------------------------------


def test_nobody_climbs_over_http(acme: Company) -> None:
    """Bob governs: each way up is refused, and says which code it would have given."""
    user = member_of(acme, *GOVERN, VIEW)
    bob, colleague = api_of(acme, user), member_of(acme)
    mine = bob.ok("GET", member_path(acme, user))
    [own_role] = mine["role_ids"]
    owner, path = str(role_id(acme, "owner")), member_path(acme, user)
    attacks = (
        ("PATCH", path, {"role_ids": [own_role, owner]}),
        ("PATCH", member_path(acme, colleague), {"role_ids": [owner]}),
        ("PATCH", f"roles/{own_role}/", {"grants": [*GOVERN, VIEW, POST]}),
        ("POST", "grants/", {"role_id": own_role, "code": POST}),
        ("POST", "roles/", {"code": "up", "name": "Up", "grants": [POST]}),
        ("POST", "grants/", {"role_id": own_role, "code": "accounting.bills.view"}),
    )
    for method, address, body in attacks:
        error = refusal(bob.call(method, address, body), 403)
        assert "You do not hold" in error["message"], address
        code = error["message"].split()[4]
        assert code in catalog.tenant_codes(), address
    platform = {"role_id": own_role, "code": "permissions.modules.update"}
    assert bob.post("grants/", platform).status_code == 422
    refusal(bob.patch("modules/", {"user_id": user.pk, "modules": ["accounting"]}), 403)
    assert set(bob.ok("GET", "auth/me/")["permissions"]) == {*GOVERN, VIEW}
    assert bob.get("bills/").status_code == 403


def test_making_super_admins_is_a_right_of_its_own(acme: Company) -> None:
    codes = [code for code in GOVERN if code != "permissions.super-admins.update"]
    user = member_of(acme, *codes)
    bob, path = api_of(acme, user), member_path(acme, user)
    for value in (True, False):
        error = refusal(bob.patch(path, {"is_super_admin": value}), 403)
        assert "permissions.super-admins.update" in error["message"]
    assert not membership_of(acme, user).is_super_admin


def test_the_last_owner_cannot_leave(acme: Company, alice: Api) -> None:
    path = member_path(acme, acme.owner)
    for body in ({"is_active": False}, {"role_ids": []}):
        assert "owner" in refusal(alice.patch(path, body), 409)["message"]
    owner = f"roles/{role_id(acme, 'owner')}/"
    refusal(alice.patch(owner, {"grants": []}), 409)
    refusal(alice.patch(owner, {"is_active": False}), 409)
    refusal(alice.delete(owner), 409)
    assert alice.get("users/").status_code == 200


def test_ids_of_another_company_are_missing_ids(
    acme: Company, alice: Api, globex: Company, charlie: Api
) -> None:
    role, user = role_of(acme, VIEW), join(acme, new_user("bob"), "viewer")
    [grant] = alice.ok("GET", f"grants/?role_id={role['id']}")["data"]
    member = membership_of(acme, user)
    for method, path in (
        ("GET", "users/{}/"), ("GET", "memberships/{}/"), ("PATCH", "memberships/{}/"),
        ("GET", "roles/{}/"), ("PATCH", "roles/{}/"), ("DELETE", "roles/{}/"),
        ("DELETE", "grants/{}/"),
    ):  # fmt: skip
        theirs = {"u": user.pk, "m": member.pk, "r": role["id"], "g": grant["id"]}[path[0]]
        body = None if method in ("GET", "DELETE") else {}
        answers = [
            charlie.call(method, path.format(one), body, x_request_id="same")
            for one in (theirs, uuid7())
        ]
        assert {a.status_code for a in answers} == {404}, path
        assert answers[0].content == answers[1].content, path
    mine = membership_of(globex, globex.owner).pk
    for body in ({"role_ids": [role["id"]]}, {"role_ids": [str(uuid7())]}):
        refusal(charlie.patch(f"memberships/{mine}/", body), 422)
    explained = charlie.ok("GET", f"permissions/explain/?code={VIEW}&user={user.pk}")
    missing = charlie.ok("GET", f"permissions/explain/?code={VIEW}&user={uuid7()}")
    assert explained | {"user_id": ""} == missing | {"user_id": ""}
    assert Membership.objects.get(pk=member.pk).is_active


# --- explanations -------------------------------------------------------------------


def test_an_explanation_names_the_chain(acme: Company, alice: Api) -> None:
    role = role_of(acme, VIEW, code="clerk")
    bob = join(acme, new_user("bob"), "clerk")
    found = alice.ok("GET", f"permissions/explain/?code={VIEW}&user={bob.pk}")
    assert (found["allowed"], found["reason"]) == (True, "role")
    [step] = found["steps"]
    assert (step["role"], step["role_id"]) == ("clerk", str(role["id"]))
    refused = alice.ok("GET", f"permissions/explain/?code={POST}&user={bob.pk}")
    assert (refused["allowed"], refused["reason"]) == (False, "not_granted")
    assert set(refused["would_grant"]) == {"owner", "accountant"}
    assert refused["message"]


def test_without_a_user_it_is_about_oneself(acme: Company, alice: Api) -> None:
    found = alice.ok("GET", f"permissions/explain/?code={VIEW}")
    assert (found["user_id"], found["allowed"]) == (str(acme.owner.pk), True)
    refusal(alice.get("permissions/explain/"), 422)
    assert alice.ok("GET", "permissions/explain/?code=nonsense")["reason"] == "unknown_code"


def test_who_may_not_govern_learns_nothing(acme: Company, bob: Api) -> None:
    for path in (
        "users/", "memberships/", "roles/", "grants/", "modules/", "permissions/duties/",
        f"permissions/explain/?code={VIEW}",
    ):  # fmt: skip
        refusal(bob.get(path), 403)
