"""Invitations: a membership that waits for its owner, and a link by mail that opens it.

Whether an address has an account already is told to nobody but its owner.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import F

from core.errors import Conflict, Invalid, NotFound, require
from core.tenancy.context import Context
from core.tenancy.models import Tenant
from core.tenancy.transactions import command
from permissions.events import UserPermissionsChanged
from permissions.models import Grant, Membership, Role, RoleAssignment, User
from permissions.services.invalidation import permissions_void
from permissions.services.link_mails import link_mail_write
from permissions.services.links import (
    Link,
    LinkRefused,
    Purpose,
    link_make,
    link_use,
)
from permissions.services.mail_limits import mail_count
from permissions.services.passwords import password_require
from permissions.services.safeguards import governance_lock, require_held


@dataclass(frozen=True, slots=True)
class InvitationInput:
    """Whom to invite, and the codes of the roles that he will hold."""

    email: str
    roles: Sequence[str]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the invited says. Somebody without a password chooses one."""

    password: str | None = None
    name: str | None = None


class MemberAlready(Conflict):
    """About this company, whose members the caller may know."""

    def __init__(self) -> None:
        super().__init__("This e-mail address belongs to a member, or was invited already.")


class JoinedAlready(Conflict):
    def __init__(self) -> None:
        super().__init__("This member has joined already.")


@command
def invitation_create(ctx: Context, *, invitation: InvitationInput) -> Membership:
    """Invite somebody; he is no member before he accepts. Gives no more than the actor holds."""
    email = _email(invitation.email)
    governance_lock(ctx)
    roles = _roles(ctx, invitation.roles)
    user, _ = User.objects.get_or_create(
        email=email, defaults={"name": invitation.name, "password": make_password(None)}
    )
    require(user.erased_at is None, Invalid.field("email", "Nobody can be written to there."))
    known = Membership.objects.filter(user=user, tenant=ctx.tenant_id).exists()
    require(not known, MemberAlready())
    membership = Membership.objects.create(user=user, tenant_id=ctx.tenant_id, is_active=False)
    RoleAssignment.objects.bulk_create(RoleAssignment(role=role, user=user) for role in roles)
    permissions_void(ctx, UserPermissionsChanged(user.pk))
    _invite(ctx, membership)
    return membership


@command
def invitation_send(ctx: Context, *, membership_id: UUID) -> Membership:
    """A new link for somebody who has not accepted yet; the older ones are void."""
    membership = (
        Membership.objects.select_for_update(of=["self"])
        .select_related("user")
        .filter(pk=membership_id, tenant=ctx.tenant_id)
        .first()
    )
    if membership is None:
        raise NotFound
    require(membership.joined_at is None and not membership.is_active, JoinedAlready())
    _invite(ctx, membership)
    return membership


def invitation_accept(ctx: Context, *, link: Link, acceptance: Acceptance) -> Tenant:
    """Join the company of the link. The password of somebody who has one is left alone.

    A refusal of the password leaves the link as it is.
    """
    return _invitation_accept(ctx, link=link, acceptance=acceptance)


@command
def _invitation_accept(ctx: Context, *, link: Link, acceptance: Acceptance) -> Tenant:
    """Private, so that its refusals look like those of `link_find`."""
    governance_lock(ctx)
    link_use(ctx, link)
    user = User.objects.select_for_update(no_key=True).get(pk=link.user_id)
    joined = Membership.objects.filter(
        user=user, tenant=ctx.tenant_id, joined_at=None, is_active=False
    ).update(is_active=True, joined_at=ctx.now, version=F("version") + 1)
    require(joined == 1, LinkRefused())
    if user.has_usable_password():
        _require_no_password(acceptance)
    else:
        _introduce(user, acceptance)
    permissions_void(ctx, UserPermissionsChanged(user.pk))
    return Tenant.objects.get(pk=ctx.tenant_id)


def invitation_needs_password(link: Link) -> bool:
    """Whether who accepts chooses a password. For whoever holds the link, and nobody else."""
    return not User.objects.get(pk=link.user_id).has_usable_password()


def _require_no_password(acceptance: Acceptance) -> None:
    """Who can read a mail of somebody with an account must not get hold of the account."""
    if acceptance.password is not None:
        message = "You have a password already. Leave it out, and log in with the one you have."
        raise Invalid.field("password", message)


def _introduce(user: User, acceptance: Acceptance) -> None:
    if acceptance.password is None:
        raise Invalid.field("password", "Choose a password.")
    user.name = acceptance.name or user.name
    password_require(acceptance.password, user=user, field="password")
    user.password = make_password(acceptance.password)
    user.save(update_fields=["name", "password"])


def _invite(ctx: Context, membership: Membership) -> None:
    """Make the link, and the mail that carries it."""
    mail_count(ctx.now, account=membership.user.email)
    link = link_make(ctx, user_id=membership.user_id, purpose=Purpose.INVITATION)
    link_mail_write(ctx, link_id=link.id)


def _roles(ctx: Context, codes: Iterable[str]) -> list[Role]:
    """The company's roles of these codes, which the actor may give."""
    wanted = set(codes)
    roles = list(Role.objects.filter(code__in=wanted).order_by("code"))
    for code in sorted(wanted - {role.code for role in roles}):
        raise Invalid.field("roles", f"There is no role {code[:100]}.")
    require(bool(roles), Invalid.field("roles", "At least one role."))
    require_held(ctx, Grant.objects.filter(role__in=roles).values_list("code", flat=True))
    return roles


def _email(text: str) -> str:
    email = text.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise Invalid.field("email", error.messages[0]) from None
    return email
