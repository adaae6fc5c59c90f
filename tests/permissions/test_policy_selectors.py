"""The policy and its explanation: asked in every way, they say the same."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ids import uuid7
from core.tenancy.context import Context
from core.tenancy.models import Tenant
from core.tenancy.transactions import command, query
from permissions import catalog
from permissions.models import (
    Grant,
    Membership,
    ModuleAssignment,
    Role,
    RoleAssignment,
    User,
)
from permissions.policy import codes_held, codes_load
from permissions.selectors.permissions import (
    Reason,
    caller_get,
    explain,
    has_module_permission,
    has_page_permission,
)
from tests.cast import Company, join, new_company, new_user
from tests.permissions.rights import (
    POST,
    VIEW,
    member_of,
    platform_admin,
    role_of,
    update,
)

PLATFORM = "permissions.modules.update"


def reason_of(company: Company, user: User, code: str = VIEW) -> Reason:
    return explain(company.ctx(), user.pk, code).reason


# --- every reason -------------------------------------------------------------------


def test_a_grant_is_named_with_its_role(acme: Company) -> None:
    role = role_of(acme, VIEW)
    bob = join(acme, new_user("bob"), role["code"])
    found = explain(acme.ctx(), bob.pk, VIEW)
    assert (found.is_allowed, found.reason) == (True, Reason.ROLE)
    [step] = found.steps
    assert (step.role_id, step.role) == (role["id"], role["code"])
    grant = query(lambda ctx: Grant.objects.get(pk=step.grant_id))(acme.ctx())
    assert (grant.code, grant.role_id) == (VIEW, role["id"])


def test_every_way_to_a_code_is_named(acme: Company) -> None:
    found = explain(acme.ctx(), acme.owner.pk, VIEW)
    assert [(s.via, s.role or s.module) for s in found.steps] == [
        (Reason.ROLE, "owner"),
        (Reason.SUPER_ADMIN, "accounting"),
    ]


def test_a_denial_names_the_roles_that_would_give_it(acme: Company) -> None:
    bob, role = member_of(acme, VIEW), role_of(acme, POST)
    found = explain(acme.ctx(), bob.pk, POST)
    assert (found.is_allowed, found.reason) == (False, Reason.NOT_GRANTED)
    assert set(found.would_grant) == {"owner", "accountant", role["code"]}


def test_the_first_thing_in_the_way_is_the_reason(acme: Company, globex: Company) -> None:
    role = role_of(acme, VIEW)
    bob = join(acme, new_user("bob"), role["code"])
    assert reason_of(acme, bob, "accounting.invoices.fly") == Reason.UNKNOWN_CODE
    assert reason_of(acme, bob, PLATFORM) == Reason.PLATFORM_ONLY
    assert reason_of(acme, platform_admin(acme), PLATFORM) == Reason.PLATFORM_ADMIN
    assert reason_of(acme, globex.owner) == Reason.NOT_A_MEMBER
    assert explain(acme.ctx(), uuid7(), VIEW).reason == Reason.NOT_A_MEMBER
    command(lambda ctx: Role.objects.filter(pk=role["id"]).update(is_active=False))(acme.ctx())
    assert reason_of(acme, bob) == Reason.ROLE_INACTIVE
    update(acme, bob, role_ids=[])
    update(acme, bob, is_super_admin=True)
    assert reason_of(acme, bob) == Reason.MODULE_NOT_ASSIGNED
    update(acme, bob, is_active=False)
    assert reason_of(acme, bob) == Reason.MEMBERSHIP_INACTIVE
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert reason_of(acme, bob) == Reason.USER_INACTIVE
    Membership.objects.filter(user=bob).update(joined_at=None)
    assert reason_of(acme, bob) == Reason.MEMBERSHIP_INVITED
    Tenant.objects.filter(pk=acme.tenant_id).update(is_active=False)
    assert reason_of(acme, bob) == Reason.COMPANY_INACTIVE


# --- explanation and policy agree ---------------------------------------------------

CODES = [*random.Random(7).sample(sorted(catalog.tenant_codes()), 12), PLATFORM]
GRANTABLE = [*CODES, "accounting.gone.view"]


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: Any) -> Any:
    with django_db_blocker.unblock():
        yield new_company(new_user("alice"))


@command
def arrange(ctx: Context, user: User, world: dict[str, Any]) -> None:
    """Whatever may stand in the tables, services or not."""
    RoleAssignment.objects.filter(user=user).delete()
    ModuleAssignment.objects.filter(user=user).delete()
    for is_active, is_held, codes in world["roles"]:
        role = Role.objects.create(code=f"x{uuid7().hex}"[:40], name="X", is_active=is_active)
        Grant.objects.bulk_create(Grant(role=role, code=code) for code in codes)
        if is_held:
            RoleAssignment.objects.create(role=role, user=user)
    for module in world["modules"]:
        ModuleAssignment.objects.create(user=user, module=module, assigned_at=ctx.now)


WORLDS = st.fixed_dictionaries(
    {
        "roles": st.lists(
            st.tuples(
                st.booleans(), st.booleans(), st.sets(st.sampled_from(GRANTABLE), max_size=4)
            ),
            max_size=4,
        ),
        "modules": st.sets(st.sampled_from([*catalog.modules(), "gone"])),
        "membership": st.sampled_from(["active", "active", "inactive", "invited", "none"]),
        "is_super_admin": st.booleans(),
        "is_user_active": st.sampled_from([True, True, False]),
        "is_platform_admin": st.booleans(),
    }
)


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(world=WORLDS)
def test_explain_always_agrees_with_the_policy(company: Company, world: dict[str, Any]) -> None:
    user = new_user("x")
    if world["membership"] != "none":
        Membership.objects.create(
            user=user,
            tenant_id=company.tenant_id,
            is_active=world["membership"] == "active",
            joined_at=None if world["membership"] == "invited" else company.ctx().now,
            is_super_admin=world["is_super_admin"],
        )
    flags = {"is_active": world["is_user_active"], "is_platform_admin": world["is_platform_admin"]}
    User.objects.filter(pk=user.pk).update(**flags)
    arrange(company.ctx(), user, world)
    codes = query(codes_load)(company.ctx(), user.pk)
    for code in GRANTABLE:
        found = explain(company.ctx(), user.pk, code)
        assert found.is_allowed == (code in codes), (code, found, world)
        assert bool(found.steps) == found.is_allowed


# --- asked in every way -------------------------------------------------------------


def test_backend_module_page_and_policy_say_the_same(acme: Company) -> None:
    bob = member_of(acme, VIEW)
    ctx = acme.ctx(bob)
    caller = caller_get(ctx)
    assert caller is not None
    for code in (VIEW, POST, PLATFORM, "nonsense"):
        module, _, rest = code.partition(".")
        page, _, action = rest.partition(".")
        allowed = code in codes_held(ctx, bob.pk)
        assert caller.has_perm(code) == allowed == (code == VIEW)
        assert has_page_permission(ctx, bob.pk, module, page, action) == allowed
    assert has_page_permission(ctx, bob.pk, "accounting", "invoices")
    for module, allowed in (("accounting", True), ("permissions", False), ("account", False)):
        assert has_module_permission(ctx, bob.pk, module) == allowed
        assert caller.has_module_perms(module) == allowed


def test_a_user_who_is_bound_to_no_company_holds_nothing(acme: Company) -> None:
    loaded = User.objects.get(pk=acme.owner.pk)
    assert not loaded.has_perm(VIEW)
    assert not loaded.has_module_perms("accounting")


def test_a_bound_user_holds_what_he_holds_there(acme: Company, globex: Company) -> None:
    join(globex, acme.owner, "viewer")
    here, there = caller_get(acme.ctx()), caller_get(globex.ctx(acme.owner))
    assert here is not None
    assert there is not None
    assert here.has_perm(POST)
    assert there.has_perm(VIEW)
    assert not there.has_perm(POST)
    here.is_active = False
    assert not here.has_perm(POST)


def test_nobody_acts_when_the_system_does(acme: Company) -> None:
    assert caller_get(acme.ctx(actor_id=None)) is None
    User.objects.filter(pk=acme.owner.pk).update(is_active=False)
    assert caller_get(acme.ctx()) is None
