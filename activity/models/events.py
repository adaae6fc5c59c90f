"""Usage events in monthly partitions, and the notes of what has not been counted yet."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models

from core.audit.declared import Unaudited
from core.ids import uuid7_time
from core.partitions.monthly import Monthly, MonthlyManager
from core.tenancy.models import TenantModel
from permissions.models import User

TYPE_LENGTH_MAX = 60


class UsageEvent(Monthly, TenantModel):
    """Something that somebody did. Its id is the client's own: a UUIDv7 of when it happened.

    So the same event sent again is the same key in the same partition, and the key serves
    for tenant and time. Appended, never changed. No foreign key to the user: who sends is
    known from his token, and a check for each row would lock his row under all of them.
    """

    type = models.CharField(max_length=TYPE_LENGTH_MAX)
    #: Empty where the person has been erased; the event still counts.
    user = models.ForeignKey(
        User, models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    properties = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    #: Beyond the month's limit of a plan that only marks.
    is_over_quota = models.BooleanField(default=False)

    audited = Unaudited("It is itself a record of what happened, and never changed.")
    objects: ClassVar[MonthlyManager] = MonthlyManager()

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "type", "-id"], name="activity_usageevent_type"),
            models.Index(fields=["tenant", "user", "-id"], name="activity_usageevent_user"),
            GinIndex(
                models.F("tenant"),
                OpClass("properties", name="jsonb_path_ops"),
                name="activity_usageevent_properties",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"

    @property
    def occurred_at(self) -> datetime:
        return uuid7_time(self.id)


class UsageArrival(TenantModel):
    """So many new events came for an hour; written with them, and gone once they are counted.

    A note becomes visible in the moment its events do, so whoever counts misses nothing
    that commits late. Its id is the first of its events.
    """

    starts_at = models.DateTimeField()
    events = models.IntegerField()

    audited = Unaudited("A note of a minute, of events that are there.")

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "starts_at"], name="activity_usagearrival_hour")]

    def __str__(self) -> str:
        return f"{self.events} in {self.starts_at}"
