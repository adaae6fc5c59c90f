"""What is known of a file; its bytes are in the storage, under `key`."""

from django.db import models

from core.audit.declared import Unaudited
from core.tenancy.models import TenantModel


class StoredFile(TenantModel):
    """A file of a company. Nothing of it changes but when it ends."""

    name = models.CharField(max_length=200, help_text="What it is called where it is saved.")
    media_type = models.CharField(max_length=100)
    size = models.BigIntegerField(help_text="In bytes.")
    sha256 = models.CharField(max_length=64)
    #: Where the storage has it.
    key = models.CharField(max_length=120)
    purpose = models.CharField(max_length=50, help_text="Such as `export` or `invoice`.")
    #: A code that whoever fetches it must hold; empty: none.
    permission = models.CharField(max_length=100, default="", db_default="")
    #: Whether others than who made it may fetch it, if they hold that code.
    is_shared = models.BooleanField(default=False, db_default=False)
    created_by_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    audited = Unaudited("Its columns say who made it, and when; who fetches it is recorded.")

    class Meta(TenantModel.Meta):
        verbose_name = "file"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key"], name="files_file_key"),
            models.CheckConstraint(
                condition=models.Q(is_shared=False) | ~models.Q(permission=""),
                name="files_file_shared_by_permission",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "expires_at"], name="files_file_expires"),
            models.Index(fields=["tenant", "created_by_id", "id"], name="files_file_maker"),
        ]

    def __str__(self) -> str:
        return self.name
