"""The mails that carry a link: written with the link, which is put in when they are sent."""

from typing import NamedTuple
from uuid import UUID

from core.mail.models import Mail
from core.mail.services import Letter, mail_send
from core.tenancy.context import Context
from core.tenancy.transactions import command, query
from permissions import mail
from permissions.models import OneTimeToken
from permissions.services.links import Purpose, lifetime_text
from permissions.tokens import link_token

#: What releases before this one enqueued.
LINK_MAIL = "permissions.link_mail"


class Kind(NamedTuple):
    mail: str
    #: The page of the console that the link opens.
    page: str


KINDS = {
    Purpose.PASSWORD_RESET: Kind(mail.PASSWORD_RESET, "reset-password"),
    Purpose.INVITATION: Kind(mail.INVITATION, "accept-invitation"),
}


@command
def link_mail_write(ctx: Context, *, link_id: UUID) -> Mail:
    """Part of a command, its last part: one mail for each link."""
    link = OneTimeToken.objects.select_related("user", "tenant").get(
        pk=link_id, tenant=ctx.tenant_id
    )
    letter = Letter(
        kind=KINDS[Purpose(link.purpose)].mail,
        to=link.user.email,
        effect_key=f"link:{link.pk}",
        values={
            "name": link.user.name or link.user.email,
            "company": link.tenant.name,
            "lifetime": lifetime_text(link.purpose),
        },
        person_id=link.user_id,
        about_id=link.pk,
    )
    return mail_send(ctx, letter=letter)


@query
def link_secrets(ctx: Context, link_id: UUID) -> dict[str, str] | None:
    """The link itself; None where it is used, void or over by now."""
    alive = OneTimeToken.objects.filter(
        pk=link_id, tenant=ctx.tenant_id, used_at=None, expires_at__gt=ctx.now
    )
    link = alive.select_related("tenant").first()
    if link is None:
        return None
    page = KINDS[Purpose(link.purpose)].page
    return {"link": mail.link(page, token=link_token(link.pk), tenant_slug=link.tenant.slug)}
