"""The outbox: events written in the transaction that made them true."""

from django.db import models

from core.ids import uuid7


class OutboxEvent(models.Model):
    """One announced event. Global, because the relay serves all tenants in one sweep.

    Rows are appended, placed and marked as published once each, and purged; nothing
    refers to them. The database draws one more column, `written`, by which events are
    placed (sql/positions.sql).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant_id = models.UUIDField()
    actor_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    payload = models.JSONField()
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    #: Where it stands in the order of commits; empty until somebody has asked.
    position = models.BigIntegerField(null=True)
    #: The same among its tenant's alone, without gaps. Given with the position, never without.
    sequence = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["position"],
                name="jobs_outbox_position",
                condition=models.Q(position__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "sequence"],
                name="jobs_outbox_sequence",
                condition=models.Q(sequence__isnull=False),
            ),
            models.CheckConstraint(
                name="jobs_outbox_placed_whole",
                condition=models.Q(position__isnull=True, sequence__isnull=True)
                | models.Q(position__isnull=False, sequence__isnull=False),
            ),
        ]
        indexes = [
            # By name: of most kinds nobody makes jobs, and those stay unpublished.
            models.Index(
                fields=["name", "id"],
                name="jobs_outbox_awaited",
                condition=models.Q(published_at=None),
            ),
            models.Index(
                fields=["tenant_id", "position"],
                name="jobs_outbox_tenant",
                condition=models.Q(position__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


class OutboxTail(models.Model):
    """The one row that says how far events are placed, and how far they are purged.

    Whoever places or purges locks it. Global.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)
    purged = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="jobs_outbox_one_tail")
        ]

    def __str__(self) -> str:
        return f"{self.purged} to {self.position}"


class TenantTail(models.Model):
    """How far one tenant's events are numbered, and how far they are purged.

    A tenant has none until his first event is placed. Written under the lock of the
    one OutboxTail only. Global.
    """

    tenant_id = models.UUIDField(primary_key=True)
    sequence = models.BigIntegerField()
    purged = models.BigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return f"{self.tenant_id}: {self.purged} to {self.sequence}"
