"""Answers kept for requests that carried an `Idempotency-Key`."""

from django.db import models

from core.audit.declared import Unaudited
from core.tenancy.models import TenantModel


class IdempotencyKey(TenantModel):
    """The answer to one request, replayed byte for byte when the request comes again.

    `scope_hash` stands for user, method, path and key; `request_hash` for the body.
    """

    scope_hash = models.BinaryField(max_length=32)
    request_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField()
    body = models.BinaryField()
    created_at = models.DateTimeField()

    audited = Unaudited("Kept answers of a day; what they did is recorded.")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "scope_hash"], name="api_idempotency_scope")
        ]
        indexes = [models.Index(fields=["tenant", "created_at"], name="api_idempotency_created")]

    def __str__(self) -> str:
        return str(self.id)
