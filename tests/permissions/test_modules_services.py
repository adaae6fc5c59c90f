"""Declared codes reach the table, and the roles of every company, once."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core.tenancy.transactions import query
from permissions import catalog
from permissions.models import Grant, Permission, PermissionStamp, Role
from permissions.services.roles import role_update
from tests.cast import Company, api_of, new_user
from tests.core.raw import raw, refused
from tests.permissions.rights import (
    VIEW,
    events_of,
    grants_of,
    held,
    member_of,
    role_id,
    role_of,
    update,
)

pytestmark = pytest.mark.usefixtures("own_database")

NEW_VIEW = catalog.Code("accounting", "novelties", "view", is_platform=False)
NEW_POST = catalog.Code("accounting", "novelties", "post", is_platform=False)
NEW_PLATFORM = catalog.Code("accounting", "novelties", "seize", is_platform=True)


def sync() -> None:
    call_command("sync_permissions", verbosity=0)


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Declare codes for one test; the table and the companies are as before afterwards."""
    with monkeypatch.context() as patch:

        def declare(*codes: catalog.Code) -> None:
            for code in codes:
                patch.setitem(catalog._declared, str(code), code)
            sync()

        yield declare
    sync()


def table() -> dict[str, bool]:
    return dict(Permission.objects.values_list("code", "is_platform"))


def stamp(company: Company) -> int:
    return query(lambda ctx: PermissionStamp.objects.get().stamp)(company.ctx())


def test_migrating_writes_what_is_declared() -> None:
    assert table() == {str(code): code.is_platform for code in catalog.declared()}
    row = Permission.objects.get(pk=VIEW)
    assert (row.module, row.page, row.action) == ("accounting", "invoices", "view")


def test_a_new_code_reaches_the_roles_that_it_is_for(acme: Company, declared: Any) -> None:
    own = role_of(acme, VIEW)
    bob = member_of(acme, VIEW)
    before = stamp(acme)
    declared(NEW_VIEW, NEW_POST, NEW_PLATFORM)
    both = {str(NEW_VIEW), str(NEW_POST)}
    assert both <= grants_of(acme, "owner")
    assert both <= grants_of(acme, "accountant")
    assert grants_of(acme, "viewer") & both == {str(NEW_VIEW)}
    assert grants_of(acme, own["code"]) == {VIEW}
    assert str(NEW_PLATFORM) not in grants_of(acme, "owner")
    assert table()[str(NEW_PLATFORM)]
    assert both <= held(acme, acme.owner)
    assert stamp(acme) > before
    assert events_of(acme, acme.owner)[-1] == "USER_PERMISSIONS_CHANGED"
    assert held(acme, bob) == {VIEW}


def test_what_a_company_took_away_stays_away(acme: Company, declared: Any) -> None:
    declared(NEW_VIEW)
    viewer = role_id(acme, "viewer")
    role_update(acme.ctx(), role_id=viewer, values={"grants": []})
    sync()
    declared(NEW_POST)
    assert grants_of(acme, "viewer") == set()
    assert str(NEW_POST) in grants_of(acme, "accountant")


def test_a_code_that_is_gone_takes_its_grants_along(acme: Company, declared: Any) -> None:
    declared(NEW_VIEW)
    own = role_of(acme, str(NEW_VIEW), VIEW)
    bob = member_of(acme, str(NEW_VIEW))
    del catalog._declared[str(NEW_VIEW)]
    sync()
    catalog._declared[str(NEW_VIEW)] = NEW_VIEW  # which the fixture takes back
    assert str(NEW_VIEW) not in table()
    assert grants_of(acme, own["code"]) == {VIEW}
    assert str(NEW_VIEW) not in grants_of(acme, "owner")
    assert events_of(acme, bob)[-1] == "USER_PERMISSIONS_CHANGED"


def test_a_code_that_becomes_the_platforms_is_taken_from_roles(
    acme: Company, declared: Any
) -> None:
    declared(NEW_VIEW)
    declared(catalog.Code("accounting", "novelties", "view", is_platform=True))
    assert str(NEW_VIEW) not in grants_of(acme, "owner")
    assert table()[str(NEW_VIEW)]
    declared(NEW_VIEW)
    assert str(NEW_VIEW) in grants_of(acme, "owner")


def test_nothing_new_visits_nobody(acme: Company) -> None:
    before = stamp(acme)
    sync()
    assert stamp(acme) == before


