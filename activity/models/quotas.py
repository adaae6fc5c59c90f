"""A company's plan, and what was told of its limit."""

from django.db import models

from activity.plans import DEFAULT_PLAN
from core.tenancy.models import TenantModel


class UsageQuota(TenantModel):
    """One row a tenant, made when its plan is first chosen."""

    #: A key of `activity.plans.PLANS`.
    plan = models.CharField(max_length=20, default=DEFAULT_PLAN)
    version = models.BigIntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant"], name="activity_usagequota_one")]

    def __str__(self) -> str:
        return self.plan


class UsageAlert(TenantModel):
    """A percentage of a month's limit was reached: announced once, shown to staff."""

    month = models.DateField(help_text="Its first day, UTC.")
    percent = models.SmallIntegerField()
    limit = models.BigIntegerField()
    reached_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "month", "percent"], name="activity_usagealert_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.month:%Y-%m}"
