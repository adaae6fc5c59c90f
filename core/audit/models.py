"""The log of what happened to rows, and the blocks that prove it."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.audit.declared import Unaudited
from core.ids import uuid7_time
from core.partitions.monthly import Monthly, MonthlyManager
from core.tenancy.fields import TenantField
from core.tenancy.models import TenantModel


class AuditLog(Monthly, TenantModel):
    """One change of one row, written by a trigger; the application may only read it.

    Its time is that of its id. `old` and `new` hold the fields that changed, of an
    inserted row all, of a deleted one as it was. `mark` is a keyed hash of the whole
    row; in place of `personal` it covers the digest of it.
    """

    class Action(models.TextChoices):
        INSERT = "insert", "Created"
        UPDATE = "update", "Changed"
        DELETE = "delete", "Deleted"
        TRUNCATE = "truncate", "Emptied"
        READ = "read", "Read"
        ERASE = "erase", "Erased"

    #: No reference: a row that says what happened to a company is not kept from doing so by it,
    #: and changes of global tables belong to none.
    tenant = TenantField(db_constraint=False)
    table = models.CharField(max_length=63)
    row_id = models.UUIDField(null=True)
    action = models.CharField(max_length=8, choices=Action.choices)
    actor_id = models.UUIDField(null=True)
    session_id = models.UUIDField(null=True)
    address = models.GenericIPAddressField(null=True)
    request_id = models.TextField(blank=True)
    operation = models.TextField(blank=True, help_text="The service that was called.")
    reason = models.TextField(blank=True, help_text="What the person said why.")
    database_user = models.TextField()
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    personal = models.JSONField(null=True, help_text="`old` and `new` of persons' data, and salt.")
    personal_digest = models.BinaryField(null=True)
    mark = models.BinaryField()

    audited = Unaudited("It is the log.")
    objects: ClassVar[MonthlyManager] = MonthlyManager()

    class Meta(TenantModel.Meta):
        verbose_name = "change"
        verbose_name_plural = "audit log"
        indexes = [
            models.Index(fields=["tenant", "row_id", "id"], name="audit_log_row"),
            models.Index(fields=["tenant", "actor_id", "id"], name="audit_log_actor"),
            models.Index(fields=["tenant", "request_id"], name="audit_log_request"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.table} {self.row_id}"

    @property
    def at(self) -> Any:
        """When it happened, to the millisecond."""
        return uuid7_time(self.id)


class AuditBlock(TenantModel):
    """A link of a tenant's chain: the marks of up to a thousand rows, and the link before.

    Covers the rows after `after_id` up to `until_id`, in the order of their ids.
    """

    tenant = TenantField(db_constraint=False)
    sequence = models.BigIntegerField()
    after_id = models.UUIDField()
    until_id = models.UUIDField()
    row_ids = ArrayField(models.UUIDField())
    marks = models.BinaryField(help_text="32 bytes for each row.")
    previous = models.BinaryField()
    digest = models.BinaryField(help_text="Of all of the above.")
    sealed_at = models.DateTimeField()

    audited = Unaudited("It proves the log.")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "sequence"], name="audit_block_sequence"),
        ]
        indexes = [
            models.Index(fields=["tenant", "until_id"], name="audit_block_until"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.sequence}"
