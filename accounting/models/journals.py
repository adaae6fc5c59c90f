from decimal import Decimal

from django.db import models

from accounting.fields import AmountField
from accounting.models.accounts import Account
from accounting.models.contacts import Contact
from accounting.models.series import Series
from core.audit.declared import Audited
from core.tenancy.fields import TenantField
from core.tenancy.models import TenantForeignKey, TenantModel


class JournalState(models.TextChoices):
    DRAFT = "draft"
    POSTED = "posted"


class Journal(TenantModel):
    """Debits and credits that belong together. Posted, it sums to zero and never changes."""

    state = models.CharField(
        max_length=10, choices=JournalState.choices, default=JournalState.DRAFT
    )
    effective_on = models.DateField()
    narration = models.CharField(max_length=500, blank=True, default="")
    reference = models.CharField(max_length=100, blank=True, default="")
    series = TenantForeignKey(Series, models.PROTECT, null=True, related_name="journals")
    sequence = models.IntegerField(null=True)
    number = models.CharField(max_length=60, null=True)
    reverses = TenantForeignKey("self", models.PROTECT, null=True, related_name="reversals")
    created_at = models.DateTimeField()
    posted_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        ordering = ["-effective_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "series", "sequence"],
                name="accounting_journal_number",
                condition=models.Q(sequence__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["tenant", "reverses"],
                name="accounting_journal_reversed_once",
                condition=models.Q(reverses__isnull=False),
            ),
            models.CheckConstraint(
                condition=models.Q(state="draft", number=None, posted_at=None, sequence=None)
                | models.Q(
                    state="posted",
                    number__isnull=False,
                    posted_at__isnull=False,
                    sequence__isnull=False,
                    series__isnull=False,
                ),
                name="accounting_journal_numbered",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "effective_on", "id"], name="accounting_journal_day"),
            models.Index(
                fields=["tenant", "reference"],
                name="accounting_journal_ref",
                condition=~models.Q(reference=""),
            ),
        ]

    def __str__(self) -> str:
        return self.number or "draft journal"

    @property
    def is_draft(self) -> bool:
        return self.state == JournalState.DRAFT


class JournalLine(TenantModel):
    """One posting. `amount` is signed: a debit is positive, a credit negative."""

    tenant = TenantField(db_constraint=False)  # implied by the key to the journal
    journal = TenantForeignKey(Journal, models.CASCADE, related_name="lines")
    position = models.SmallIntegerField()
    account = TenantForeignKey(Account, models.PROTECT, related_name="lines")
    contact = TenantForeignKey(Contact, models.PROTECT, null=True, related_name="+")
    effective_on = models.DateField(help_text="The journal's, copied for the ledger's index.")
    amount = AmountField()
    memo = models.CharField(max_length=500, blank=True, default="")

    audited = Audited(under="journal_id")

    class Meta(TenantModel.Meta):
        ordering = ["journal", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "journal", "position"], name="accounting_journalline_pos"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "account", "effective_on", "id"], name="accounting_line_ledger"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.amount}"

    @property
    def debit(self) -> Decimal:
        return max(self.amount, abs(self.amount * 0))

    @property
    def credit(self) -> Decimal:
        return max(-self.amount, abs(self.amount * 0))