def test_an_interrupted_run_is_finished_by_the_next(
    acme: Company, declared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from permissions.services import catalog as service

    with monkeypatch.context() as patch:
        patch.setattr(service, "_table_write", lambda changes: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            declared(NEW_VIEW)
    assert str(NEW_VIEW) not in table()
    sync()
    assert str(NEW_VIEW) in table()
    assert str(NEW_VIEW) in grants_of(acme, "owner")


# --- modules, by command ------------------------------------------------------------


def test_modules_are_assigned_by_command(acme: Company) -> None:
    bob, said = member_of(acme, name="bob"), StringIO()
    update(acme, bob, is_super_admin=True)
    arguments = ("--tenant", acme.slug, "--user", bob.email.upper())
    call_command("assign_modules", *arguments, "all", stdout=said)
    assert "accounting" in said.getvalue()
    assert held(acme, bob) == catalog.tenant_codes()
    call_command("assign_modules", *arguments, stdout=said)
    assert held(acme, bob) == set()
    for wrong in (
        ("--tenant", "no-such", "--user", bob.email),
        ("--tenant", acme.slug, "--user", new_user("x").email),
        (*arguments, "warp"),
    ):
        with pytest.raises(CommandError):
            call_command("assign_modules", *wrong)


def test_the_platforms_admins_are_made_by_command(acme: Company, globex: Company) -> None:
    bob = member_of(acme, VIEW)
    api, said = api_of(acme, bob), StringIO()
    body = {"user_id": acme.owner.pk, "modules": ["accounting"]}
    assert api.patch("modules/", body).status_code == 403
    call_command("platform_admin", bob.email.title(), stdout=said)
    assert held(acme, bob) == {VIEW} | catalog.platform_codes()
    assert held(globex, bob) == set()
    assert api.patch("modules/", body).status_code == 200
    call_command("platform_admin", bob.email, "--revoke", stdout=said)
    assert api.patch("modules/", body).status_code == 403
    assert "is no admin" in said.getvalue()
    with pytest.raises(CommandError):
        call_command("platform_admin", "nobody@example.test")


def test_a_new_owner_is_put_in_by_command(acme: Company) -> None:
    eve, said = new_user("eve"), StringIO()
    arguments = ("--tenant", acme.slug, "--user", eve.email, "--role")
    call_command("add_member", *arguments, "owner", stdout=said)
    assert held(acme, eve) == catalog.tenant_codes()
    for wrong in (
        (*arguments, "emperor"),
        ("--tenant", "no-such", "--user", eve.email, "--role", "owner"),
        ("--tenant", acme.slug, "--user", "nobody@example.test", "--role", "owner"),
    ):
        with pytest.raises(CommandError):
            call_command("add_member", *wrong)


# --- the database -------------------------------------------------------------------


def test_the_database_refuses_what_stands_already(acme: Company) -> None:
    role = role_of(acme, VIEW)
    for column, table_name in (("code", "permissions_grant"), ("code", "permissions_role")):
        with refused("23505"), raw(acme.tenant_id) as connection:
            connection.execute(
                f"INSERT INTO {table_name} SELECT (jsonb_populate_record(r, jsonb_build_object("
                f"'id', gen_random_uuid(), '{column}', r.{column}))).* FROM {table_name} r LIMIT 1"
            )
    assert grants_of(acme, role["code"]) == {VIEW}


def test_the_database_lets_nobody_hold_a_role_of_another_company(
    acme: Company, globex: Company
) -> None:
    foreign = role_of(acme, VIEW)["id"]
    with refused("23503"), raw(globex.tenant_id) as connection:
        connection.execute(
            "INSERT INTO permissions_roleassignment (id, tenant_id, role_id, user_id)"
            " VALUES (gen_random_uuid(), %s, %s, %s)",
            [globex.tenant_id, foreign, globex.owner.pk],
        )
    with refused("23503"), raw(globex.tenant_id) as connection:
        connection.execute(
            "INSERT INTO permissions_grant (id, tenant_id, role_id, code)"
            " VALUES (gen_random_uuid(), %s, %s, %s)",
            [globex.tenant_id, foreign, VIEW],
        )


def test_a_role_that_is_held_cannot_be_deleted_past_the_service(acme: Company) -> None:
    member_of(acme, VIEW)
    with refused("23503"), raw(acme.tenant_id) as connection:
        connection.execute("DELETE FROM permissions_role WHERE code = 'owner'")
    assert query(lambda ctx: Role.objects.filter(code="owner").exists())(acme.ctx())
    assert query(lambda ctx: Grant.objects.filter(role__code="owner").exists())(acme.ctx())
