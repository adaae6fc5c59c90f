"""What a role allows: deny is the default, and every endpoint asks."""

import re
from typing import Any

import pytest

from core.ids import uuid7
from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions.catalog import all_codes, codes_of_template, platform_codes, tenant_codes
from permissions.models import Membership, Role, RoleAssignment, UserSession
from permissions.services.purges import sessions_purge
from permissions.services.roles import grant_remove
from tests.architecture.endpoint_table import Row, endpoints
from tests.cast import Api, Company, api_of, join, new_user
from tests.permissions.rights import grant_id, role_id, update

ENDPOINTS = endpoints()
GUARDED = [row for row in ENDPOINTS if row.permission.count(".") == 2]


def ask(api: Api, row: Row) -> Any:
    """The endpoint with an id that nobody has, and an empty body."""
    address = re.sub(r"\{\w+\}", str(uuid7()), row.path)
    return api.call(row.method, address, {} if row.method != "GET" else None)


def member(company: Company, role: str) -> Api:
    return api_of(company, join(company, new_user(role), role))


def test_an_owner_is_refused_nowhere(acme: Company) -> None:
    owner = member(acme, "owner")
    refused = {row.permission for row in GUARDED if ask(owner, row).status_code in (401, 403)}
    assert refused == platform_codes() & {row.permission for row in GUARDED}


@pytest.mark.parametrize("role", ["viewer", "accountant"])
def test_a_role_opens_what_it_holds_and_nothing_else(acme: Company, role: str) -> None:
    api, held = member(acme, role), set(codes_of_template(role))
    for row in GUARDED:
        forbidden = ask(api, row).status_code == 403
        assert forbidden == (row.permission not in held), row


def test_a_member_without_a_role_sees_himself_only(acme: Company) -> None:
    api = member(acme, "viewer")
    take_roles(acme)
    assert {ask(api, row).status_code for row in GUARDED} == {403}
    assert api.ok("GET", "auth/me/")["permissions"] == []


def test_nobody_is_asked_to_log_in_everywhere(nobody: Api) -> None:
    closed = [row for row in ENDPOINTS if row.permission != "public"]
    assert {ask(nobody, row).status_code for row in closed} == {401}


def test_every_code_that_an_endpoint_asks_for_is_declared() -> None:
    assert {row.permission for row in GUARDED} <= all_codes()


def test_a_viewer_may_look_and_an_accountant_may_not_govern() -> None:
    assert {code.rsplit(".", 1)[1] for code in codes_of_template("viewer")} == {"view", "print"}
    modules = {code.split(".")[0] for code in codes_of_template("accountant")}
    assert modules == {"accounting", "messaging", "mail"}
    assert "messaging.settings.view" not in codes_of_template("accountant")
    assert set(codes_of_template("owner")) == tenant_codes()
    assert platform_codes() == all_codes() - tenant_codes() != set()


def test_a_grant_taken_back_is_gone_at_the_next_request(acme: Company) -> None:
    api = member(acme, "viewer")
    assert api.get("accounts/").status_code == 200
    take_back(acme, "viewer", "accounting.accounts.view")
    assert api.get("accounts/").status_code == 403
    assert api.get("contacts/").status_code == 200


def take_back(company: Company, role: str, code: str) -> None:
    held = {"id": role_id(company, role)}
    grant_remove(company.ctx(), grant_id=grant_id(company, held, code))


def take_roles(company: Company) -> None:
    for member in Membership.objects.filter(tenant=company.tenant_id).exclude(user=company.owner):
        update(company, member.user, role_ids=[])


def test_posting_at_once_needs_the_permission_to_post(acme: Company) -> None:
    """`post: true` on a draft's endpoint must not be a way around it."""
    clerk = member(acme, "accountant")
    for noun in ("invoices", "journals", "payments"):
        take_back(acme, "accountant", f"accounting.{noun}.post")
    contact = clerk.ok("POST", "contacts/", {"name": "Ada"})["id"]
    accounts = {a["role"]: a["id"] for a in clerk.ok("GET", "accounts/")["data"]}
    day = "2026-03-02"
    bodies = {
        "invoices/": {"contact_id": contact, "issued_on": day, "lines": [{"unit_price": "1"}]},
        "payments/": {"kind": "receipt", "contact_id": contact, "paid_on": day, "amount": "1"},
        "journals/": {
            "effective_on": day,
            "lines": [
                {"account_id": accounts["bank"], "debit": "1"},
                {"account_id": accounts["sales"], "credit": "1"},
            ],
        },
    }
    for path, body in bodies.items():
        assert clerk.post(path, body | {"post": True}).status_code == 403
        assert clerk.post(path, body).status_code == 201


def test_roles_of_one_company_mean_nothing_in_another(acme: Company, globex: Company) -> None:
    bob = join(acme, new_user("bob"), "viewer")
    join(globex, bob, "owner")
    assert api_of(acme, bob).post("contacts/", {"name": "x"}).status_code == 403
    assert api_of(globex, bob).post("contacts/", {"name": "x"}).status_code == 201


def test_a_role_of_another_company_cannot_be_assigned(acme: Company, globex: Company) -> None:
    @command
    def find_role(ctx: Context) -> Any:
        return Role.objects.get(code="owner").id

    @command
    def steal(ctx: Context, role: Any) -> None:
        RoleAssignment.objects.create(user=globex.owner, role_id=role)

    foreign = find_role(acme.ctx())
    with pytest.raises(Exception, match="does not exist"):
        steal(globex.ctx(), foreign)


# --- housekeeping -------------------------------------------------------------------


def test_only_sessions_that_cannot_be_refreshed_are_purged(acme: Company) -> None:
    kept, over = (api_of(acme, acme.owner) for _ in range(2))
    sessions = UserSession.objects.filter(user=acme.owner).order_by("id")
    first, second = sessions
    over_at = {"refresh_expires_at": first.created_at, "access_expires_at": first.created_at}
    sessions.filter(pk=second.pk).update(**over_at)
    assert sessions_purge(acme.ctx().now) >= 1
    assert [session.pk for session in sessions.all()] == [first.pk]
    assert kept.get("auth/me/").status_code == 200
    assert over.get("auth/me/").status_code == 401
