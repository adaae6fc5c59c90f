"""How a company writes, and each mail that it wrote."""

from django.db import models

from core.audit.declared import Audited, Unaudited
from core.tenancy.models import TenantModel


class MailState(models.TextChoices):
    QUEUED = "queued", "Queued"
    #: A mail server has taken it.
    SENT = "sent", "Sent"
    #: Refused for good, or not taken for too long.
    FAILED = "failed", "Failed"
    #: Taken, and could not be delivered to its reader after all.
    BOUNCED = "bounced", "Bounced"
    #: It was not wanted any more when its turn came.
    DROPPED = "dropped", "Dropped"


class MailSettings(TenantModel):
    """Who a company's mails come from; one row at most, none until it is written."""

    sender_name = models.CharField(
        max_length=100, blank=True, default="", help_text="Empty: the company's name."
    )
    sender_address = models.EmailField(
        max_length=254, blank=True, default="", help_text="Empty: the system's own."
    )
    reply_to = models.EmailField(max_length=254, blank=True, default="")
    version = models.IntegerField(default=1)

    audited = Audited()

    class Meta(TenantModel.Meta):
        verbose_name_plural = "mail settings"
        constraints = [models.UniqueConstraint(fields=["tenant"], name="mail_settings_once")]

    def __str__(self) -> str:
        return self.sender_name or "Mail settings"


class MailTemplate(TenantModel):
    """A company's own words for one kind of mail in one language."""

    kind = models.CharField(max_length=60)
    language = models.CharField(max_length=2)
    subject = models.CharField(max_length=200)
    text = models.TextField(max_length=5000)
    version = models.IntegerField(default=1)

    audited = Audited()

    class Meta(TenantModel.Meta):
        ordering = ["kind", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "language"], name="mail_template_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.language})"


class Mail(TenantModel):
    """One mail to one reader. `text` may hold placeholders that are filled when it is sent."""

    kind = models.CharField(max_length=60)
    #: Written twice under one key, it is one mail.
    effect_key = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=MailState.choices, default=MailState.QUEUED)
    recipient = models.CharField(max_length=254)
    #: The contact or user who reads it.
    person_id = models.UUIDField(null=True)
    #: What it is about: a document, a link.
    about_id = models.UUIDField(null=True)
    sender = models.CharField(max_length=500)
    reply_to = models.CharField(max_length=254, blank=True, default="")
    subject = models.CharField(max_length=300)
    text = models.TextField()
    attachment_id = models.UUIDField(null=True, help_text="A kept file.")
    #: How often a mail server was asked to take it.
    attempts = models.SmallIntegerField(default=0)
    #: What the last mail server said: a code, never its text, which may name people.
    error = models.CharField(max_length=200, blank=True, default="")
    actor_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True, help_text="Failed, bounced or dropped.")

    audited = Unaudited("Its columns say who wrote it and what became of it.")

    class Meta(TenantModel.Meta):
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "effect_key"], name="mail_mail_effect_key")
        ]
        indexes = [
            models.Index(
                fields=["tenant", "person_id"],
                name="mail_mail_person",
                condition=models.Q(person_id__isnull=False),
            ),
            models.Index(
                fields=["tenant", "about_id"],
                name="mail_mail_about",
                condition=models.Q(about_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.subject
