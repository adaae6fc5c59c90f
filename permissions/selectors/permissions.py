"""May he, and why: the policy asked about a module, a page, or one code with its reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from core.tenancy.context import Context
from core.tenancy.transactions import query
from permissions import catalog
from permissions.models import Grant, Membership, ModuleAssignment, Role, RoleAssignment, User
from permissions.policy import codes_held


class Reason(StrEnum):
    """Why somebody holds a code, or the first thing that keeps him from it."""

    ROLE = "role"
    SUPER_ADMIN = "super_admin"
    PLATFORM_ADMIN = "platform_admin"
    UNKNOWN_CODE = "unknown_code"
    NOT_A_MEMBER = "not_a_member"
    COMPANY_INACTIVE = "company_inactive"
    USER_INACTIVE = "user_inactive"
    MEMBERSHIP_INVITED = "membership_invited"
    MEMBERSHIP_INACTIVE = "membership_inactive"
    PLATFORM_ONLY = "platform_only"
    ROLE_INACTIVE = "role_inactive"
    MODULE_NOT_ASSIGNED = "module_not_assigned"
    NOT_GRANTED = "not_granted"


SENTENCES = {
    Reason.ROLE: "A role that he holds grants it.",
    Reason.SUPER_ADMIN: "He is super admin, and the platform assigned the module to him.",
    Reason.PLATFORM_ADMIN: "He is an admin of the platform.",
    Reason.UNKNOWN_CODE: "No app declares this code.",
    Reason.NOT_A_MEMBER: "He is no member of this company.",
    Reason.COMPANY_INACTIVE: "The company is deactivated.",
    Reason.USER_INACTIVE: "His account is deactivated, in every company.",
    Reason.MEMBERSHIP_INVITED: "He was invited and has not accepted yet.",
    Reason.MEMBERSHIP_INACTIVE: "His membership is deactivated.",
    Reason.PLATFORM_ONLY: "Only admins of the platform hold it; no role grants it.",
    Reason.ROLE_INACTIVE: "A role that he holds grants it, but that role is deactivated.",
    Reason.MODULE_NOT_ASSIGNED: "He is super admin, but the platform did not assign the module.",
    Reason.NOT_GRANTED: "No role that he holds grants it.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One way to the code: a role and its grant, or a super admin's module."""

    via: Reason
    role_id: UUID | None = None
    role: str = ""
    grant_id: UUID | None = None
    module: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether `user_id` holds `code`, by which steps, or why not and which roles would give it."""

    code: str
    user_id: UUID
    reason: Reason
    steps: Sequence[Step] = ()
    would_grant: Sequence[str] = ()

    @property
    def is_allowed(self) -> bool:
        return self.reason in (Reason.ROLE, Reason.SUPER_ADMIN, Reason.PLATFORM_ADMIN)

    @property
    def sentence(self) -> str:
        return SENTENCES[self.reason]


def caller_get(ctx: Context) -> User | None:
    """Who acts, bound to the context's tenant: his `has_perm(code)` asks the one policy.

    For tasks and commands, which no door has let in. None when the system acts.
    """
    if ctx.actor_id is None:
        return None
    user = User.objects.filter(pk=ctx.actor_id, is_active=True).first()
    if user is not None:
        user.codes = codes_held(ctx, user.pk)
    return user


def has_module_permission(ctx: Context, user_id: UUID, module: str) -> bool:
    """Whether `user_id` may do anything at all in `module`."""
    return any(code.partition(".")[0] == module for code in codes_held(ctx, user_id))


def has_page_permission(
    ctx: Context, user_id: UUID, module: str, page: str, action: str = "view"
) -> bool:
    """Whether `user_id` may do `action` on a page."""
    return f"{module}.{page}.{action}" in codes_held(ctx, user_id)


@query
def explain(ctx: Context, user_id: UUID, code: str) -> Explanation:
    """The grant chain that gives `code` to `user_id`, or the reason why he does not hold it.

    Read from the tables, so it tells the truth also where something remembered does not.
    """
    if code not in catalog.all_codes():
        return Explanation(code, user_id, Reason.UNKNOWN_CODE)
    member = (
        Membership.objects.filter(tenant=ctx.tenant_id, user=user_id)
        .select_related("user", "tenant")
        .first()
    )
    kept_out = _kept_out(member)
    if kept_out or member is None:
        return Explanation(code, user_id, kept_out or Reason.NOT_A_MEMBER)
    if code in catalog.platform_codes():
        is_platform_admin = member.user.is_platform_admin
        reason = Reason.PLATFORM_ADMIN if is_platform_admin else Reason.PLATFORM_ONLY
        return Explanation(code, user_id, reason, [Step(reason)] if is_platform_admin else [])
    return _explain_member(member, code)


def _kept_out(member: Membership | None) -> Reason | None:
    """What keeps somebody from everything, if anything does."""
    if member is None:
        return Reason.NOT_A_MEMBER
    if not member.tenant.is_active:
        return Reason.COMPANY_INACTIVE
    if not member.is_active and member.joined_at is None:
        # Before his account: what became of that is none of this company's business yet.
        return Reason.MEMBERSHIP_INVITED
    if not member.user.is_active:
        return Reason.USER_INACTIVE
    return None if member.is_active else Reason.MEMBERSHIP_INACTIVE


def _explain_member(member: Membership, code: str) -> Explanation:
    """The same for somebody whom nothing keeps out, and a code that roles may grant."""
    user_id, module = member.user_id, code.partition(".")[0]
    roles = {
        grant.role_id: Step(Reason.ROLE, grant.role_id, grant.role.code, grant.pk)
        for grant in Grant.objects.filter(code=code).select_related("role").order_by("role__code")
        if grant.role.is_active
    }
    held = RoleAssignment.objects.filter(user=user_id).values_list("role_id", flat=True)
    steps = [roles[role_id] for role_id in roles if role_id in set(held)]
    assigned = ModuleAssignment.objects.filter(user=user_id, module=module)
    if member.is_super_admin and assigned.exists():
        steps.append(Step(Reason.SUPER_ADMIN, module=module))
    if steps:
        return Explanation(code, user_id, steps[0].via, steps)
    switched_off = Role.objects.filter(
        is_active=False, assignments__user=user_id, grants__code=code
    )
    if switched_off.exists():
        reason = Reason.ROLE_INACTIVE
    else:
        reason = Reason.MODULE_NOT_ASSIGNED if member.is_super_admin else Reason.NOT_GRANTED
    return Explanation(code, user_id, reason, would_grant=[step.role for step in roles.values()])
