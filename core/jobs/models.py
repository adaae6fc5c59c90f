"""The outbox: events written in the transaction that made them true."""

from django.db import models

from core.ids import uuid7


class OutboxEvent(models.Model):
    """One announced event. Global, because the relay serves all tenants in one sweep.

    Rows are appended, marked as published once, and purged; nothing refers to them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant_id = models.UUIDField()
    actor_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    payload = models.JSONField()
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], name="jobs_outbox_pending", condition=models.Q(published_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"
