"""Members: their roles, activity and super admins; nobody gains by it, and an owner stays."""

from typing import Any

import pytest

from core.errors import Invalid, NotFound, StaleVersion
from core.ids import uuid7
from permissions import catalog
from permissions.models import Membership, User, UserSession
from permissions.services.members import (
    NotJoined,
    PlatformOnly,
    membership_update,
    role_assign,
    role_unassign,
    user_activate,
    user_deactivate,
)
from permissions.services.modules import NoSuperAdmin, modules_assign
from permissions.services.safeguards import LastOwner, MoreThanHeld
from permissions.services.tenants import member_add
from tests.cast import Company, api_of, join, new_user
from tests.permissions.rights import (
    GOVERN,
    POST,
    VIEW,
    events_of,
    held,
    member_of,
    membership_of,
    platform_admin,
    role_id,
    role_of,
    update,
)

ACCOUNTING = catalog.codes_of_modules(["accounting"])


# --- roles --------------------------------------------------------------------------


def test_roles_are_set_as_a_whole_and_one_by_one(acme: Company) -> None:
    bob, first, second = member_of(acme), role_of(acme, VIEW), role_of(acme, POST)
    row = update(acme, bob, role_ids=[first["id"], second["id"], first["id"]])
    assert row["roles"] == sorted([first["code"], second["code"]])
    assert held(acme, bob) == {VIEW, POST}
    member = membership_of(acme, bob)
    role_unassign(acme.ctx(), membership_id=member.pk, role_id=first["id"])
    assert held(acme, bob) == {POST}
    for _ in range(2):
        role_assign(acme.ctx(), membership_id=member.pk, role_id=first["id"])
    assert held(acme, bob) == {VIEW, POST}
    assert membership_of(acme, bob).version == 4
    assert events_of(acme, bob)[-3:] == ["USER_PERMISSIONS_CHANGED"] * 3


def test_what_changes_nothing_is_no_new_version(acme: Company) -> None:
    bob = member_of(acme, VIEW)
    before = events_of(acme, bob)
    row = update(acme, bob, is_active=True, is_super_admin=False)
    assert (row["version"], events_of(acme, bob)) == (1, before)


def test_a_stale_version_changes_nothing(acme: Company) -> None:
    bob = member_of(acme, VIEW)
    update(acme, bob, role_ids=[])
    with pytest.raises(StaleVersion):
        membership_update(
            acme.ctx(),
            membership_id=membership_of(acme, bob).pk,
            values={"is_active": False},
            expected_version=1,
        )
    assert membership_of(acme, bob).is_active


def test_roles_and_members_of_another_company_are_none(acme: Company, globex: Company) -> None:
    bob, foreign = member_of(acme, VIEW), role_of(globex, VIEW)["id"]
    for missing in (foreign, uuid7()):
        with pytest.raises(Invalid, match="There is no such role"):
            update(acme, bob, role_ids=[missing])
    for member_id in (membership_of(acme, bob).pk, uuid7()):
        with pytest.raises(NotFound):
            membership_update(globex.ctx(), membership_id=member_id, values={"is_active": False})
    assert held(acme, bob) == {VIEW}


# --- nobody gives what he does not hold ---------------------------------------------


def test_nobody_hands_out_a_role_with_more_than_he_holds(acme: Company) -> None:
    bob, eve = member_of(acme, *GOVERN, VIEW), member_of(acme)
    small, large = role_of(acme, VIEW), role_of(acme, VIEW, POST)
    update(acme, eve, actor=bob, role_ids=[small["id"]])
    with pytest.raises(MoreThanHeld, match=POST):
        update(acme, eve, actor=bob, role_ids=[small["id"], large["id"]])
    assert held(acme, eve) == {VIEW}


@pytest.mark.parametrize("role", ["owner", "accountant"])
def test_nobody_hands_himself_a_role(acme: Company, role: str) -> None:
    bob = member_of(acme, *GOVERN)
    mine = list(update(acme, bob)["role_ids"])
    with pytest.raises(MoreThanHeld):
        update(acme, bob, actor=bob, role_ids=[*mine, role_id(acme, role)])
    member = membership_of(acme, bob)
    with pytest.raises(MoreThanHeld):
        role_assign(acme.ctx(bob), membership_id=member.pk, role_id=role_id(acme, role))
    assert held(acme, bob) == set(GOVERN)


def test_a_role_that_is_switched_off_is_not_slipped_to_somebody(acme: Company) -> None:
    """It would give him all of it on the day that it is switched on."""
    from permissions.services.roles import role_update

    bob, asleep = member_of(acme, *GOVERN), role_of(acme, POST)
    role_update(acme.ctx(), role_id=asleep["id"], values={"is_active": False})
    with pytest.raises(MoreThanHeld):
        update(acme, bob, actor=bob, role_ids=[asleep["id"]])


