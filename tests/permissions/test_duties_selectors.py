"""Separation of duties: who can do alone what takes two, and by what."""

from typing import Any

import pytest

from permissions import catalog
from permissions.selectors.duties import SUPER_ADMIN, duties_report
from permissions.services.modules import modules_assign
from permissions.services.roles import role_update
from tests.cast import Api, Company, join, new_user
from tests.permissions.rights import POST, VIEW, member_of, role_of, update

CREATE = "accounting.invoices.create"
DUTY = "invoices: create and post"


def duties_of(company: Company, user: Any) -> dict[str, tuple[str, str]]:
    """Name of the duty to what gives its two codes."""
    rows = duties_report(company.ctx(), user_id=user.pk)["rows"]
    return {row["duty"]: (row["first_by"], row["second_by"]) for row in rows}


def test_both_codes_are_a_conflict_and_one_is_none(acme: Company) -> None:
    for codes, expected in (((CREATE,), []), ((POST, VIEW), []), ((CREATE, POST), [DUTY])):
        assert list(duties_of(acme, member_of(acme, *codes))) == expected


def test_two_harmless_roles_make_a_conflict_and_are_named(acme: Company) -> None:
    makes, posts = role_of(acme, CREATE), role_of(acme, POST)
    bob = join(acme, join(acme, new_user("bob"), makes["code"]), posts["code"])
    assert duties_of(acme, bob) == {DUTY: (makes["code"], posts["code"])}
    role_update(acme.ctx(), role_id=posts["id"], values={"is_active": False})
    assert duties_of(acme, bob) == {}


def test_a_super_admin_can_do_everything_of_his_modules_alone(acme: Company) -> None:
    bob = member_of(acme, CREATE)
    update(acme, bob, is_super_admin=True)
    assert duties_of(acme, bob) == {}
    modules_assign(acme.ctx(actor_id=None), user_id=bob.pk, modules=["accounting"])
    first, second = duties_of(acme, bob)[DUTY]
    assert SUPER_ADMIN in first
    assert second == SUPER_ADMIN
    mine = [d for d in catalog.duties() if d.first.startswith("accounting.")]
    assert set(duties_of(acme, bob)) == {duty.name for duty in mine}
    update(acme, bob, is_active=False)
    assert duties_of(acme, bob) == {}


def test_the_report_is_of_one_company(acme: Company, globex: Company, alice: Api) -> None:
    found = alice.ok("GET", "permissions/duties/")
    assert {row["email"] for row in found["rows"]} == {acme.owner.email}
    assert {rule["duty"] for rule in found["rules"]} == {duty.name for duty in catalog.duties()}
    assert alice.ok("GET", f"permissions/duties/?user_id={globex.owner.pk}")["rows"] == []


def test_the_report_is_csv_as_well(acme: Company, alice: Api) -> None:
    response = alice.get("permissions/duties/", accept="text/csv")
    head, *lines = b"".join(response).decode().splitlines()
    assert head.split(",")[:4] == ["user_id", "email", "name", "duty"]
    assert len(lines) == len(alice.ok("GET", "permissions/duties/")["rows"]) > 5


@pytest.mark.parametrize("duty", catalog.duties(), ids=lambda duty: duty.name)
def test_every_duty_is_about_codes_that_exist(duty: catalog.Duty) -> None:
    assert {duty.first, duty.second} <= catalog.tenant_codes()
    assert duty.first != duty.second
    assert duty.why.endswith(".")
