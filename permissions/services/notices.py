"""What a company's owners are told by mail without having asked."""

from collections.abc import Mapping
from uuid import UUID

from core.errors import NotFound
from core.mail.kinds import MailKind
from core.mail.services import Letter, mail_send
from core.tenancy.context import Context
from core.tenancy.models import Tenant
from core.tenancy.transactions import command
from core.webhooks.models import WhyDisabled
from core.webhooks.selectors import webhook_get
from permissions import catalog
from permissions.models import Membership, RoleAssignment, User

WEBHOOK_NOTICE, WEBHOOK_MAIL = "permissions.webhook_notice", "permissions.webhook_disabled"
WEBHOOK_WORDS = (
    "A webhook of {company} is switched off",
    """Hello {name},

{url} is sent nothing any more. {reason}.

What happens from now on is kept for some days: once the receiver is well, switch the webhook \
on, and it goes on where it stopped.
""",
)


def mail_kind() -> MailKind:
    return MailKind(
        WEBHOOK_MAIL,
        "A webhook is switched off",
        ("name", "company", "url", "reason"),
        {"en": WEBHOOK_WORDS},
    )


@command
def webhook_disabled_tell(ctx: Context, *, event_id: UUID, endpoint_id: UUID, reason: str) -> int:
    """One mail to each owner for each time that it was switched off; how many.

    None where the endpoint is deleted by now.
    """
    try:
        endpoint = webhook_get(ctx, endpoint_id=endpoint_id)
    except NotFound:
        return 0
    values = {"url": endpoint["url"], "reason": WhyDisabled(reason).label}
    return _owners_tell(ctx, kind=WEBHOOK_MAIL, key=f"webhook-off:{event_id}", values=values)


def _owners_tell(ctx: Context, *, kind: str, key: str, values: Mapping[str, str]) -> int:
    owners = _owners(ctx)
    company = Tenant.objects.values_list("name", flat=True).get(pk=ctx.tenant_id)
    for owner in owners:
        letter = Letter(
            kind=kind,
            to=owner.email,
            effect_key=f"{key}:{owner.pk}",
            values={**values, "name": owner.name or owner.email, "company": company},
            person_id=owner.pk,
        )
        mail_send(ctx, letter=letter)
    return len(owners)


def _owners(ctx: Context) -> list[User]:
    """Those who may enter at this moment."""
    holders = RoleAssignment.objects.filter(role__code=catalog.OWNER).values("user_id")
    members = Membership.objects.filter(
        tenant=ctx.tenant_id, user__in=holders, is_active=True, user__is_active=True
    )
    return [member.user for member in members.select_related("user").order_by("user_id")]