def test_nobody_wakes_somebody_who_holds_more(acme: Company) -> None:
    bob, ann = member_of(acme, *GOVERN), join(acme, new_user("ann"), "accountant")
    update(acme, ann, actor=bob, is_active=False)
    with pytest.raises(MoreThanHeld):
        update(acme, ann, actor=bob, is_active=True)
    update(acme, ann, is_active=True)
    assert held(acme, ann) == {*catalog.codes_of_template("accountant")}


def test_a_super_admin_is_made_by_who_holds_his_modules(acme: Company) -> None:
    bob, eve = member_of(acme, *GOVERN), member_of(acme)
    update(acme, eve, is_super_admin=True)
    modules_assign(acme.ctx(platform_admin(acme)), user_id=eve.pk, modules=["accounting"])
    update(acme, eve, is_super_admin=False)
    with pytest.raises(MoreThanHeld):
        update(acme, eve, actor=bob, is_super_admin=True)
    with pytest.raises(MoreThanHeld):
        update(acme, eve, actor=eve, is_super_admin=True)
    update(acme, eve, is_super_admin=True)
    assert held(acme, eve) == ACCOUNTING


# --- an owner stays -----------------------------------------------------------------


@pytest.mark.parametrize("values", [{"is_active": False}, {"role_ids": []}])
def test_the_last_owner_stays(acme: Company, values: dict[str, Any]) -> None:
    before = membership_of(acme, acme.owner)
    with pytest.raises(LastOwner):
        update(acme, acme.owner, **values)
    assert membership_of(acme, acme.owner).version == before.version
    second = join(acme, new_user("second"), "owner")
    update(acme, acme.owner, **values)
    with pytest.raises(LastOwner):
        update(acme, second, actor=second, **values)


@pytest.mark.parametrize("what", ["user", "membership"])
def test_an_owner_who_cannot_enter_does_not_count(acme: Company, what: str) -> None:
    second = join(acme, new_user("second"), "owner")
    if what == "user":
        User.objects.filter(pk=second.pk).update(is_active=False)
    else:
        update(acme, second, is_active=False)
    with pytest.raises(LastOwner):
        update(acme, acme.owner, is_active=False)


def test_two_owners_cannot_put_each_other_out(acme: Company) -> None:
    import threading

    from django.db import connections

    second = join(acme, new_user("second"), "owner")
    barrier, refused = threading.Barrier(2), []

    def put_out(actor: User, other: User) -> None:
        barrier.wait()
        try:
            update(acme, other, actor=actor, is_active=False)
        except (LastOwner, MoreThanHeld) as error:
            refused.append(error)
        finally:
            connections.close_all()

    pairs = ((acme.owner, second), (second, acme.owner))
    threads = [threading.Thread(target=put_out, args=pair) for pair in pairs]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    active = [membership_of(acme, one).is_active for one in (acme.owner, second)]
    assert (sorted(active), len(refused)) == ([False, True], 1)


# --- in and out ---------------------------------------------------------------------


def test_who_is_deactivated_is_logged_out_of_this_company_only(
    acme: Company, globex: Company
) -> None:
    bob = join(acme, new_user("bob"), "viewer")
    join(globex, bob, "viewer")
    here, there = api_of(acme, bob), api_of(globex, bob)
    update(acme, bob, is_active=False)
    assert here.get("accounts/").status_code == 401
    assert there.get("accounts/").status_code == 200
    sessions = UserSession.objects.filter(user=bob)
    assert sessions.get(tenant=acme.tenant_id).revoked_at is not None
    assert sessions.get(tenant=globex.tenant_id).revoked_at is None
    assert {"USER_LOGGED_OUT", "USER_PERMISSIONS_CHANGED"} <= set(events_of(acme, bob))
    update(acme, bob, is_active=True)
    assert here.get("accounts/").status_code == 401, "a new login is needed"
    assert api_of(acme, bob).get("accounts/").status_code == 200


def test_who_was_invited_accepts_himself(acme: Company) -> None:
    eve = new_user("eve")
    Membership.objects.create(user=eve, tenant_id=acme.tenant_id, is_active=False)
    with pytest.raises(NotJoined):
        update(acme, eve, is_active=True)
    update(acme, eve, role_ids=[role_of(acme, VIEW)["id"]])
    assert held(acme, eve) == set()


def test_an_old_member_is_not_taken_for_an_invited_one(acme: Company) -> None:
    bob = member_of(acme, VIEW)
    Membership.objects.filter(user=bob).update(joined_at=None)
    update(acme, bob, is_active=False)
    update(acme, bob, is_active=True)
    assert held(acme, bob) == {VIEW}


