"""How long a company keeps its conversations."""

from core.tenancy.context import Context
from core.tenancy.transactions import query
from messaging.models import MessagingSettings


@query
def settings_get(ctx: Context) -> MessagingSettings:
    """The settings as they are, or as they were before anybody changed them."""
    found: MessagingSettings | None = MessagingSettings.objects.first()
    return found or MessagingSettings(tenant_id=ctx.tenant_id)
