"""Archives of partitions. Global: a partition holds rows of many tenants."""

from django.db import models

from core.audit.declared import Audited
from core.ids import uuid7


class PartitionArchive(models.Model):
    """A file that holds every row of one partition. Nothing is dropped without a verified one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    table = models.CharField(max_length=63)
    partition = models.CharField(max_length=63)
    month = models.DateField(help_text="Its first day, UTC.")
    path = models.CharField(max_length=500)
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, help_text="Of the compressed file.")
    columns = models.JSONField(help_text="Their names, in the order of the file.")
    checksum = models.CharField(
        max_length=40, help_text="Of the rows in whatever order: the sum of their lines' hashes."
    )
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)
    restored_at = models.DateTimeField(null=True)

    audited = Audited()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["path"], name="partitions_archive_path"),
        ]
        indexes = [
            models.Index(fields=["table", "month"], name="partitions_archive_month"),
        ]

    def __str__(self) -> str:
        return self.path
