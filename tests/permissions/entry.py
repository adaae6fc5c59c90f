"""Logins, invitations and links of a company, for tables that only need to have one."""

from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions.models import Membership
from permissions.services.invitations import InvitationInput, invitation_create
from permissions.services.links import Purpose, link_make
from permissions.services.sessions import session_open
from tests.cast import Company, email, join, new_user


def session_of(company: Company) -> str:
    """The id of a new login of the owner."""
    return str(session_open(company.ctx(), user_id=company.owner.pk).session.pk)


def invitation_of(company: Company) -> Membership:
    """Somebody new who is invited and has not accepted."""
    invitation = InvitationInput(email("invited"), ["viewer"])
    return invitation_create(company.ctx(), invitation=invitation)


def invitation_token(company: Company) -> str:
    return token_for(company.ctx(), invitation_of(company), Purpose.INVITATION)


def reset_token(company: Company) -> str:
    """Of somebody whose logins nobody needs any more."""
    user = join(company, new_user("forgetful"), "viewer")
    member = Membership.objects.get(tenant=company.tenant_id, user=user)
    return token_for(company.ctx(), member, Purpose.PASSWORD_RESET)


@command
def token_for(ctx: Context, member: Membership, purpose: str) -> str:
    return link_make(ctx, user_id=member.user_id, purpose=purpose).token
