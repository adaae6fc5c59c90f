"""How long a company keeps its conversations."""

from django.db import models

from core.tenancy.models import TenantModel


class MessagingSettings(TenantModel):
    """One row a tenant, made when it is first changed."""

    #: Messages older than this are deleted by the clock; empty keeps them until their partition
    #: is archived.
    kept_months = models.PositiveSmallIntegerField(null=True)
    version = models.BigIntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant"], name="messaging_settings_one")]

    def __str__(self) -> str:
        return f"kept for {self.kept_months or 'ever'}"
