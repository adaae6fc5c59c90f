"""Erasing a user: everywhere at once, so by the platform's admins only.

A person belongs to several companies and a transaction to one, so it is done in steps, each
whole by itself: first nobody enters as him any more, then company by company, at last his
own row. What was interrupted is said again, and goes on.
"""

from dataclasses import replace
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db.models import F

from core.errors import Conflict, NotFound, require
from core.privacy.erasure import (
    Ground,
    answers_of_person_forget,
    ground_say,
    log_erase,
    rows_forget,
)
from core.privacy.register import USER
from core.privacy.report import Person, Row, report_make
from core.tenancy.context import PLATFORM, Context
from core.tenancy.transactions import command, query
from permissions import catalog
from permissions.events import UserPermissionsChanged
from permissions.models import Membership, RoleAssignment, User, UserSession
from permissions.selectors.members import INVITED
from permissions.selectors.persons import companies_of
from permissions.services.invalidation import permissions_void
from permissions.services.mail_limits import mail_counts_forget
from permissions.services.members import UserErased, require_platform_admin
from permissions.services.safeguards import LastOwner, governance_lock, require_owner_left
from permissions.services.sessions import sessions_end

#: Mail cannot be sent there. Source: RFC 2606 section 2.
ERASED_DOMAIN = "erased.invalid"


class ErasesHimself(Conflict):
    def __init__(self) -> None:
        super().__init__("Somebody else has to erase you.")


def user_erase(ctx: Context, *, user_id: UUID, ground: Ground = Ground.REQUESTED) -> User:
    """Erase a member of `ctx`'s company, in every company. For the platform's admins; for good.

    His row, messages and entries of the audit log stay under his id; what says who he was
    goes. Refused where a company would be left without an owner, before anything is changed.
    Not to be called inside of a transaction.
    """
    email = _erasable(ctx, user_id=user_id)
    companies = [replace(ctx, tenant_id=one) for one in companies_of(user_id)]
    for company in companies:
        _require_other_owner(company, user_id=user_id)
    _lock_out(ctx, user_id=user_id, ground=ground)
    for company in companies:
        _leave(company, user_id=user_id, email=email, ground=ground)
        rows_forget(company, kind=USER, person_id=user_id)
    platform = replace(ctx, tenant_id=PLATFORM)
    rows_forget(platform, kind=USER, person_id=user_id, email=email)
    return _empty(platform, user_id=user_id, ground=ground)


@command
def user_report(ctx: Context, *, user_id: UUID) -> Row:
    """Everything that this company holds of a member; that it was asked for is recorded."""
    members = Membership.objects.filter(tenant=ctx.tenant_id, user=user_id).exclude(INVITED)
    member = members.select_related("user").first()
    if member is None:
        raise NotFound
    return report_make(ctx, person=Person(USER, user_id, member.user.email))


def erased_email(user_id: UUID) -> str:
    """What stands for the address of somebody who was erased: unique, and nobody's."""
    return f"erased-{user_id.hex}@{ERASED_DOMAIN}"


@query
def _erasable(ctx: Context, *, user_id: UUID) -> str:
    """His e-mail address, where the actor may erase him."""
    require_platform_admin(ctx)
    member = Membership.objects.filter(tenant=ctx.tenant_id, user=user_id).select_related("user")
    found = member.first()
    if found is None:
        raise NotFound
    require(found.user.erased_at is None, UserErased())
    require(user_id != ctx.actor_id, ErasesHimself())
    return found.user.email


@query
def _require_other_owner(ctx: Context, *, user_id: UUID) -> None:
    owners = RoleAssignment.objects.filter(role__code=catalog.OWNER, role__is_active=True)
    here = Membership.objects.filter(
        tenant=ctx.tenant_id, is_active=True, user__is_active=True, user__in=owners.values("user")
    )
    mine = here.filter(user=user_id)
    require(not mine.exists() or here.exclude(user=user_id).exists(), LastOwner())


@command
def _lock_out(ctx: Context, *, user_id: UUID, ground: Ground) -> None:
    """Nobody enters as him from here on, so that nothing new is written of him meanwhile."""
    ground_say(ctx, ground, "user.erase")
    User.objects.filter(pk=user_id).update(
        is_active=False,
        is_staff=False,
        is_platform_admin=False,
        password=make_password(None),
    )
    sessions_end(ctx, UserSession.objects.filter(user=user_id))


@command
def _leave(ctx: Context, *, user_id: UUID, email: str, ground: Ground) -> None:
    governance_lock(ctx)
    ground_say(ctx, ground, "user.erase")
    member = Membership.objects.filter(tenant=ctx.tenant_id, user=user_id)
    was_active = member.filter(is_active=True).update(is_active=False, version=F("version") + 1)
    if was_active:
        require_owner_left(ctx)
    name = User.objects.values_list("name", flat=True).get(pk=user_id)
    ids = [user_id, *member.values_list("pk", flat=True)]
    answers_of_person_forget(ctx, ids, [email, name])
    permissions_void(ctx, UserPermissionsChanged(user_id))


@command
def _empty(ctx: Context, *, user_id: UUID, ground: Ground) -> User:
    """His row, and what is kept by his address. In the platform's own transaction, because
    the log of this table is the platform's.
    """
    ground_say(ctx, ground, "user.erase")
    user = User.objects.select_for_update().get(pk=user_id)
    mail_counts_forget(account=user.email)
    user.email, user.name = erased_email(user_id), f"Erased user {user_id.hex[-6:]}"
    user.last_login, user.erased_at = None, ctx.now
    user.save(update_fields=["email", "name", "last_login", "erased_at"])
    log_erase(ctx, table=User._meta.db_table, row_ids=[user_id])
    return user
