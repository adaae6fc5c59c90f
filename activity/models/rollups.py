"""Events counted by hour and by day, in UTC. Always equal to a GROUP BY over the events."""

from django.db import models

from activity.models.events import TYPE_LENGTH_MAX
from core.audit.declared import Unaudited
from core.tenancy.models import TenantModel


class UsageHour(TenantModel):
    starts_at = models.DateTimeField()
    type = models.CharField(max_length=TYPE_LENGTH_MAX)
    events = models.IntegerField()
    users = models.IntegerField(help_text="Different ones.")
    #: Whether the day has been counted since this hour was.
    in_day = models.BooleanField(default=False)

    audited = Unaudited("Computed from the events, and again from them at any time.")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "starts_at", "type"], name="activity_usagehour_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "starts_at"],
                name="activity_usagehour_due",
                condition=models.Q(in_day=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.events} {self.type} from {self.starts_at}"


class UsageDay(TenantModel):
    starts_on = models.DateField()
    type = models.CharField(max_length=TYPE_LENGTH_MAX)
    events = models.IntegerField()
    users = models.IntegerField(help_text="Different ones.")

    audited = Unaudited("Computed from the events, and again from them at any time.")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "starts_on", "type"], name="activity_usageday_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.events} {self.type} on {self.starts_on}"
