"""UserSession: one login. Global, because its token is what names the tenant."""

from django.db import models

from core.ids import uuid7
from core.tenancy.models import Tenant
from permissions.models.users import User


class UserSession(models.Model):
    """Tokens are opaque and stored as SHA-256; who reads the table can use none of them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="sessions")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="sessions")
    access_hash = models.BinaryField(max_length=32, unique=True)
    access_expires_at = models.DateTimeField()
    refresh_hash = models.BinaryField(max_length=32, unique=True)
    refresh_expires_at = models.DateTimeField()
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["refresh_expires_at"], name="permissions_session_expiry"),
        ]

    def __str__(self) -> str:
        return str(self.id)