def test_a_super_admin_who_is_one_no_more_is_announced(acme: Company) -> None:
    bob = member_of(acme, VIEW)
    for values in ({"is_super_admin": False}, {"is_active": False}):
        update(acme, bob, is_active=True, is_super_admin=True)
        seen = len(events_of(acme, bob))
        update(acme, bob, **values)
        assert events_of(acme, bob)[seen:].count("SUPER_ADMIN_DEACTIVATED") == 1
    seen = len(events_of(acme, bob))
    update(acme, bob, is_super_admin=False)
    assert "SUPER_ADMIN_DEACTIVATED" not in events_of(acme, bob)[seen:]


# --- everywhere ---------------------------------------------------------------------


def test_a_user_is_locked_out_everywhere_by_the_platform_only(
    acme: Company, globex: Company
) -> None:
    bob = join(acme, new_user("bob"), "viewer")
    join(globex, bob, "viewer")
    update(globex, bob, is_super_admin=True)
    apis = [api_of(acme, bob), api_of(globex, bob)]
    with pytest.raises(PlatformOnly):
        user_deactivate(acme.ctx(), user_id=bob.pk)
    assert {api.get("accounts/").status_code for api in apis} == {200}
    user_deactivate(acme.ctx(platform_admin(acme)), user_id=bob.pk)
    assert {api.get("accounts/").status_code for api in apis} == {401}
    assert not User.objects.get(pk=bob.pk).is_active
    assert held(globex, bob) == held(acme, bob) == set()
    assert "SUPER_ADMIN_DEACTIVATED" in events_of(globex, bob)
    assert "SUPER_ADMIN_DEACTIVATED" not in events_of(acme, bob)
    with pytest.raises(PlatformOnly):
        user_activate(acme.ctx(), user_id=bob.pk)
    user_activate(acme.ctx(platform_admin(acme)), user_id=bob.pk)
    assert {api.get("accounts/").status_code for api in apis} == {401}
    assert api_of(globex, bob).get("accounts/").status_code == 200


def test_the_platform_looks_for_a_user_in_its_own_company(acme: Company, globex: Company) -> None:
    admin = platform_admin(acme)
    for stranger in (globex.owner.pk, uuid7()):
        with pytest.raises(NotFound):
            user_deactivate(acme.ctx(admin), user_id=stranger)
    assert User.objects.get(pk=globex.owner.pk).is_active


# --- modules ------------------------------------------------------------------------


def test_the_first_owner_is_super_admin_of_every_module(acme: Company) -> None:
    row = update(acme, acme.owner)
    assert row["is_super_admin"]
    assert row["modules"] == catalog.modules()
    assert held(acme, acme.owner) == catalog.tenant_codes()


def test_a_super_admin_holds_every_page_of_his_modules_and_new_ones(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, admin = member_of(acme), platform_admin(acme)
    with pytest.raises(NoSuperAdmin):
        modules_assign(acme.ctx(admin), user_id=bob.pk, modules=["accounting"])
    update(acme, bob, is_super_admin=True)
    assert held(acme, bob) == set()
    assert modules_assign(acme.ctx(admin), user_id=bob.pk, modules=["accounting"]) == ["accounting"]
    assert held(acme, bob) == ACCOUNTING
    assert events_of(acme, bob)[-1] == "MODULE_ASSIGNMENTS_CHANGED"
    new = catalog.Code("accounting", "novelties", "view", is_platform=False)
    monkeypatch.setitem(catalog._declared, str(new), new)
    assert str(new) in held(acme, bob)
    modules_assign(acme.ctx(admin), user_id=bob.pk, modules=[])
    assert held(acme, bob) == set()


def test_modules_are_assigned_by_the_platform_only(acme: Company, globex: Company) -> None:
    for actor in (acme.owner, globex.owner):
        with pytest.raises(PlatformOnly):
            modules_assign(acme.ctx(actor), user_id=acme.owner.pk, modules=[])
    admin = platform_admin(acme)
    User.objects.filter(pk=admin.pk).update(is_active=False)
    with pytest.raises(PlatformOnly):
        modules_assign(acme.ctx(admin), user_id=acme.owner.pk, modules=[])
    system = acme.ctx(actor_id=None)
    with pytest.raises(Invalid, match="There is no module"):
        modules_assign(system, user_id=acme.owner.pk, modules=["warp"])
    for stranger in (globex.owner.pk, uuid7()):
        with pytest.raises(Invalid, match="There is no such member"):
            modules_assign(system, user_id=stranger, modules=["accounting"])


def test_modules_of_one_company_mean_nothing_in_another(acme: Company, globex: Company) -> None:
    member_add(globex.ctx(), user_id=acme.owner.pk, role="viewer")
    update(globex, acme.owner, is_super_admin=True)
    assert held(globex, acme.owner) == {*catalog.codes_of_template("viewer")}
