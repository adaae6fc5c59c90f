"""Roles: what they grant, who may say so, and what nobody may take from the owner."""

import threading
from typing import Any

import pytest

from core.errors import Conflict, DomainError, Invalid, NotFound, StaleVersion
from core.ids import uuid7
from permissions import catalog
from permissions.services.roles import (
    OwnerStays,
    RoleHeld,
    RoleInput,
    TemplateRole,
    grant_add,
    grant_remove,
    role_create,
    role_delete,
    role_update,
)
from permissions.services.safeguards import MoreThanHeld
from tests.cast import Company, join, new_user
from tests.permissions.rights import (
    GOVERN,
    POST,
    VIEW,
    events_of,
    grant_id,
    grants_of,
    held,
    member_of,
    role_id,
    role_of,
)


def change(
    company: Company, role: Any, actor: Any = None, version: Any = None, **values: Any
) -> Any:
    return role_update(
        company.ctx(actor), role_id=role["id"], values=values, expected_version=version
    )


# --- what a role gives --------------------------------------------------------------


def test_a_role_gives_its_holders_what_it_grants(acme: Company) -> None:
    role = role_of(acme, VIEW)
    bob = join(acme, new_user("bob"), role["code"])
    assert held(acme, bob) == {VIEW}
    after = change(acme, role, grants=[POST, VIEW])
    assert (after["grants"], after["version"]) == ([POST, VIEW], 2)
    assert held(acme, bob) == {VIEW, POST}
    change(acme, role, grants=[])
    assert held(acme, bob) == set()


def test_several_roles_add_up(acme: Company) -> None:
    bob = member_of(acme, VIEW)
    join(acme, bob, role_of(acme, POST)["code"])
    assert held(acme, bob) == {VIEW, POST}


def test_a_role_switched_off_gives_nothing(acme: Company) -> None:
    role = role_of(acme, VIEW)
    bob = join(acme, new_user("bob"), role["code"])
    change(acme, role, is_active=False)
    assert held(acme, bob) == set()
    change(acme, role, is_active=True)
    assert held(acme, bob) == {VIEW}


def test_grants_come_and_go_one_by_one(acme: Company) -> None:
    role = role_of(acme, VIEW)
    made = grant_add(acme.ctx(), role_id=role["id"], code=POST)
    assert (made["code"], made["role_code"]) == (POST, role["code"])
    with pytest.raises(Conflict, match="already"):
        grant_add(acme.ctx(), role_id=role["id"], code=POST)
    grant_remove(acme.ctx(), grant_id=made["id"])
    assert grants_of(acme, role["code"]) == {VIEW}
    with pytest.raises(NotFound):
        grant_remove(acme.ctx(), grant_id=made["id"])


def test_every_holder_is_announced_and_nobody_else(acme: Company) -> None:
    role = role_of(acme, VIEW)
    bob, eve = join(acme, new_user("bob"), role["code"]), member_of(acme, VIEW)
    before = len(events_of(acme, bob)), len(events_of(acme, eve))
    change(acme, role, grants=[])
    made = grant_add(acme.ctx(), role_id=role["id"], code=POST)
    grant_remove(acme.ctx(), grant_id=made["id"])
    assert events_of(acme, bob)[before[0] :] == ["USER_PERMISSIONS_CHANGED"] * 3
    assert len(events_of(acme, eve)) == before[1]


# --- what is refused ----------------------------------------------------------------


@pytest.mark.parametrize("code", ["accounting.invoices.fly", "nonsense", "", "x" * 100])
def test_a_code_that_no_app_declares_is_refused(acme: Company, code: str) -> None:
    with pytest.raises(Invalid, match="There is no permission"):
        role_of(acme, code)
    role = role_of(acme)
    with pytest.raises(Invalid, match="There is no permission"):
        change(acme, role, grants=[code])
    with pytest.raises(Invalid, match="There is no permission"):
        grant_add(acme.ctx(), role_id=role["id"], code=code)


def test_no_role_grants_what_is_the_platforms(acme: Company) -> None:
    for code in catalog.platform_codes():
        with pytest.raises(Invalid, match="is the platform's"):
            role_of(acme, code)
        with pytest.raises(Invalid, match="is the platform's"):
            grant_add(acme.ctx(), role_id=role_id(acme, "owner"), code=code)


def test_a_stale_version_changes_and_deletes_nothing(acme: Company) -> None:
    role = role_of(acme, VIEW)
    change(acme, role, name="First", version=1)
    with pytest.raises(StaleVersion):
        change(acme, role, name="Second", version=1)
    with pytest.raises(StaleVersion):
        role_delete(acme.ctx(), role_id=role["id"], expected_version=1)
    role_delete(acme.ctx(), role_id=role["id"], expected_version=2)
    with pytest.raises(NotFound):
        change(acme, role, name="Third")


def test_two_roles_have_two_codes(acme: Company) -> None:
    role_of(acme, code="clerk")
    with pytest.raises(Conflict, match="role with this code"):
        role_of(acme, code="clerk")


def test_a_role_that_is_held_stays(acme: Company) -> None:
    role = role_of(acme, VIEW)
    join(acme, new_user("bob"), role["code"])
    with pytest.raises(RoleHeld):
        role_delete(acme.ctx(), role_id=role["id"])
    assert grants_of(acme, role["code"]) == {VIEW}


