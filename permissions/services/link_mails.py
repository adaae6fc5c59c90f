"""The mails that carry a link: enqueued with the link, sent by a job."""

from typing import NamedTuple
from uuid import UUID

from core.jobs.services import job_enqueue
from core.tenancy.context import Context
from core.tenancy.transactions import query
from permissions import mail
from permissions.models import OneTimeToken
from permissions.services.links import Purpose, lifetime_text
from permissions.tokens import link_token

LINK_MAIL = "permissions.link_mail"


class Kind(NamedTuple):
    template: str
    subject: str
    #: The page of the console that the link opens.
    page: str


KINDS = {
    Purpose.PASSWORD_RESET: Kind("password_reset", "Choose a new password", "reset-password"),
    Purpose.INVITATION: Kind("invitation", "Invitation to {company}", "accept-invitation"),
}


def link_mail_enqueue(ctx: Context, *, link_id: UUID) -> UUID:
    """Part of a command, its last part: one mail for each link."""
    return job_enqueue(
        ctx, task=LINK_MAIL, arguments={"link_id": str(link_id)}, effect_key=f"link:{link_id}"
    )


def link_mail_send(ctx: Context, *, link_id: UUID, effect_key: str) -> bool:
    """Send the link, unless it is used, void or over by now; whether it was sent."""
    letter = _letter(ctx, link_id=link_id, key=effect_key)
    if letter is not None:
        mail.mail_send(letter)
    return letter is not None


@query
def _letter(ctx: Context, *, link_id: UUID, key: str) -> mail.Letter | None:
    alive = OneTimeToken.objects.filter(
        pk=link_id, tenant=ctx.tenant_id, used_at=None, expires_at__gt=ctx.now
    )
    link = alive.select_related("user", "tenant").first()
    if link is None:
        return None
    kind = KINDS[Purpose(link.purpose)]
    token, slug = link_token(link.pk), link.tenant.slug
    values = {
        "name": link.user.name,
        "company": link.tenant.name,
        "lifetime": lifetime_text(link.purpose),
        "link": mail.link(kind.page, token=token, tenant_slug=slug),
    }
    subject = kind.subject.format(company=link.tenant.name)
    return mail.Letter(key, link.created_at, kind.template, link.user.email, subject, values)
