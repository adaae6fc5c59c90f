"""Mails that were asked for: how often, and those that nobody has looked after yet."""

from django.db import models

from core.ids import uuid7


class MailCount(models.Model):
    """One row for each subject and hour. Global: counted before any tenant is known.

    The subject is the hash of an e-mail address or of a caller's network address,
    so the table tells nobody who asked for what.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.BinaryField(max_length=32)
    starts_at = models.DateTimeField(help_text="The hour that is counted.")
    asked = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "starts_at"], name="permissions_mailcount_once"
            )
        ]
        indexes = [models.Index(fields=["starts_at"], name="permissions_mailcount_hour")]

    def __str__(self) -> str:
        return f"{self.asked} since {self.starts_at}"


class PasswordRequest(models.Model):
    """Somebody typed an address and wants a new password; gone a second later.

    Written whether there is such an account or not, so that the answer takes the same
    time. Global: the address may belong to no tenant.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.CharField(max_length=254)
    tenant_slug = models.CharField(max_length=100, null=True)
    asked_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)
