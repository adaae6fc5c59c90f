"""What somebody wanted to have as a file, and how far it is."""

from django.db import models

from core.audit.declared import Unaudited
from core.tenancy.models import TenantModel


class ExportFormat(models.TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel"


class Export(TenantModel):
    """Its job says what becomes of it; `error` why it was refused, once it was begun."""

    address = models.CharField(max_length=200, help_text="The list's address below /api/v1/.")
    format = models.CharField(max_length=4, choices=ExportFormat.choices)
    #: The list's own parameters, as they are said in an address.
    filters = models.JSONField(default=dict)
    fields = models.JSONField(default=list)
    job_id = models.UUIDField()
    created_by_id = models.UUIDField()
    created_at = models.DateTimeField()
    #: How many rows are in the parts that are kept, and where the next one goes on.
    rows = models.IntegerField(default=0, db_default=0)
    total = models.IntegerField(null=True)
    parts = models.JSONField(default=list, help_text="Ids of the files that hold them.")
    cursor = models.TextField(default="", db_default="")
    error = models.CharField(max_length=300, default="", db_default="")
    file_id = models.UUIDField(null=True)
    file_expires_at = models.DateTimeField(null=True)

    audited = Unaudited("That somebody took a list with him is recorded as a look at it.")

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "created_by_id", "id"], name="exports_export_maker"),
            models.Index(fields=["tenant", "created_at"], name="exports_export_age"),
        ]

    def __str__(self) -> str:
        return f"{self.address} as {self.format}"
