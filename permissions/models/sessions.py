"""UserSession: one login. Global, because its token is what names the tenant."""

from django.db import models

from core.audit.declared import Audited
from core.ids import uuid7
from core.tenancy.models import Tenant
from permissions.models.users import User

DEVICE_LENGTH_MAX = 200


class UserSession(models.Model):
    """Tokens are opaque and stored as SHA-256; who reads the table can use none of them.

    The access token slides: it lives for an hour after `last_seen_at`, which is
    written at most once a minute and outside of the request's transaction.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="sessions")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="sessions")
    device = models.CharField(
        max_length=DEVICE_LENGTH_MAX, blank=True, help_text="What the client calls itself."
    )
    address = models.GenericIPAddressField(null=True)
    access_hash = models.BinaryField(max_length=32, unique=True)
    access_expires_at = models.DateTimeField()
    refresh_hash = models.BinaryField(max_length=32, unique=True)
    refresh_expires_at = models.DateTimeField()
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    audited = Audited(
        masked=("access_hash", "refresh_hash"),
        ignored=("access_expires_at", "refresh_expires_at", "last_seen_at"),
        personal=("device", "address"),
    )

    class Meta:
        indexes = [
            models.Index(fields=["refresh_expires_at"], name="permissions_session_expiry"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class SpentRefreshToken(models.Model):
    """A refresh token that was exchanged. Seen again, it was stolen: its session ends."""

    token_hash = models.BinaryField(max_length=32, primary_key=True)
    session = models.ForeignKey(UserSession, models.CASCADE, related_name="spent_tokens")
    spent_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"of session {self.session_id}"


class OneTimeToken(models.Model):
    """A link sent by mail: good once, for a while, for one purpose, user and tenant."""

    class Purpose(models.TextChoices):
        PASSWORD_RESET = "password_reset", "Password reset"
        INVITATION = "invitation", "Invitation"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    user = models.ForeignKey(User, models.CASCADE, related_name="one_time_tokens")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+")
    token_hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    audited = Audited(masked=("token_hash",))

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="permissions_onetime_expiry")]

    def __str__(self) -> str:
        return f"{self.purpose} for {self.user_id}"
