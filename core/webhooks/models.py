"""An endpoint is who wants to be told, a delivery is one event that it is owed, and the line
is where its next delivery stands among those of everybody."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.audit.declared import Audited, Unaudited
from core.tenancy.models import TenantForeignKey, TenantModel

URL_LENGTH_MAX = 500
DESCRIPTION_LENGTH_MAX = 200


class DeliveryState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RETRYING = "retrying", "Retrying"
    DONE = "done", "Done"
    #: Tried for three days; waits for somebody to look at it, and to replay it.
    DEAD = "dead", "Dead"


class WhyDisabled(models.TextChoices):
    BY_HAND = "by_hand", "Switched off"
    #: It answered 410.
    GONE = "gone", "It said that it is gone"
    FAILING = "failing", "It failed for three days"


class WebhookEndpoint(TenantModel):
    """An address of a company's own, and what it wants to hear of."""

    url = models.CharField(max_length=URL_LENGTH_MAX)
    description = models.CharField(max_length=DESCRIPTION_LENGTH_MAX, default="", blank=True)
    #: Kinds of events; empty for all that are told.
    event_types = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    is_enabled = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_reason = models.CharField(max_length=10, choices=WhyDisabled.choices, default="")
    #: Sealed by `sealing`, the newer one first. Both sign; the older may be empty.
    secret = models.TextField()
    previous_secret = models.TextField(default="")
    rotated_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    #: Its deliveries go little by little, and it with the last one.
    deleted_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    audited = Audited(masked=("secret", "previous_secret"), ignored=("version",))

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(TenantModel):
    """One event for one endpoint. What is sent is made of these columns, the same every time."""

    endpoint = TenantForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries")
    event_id = models.UUIDField()
    #: 1, 2, 3 and so on of this endpoint: by which a receiver sees that nothing is missing.
    number = models.BigIntegerField()
    #: Of the company.
    sequence = models.BigIntegerField()
    type = models.CharField(max_length=100)
    data = models.JSONField()
    occurred_at = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=DeliveryState.choices, default=DeliveryState.QUEUED
    )
    attempts = models.IntegerField(default=0)
    #: Since when it is tried: three days from here it is given up.
    queued_at = models.DateTimeField()
    #: Empty when it has ended.
    next_attempt_at = models.DateTimeField(null=True)
    #: Of the last attempt: what was answered, how long it took, and what went wrong.
    status = models.SmallIntegerField(null=True)
    milliseconds = models.IntegerField(null=True)
    error = models.CharField(max_length=20, default="", blank=True)
    ended_at = models.DateTimeField(null=True)

    audited = Unaudited("Its columns say what became of it.")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "endpoint", "sequence"], name="webhooks_delivery_once"
            ),
            models.UniqueConstraint(
                fields=["tenant", "endpoint", "number"], name="webhooks_delivery_number"
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "endpoint", "next_attempt_at", "number"],
                name="webhooks_delivery_due",
                condition=models.Q(next_attempt_at__isnull=False),
            ),
            models.Index(
                fields=["tenant", "endpoint", "number"],
                name="webhooks_delivery_dead",
                condition=models.Q(state="dead"),
            ),
            models.Index(fields=["tenant", "queued_at"], name="webhooks_delivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.number}"


class WebhookLine(models.Model):
    """What the deliverer knows of an endpoint. Global, because it serves all tenants.

    `next_at` is its place in the line of all companies, empty while it is owed nothing. While
    `lease_until` lasts a `worker` sends to it, one delivery at a time. Written with the
    database's clock.
    """

    endpoint_id = models.UUIDField(primary_key=True)
    tenant_id = models.UUIDField()
    is_enabled = models.BooleanField(default=True)
    #: Up to where the company's sequence was walked, and how many deliveries that made.
    after = models.BigIntegerField()
    number = models.BigIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    #: Not before: it failed again and again, or asked for it.
    paused_until = models.DateTimeField(null=True)
    #: In a row, since the last success; and since when.
    failures = models.IntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    worker = models.CharField(max_length=100, null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_at"],
                name="webhooks_line_due",
                condition=models.Q(is_enabled=True, next_at__isnull=False),
            ),
            models.Index(fields=["tenant_id"], name="webhooks_line_tenant"),
        ]

    def __str__(self) -> str:
        return str(self.endpoint_id)