@pytest.mark.parametrize("code", sorted(catalog.ROLE_TEMPLATES))
def test_a_role_that_every_company_has_stays(acme: Company, code: str) -> None:
    with pytest.raises(TemplateRole):
        role_delete(acme.ctx(), role_id=role_id(acme, code))


def test_the_owner_is_neither_emptied_nor_switched_off(acme: Company) -> None:
    owner = {"id": role_id(acme, "owner")}
    for grants in ([], [VIEW], sorted(catalog.tenant_codes() - {"permissions.roles.update"})):
        with pytest.raises(OwnerStays):
            change(acme, owner, grants=grants)
    with pytest.raises(OwnerStays):
        change(acme, owner, is_active=False)
    with pytest.raises(OwnerStays):
        grant_remove(acme.ctx(), grant_id=grant_id(acme, owner, "permissions.grants.create"))
    change(acme, owner, grants=sorted(catalog.governing_codes()))
    assert grants_of(acme, "owner") == catalog.governing_codes()


# --- nobody gives what he does not hold ---------------------------------------------


def test_nobody_gives_a_role_more_than_he_holds(acme: Company) -> None:
    bob, role = member_of(acme, *GOVERN, VIEW), role_of(acme, VIEW, POST)
    with pytest.raises(MoreThanHeld, match=POST):
        role_create(acme.ctx(bob), role=RoleInput("more", "More", grants=[VIEW, POST]))
    empty = role_of(acme)
    with pytest.raises(MoreThanHeld, match=POST):
        change(acme, empty, actor=bob, grants=[POST])
    with pytest.raises(MoreThanHeld, match=POST):
        grant_add(acme.ctx(bob), role_id=empty["id"], code=POST)
    change(acme, empty, actor=bob, grants=[VIEW])
    change(acme, role, is_active=False)
    with pytest.raises(MoreThanHeld, match=POST):
        change(acme, role, actor=bob, is_active=True)


def test_what_a_role_has_already_may_stay_in_the_list(acme: Company) -> None:
    """Who edits a role need not hold what others gave it before."""
    bob, role = member_of(acme, *GOVERN, VIEW), role_of(acme, POST)
    after = change(acme, role, actor=bob, name="Renamed", grants=[POST, VIEW])
    assert after["grants"] == [POST, VIEW]
    change(acme, role, actor=bob, grants=[VIEW])
    with pytest.raises(MoreThanHeld):
        change(acme, role, actor=bob, grants=[POST, VIEW])


def test_nobody_adds_to_his_own_role(acme: Company) -> None:
    role = role_of(acme, *GOVERN)
    bob = join(acme, new_user("bob"), role["code"])
    for codes in ([*GOVERN, POST], [*GOVERN, "permissions.duties.view"]):
        with pytest.raises(MoreThanHeld):
            change(acme, role, actor=bob, grants=codes)
    assert held(acme, bob) == set(GOVERN)


def test_who_lost_a_right_cannot_give_it_any_more(acme: Company) -> None:
    role = role_of(acme, *GOVERN, POST)
    bob, other = join(acme, new_user("bob"), role["code"]), role_of(acme)
    change(acme, role, grants=GOVERN)
    with pytest.raises(MoreThanHeld):
        change(acme, other, actor=bob, grants=[POST])


def test_a_right_taken_while_it_is_being_given_is_not_given(acme: Company) -> None:
    """Changes of rights of one company wait for each other; none sees half of another."""
    role = role_of(acme, *GOVERN, POST)
    bob, other = join(acme, new_user("bob"), role["code"]), role_of(acme)
    done: list[Any] = []
    barrier = threading.Barrier(2)

    def run(work: Any) -> None:
        from django.db import connections

        barrier.wait()
        try:
            work()
            done.append("done")
        except DomainError as error:
            done.append(error)
        finally:
            connections.close_all()

    for _ in range(5):
        change(acme, role, grants=[*GOVERN, POST])
        change(acme, other, grants=[])
        done.clear()
        works = (
            lambda: change(acme, role, grants=GOVERN),
            lambda: change(acme, other, actor=bob, grants=[POST]),
        )
        threads = [threading.Thread(target=run, args=(work,)) for work in works]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        given = grants_of(acme, other["code"]) == {POST}
        refused = any(isinstance(one, MoreThanHeld) for one in done)
        assert given != refused, done


# --- between companies --------------------------------------------------------------


def test_a_role_of_another_company_is_no_role(acme: Company, globex: Company) -> None:
    role = role_of(acme, VIEW)
    kept = grant_id(acme, role, VIEW)
    for call in (
        lambda: change(globex, role, name="Mine"),
        lambda: role_delete(globex.ctx(), role_id=role["id"]),
        lambda: grant_remove(globex.ctx(), grant_id=kept),
        lambda: change(globex, {"id": uuid7()}, name="Mine"),
    ):
        with pytest.raises(NotFound):
            call()
    for foreign in (role["id"], uuid7()):
        with pytest.raises(Invalid, match="There is no such role"):
            grant_add(globex.ctx(), role_id=foreign, code=VIEW)
    assert grants_of(acme, role["code"]) == {VIEW}
