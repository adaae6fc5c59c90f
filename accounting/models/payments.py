from decimal import Decimal

from django.db import models

from accounting.fields import AmountField
from accounting.models.accounts import Account
from accounting.models.contacts import Contact
from accounting.models.documents import Document
from accounting.models.journals import Journal
from accounting.models.series import Series
from core.tenancy.fields import TenantField
from core.tenancy.models import TenantForeignKey, TenantModel


class PaymentKind(models.TextChoices):
    RECEIPT = "receipt", "Receipt from a customer"
    DISBURSEMENT = "disbursement", "Payment to a supplier"


class PaymentState(models.TextChoices):
    DRAFT = "draft"
    POSTED = "posted"
    REVERSED = "reversed"


class Payment(TenantModel):
    """Money that came in or went out. Which documents it settles is said by allocations."""

    kind = models.CharField(max_length=12, choices=PaymentKind.choices)
    state = models.CharField(
        max_length=10, choices=PaymentState.choices, default=PaymentState.DRAFT
    )
    contact = TenantForeignKey(Contact, models.PROTECT, related_name="payments")
    account = TenantForeignKey(Account, models.PROTECT, related_name="+", help_text="Bank or cash.")
    paid_on = models.DateField()
    currency = models.CharField(max_length=3)
    amount = AmountField()
    allocated = AmountField(default=Decimal(0))
    reference = models.CharField(max_length=100, blank=True, default="")
    narration = models.CharField(max_length=500, blank=True, default="")
    series = TenantForeignKey(Series, models.PROTECT, null=True, related_name="payments")
    sequence = models.IntegerField(null=True)
    number = models.CharField(max_length=60, null=True)
    journal = TenantForeignKey(Journal, models.PROTECT, null=True, related_name="payments")
    reversal = TenantForeignKey(Journal, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    posted_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        ordering = ["-paid_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "series", "sequence"],
                name="accounting_payment_number",
                condition=models.Q(sequence__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["tenant", "journal"],
                name="accounting_payment_journal",
                condition=models.Q(journal__isnull=False),
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0), name="accounting_payment_amount"
            ),
            models.CheckConstraint(
                condition=models.Q(allocated__gte=0) & models.Q(allocated__lte=models.F("amount")),
                name="accounting_payment_allocated",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state="draft", number=None, sequence=None, journal=None, posted_at=None
                )
                | models.Q(
                    state__in=["posted", "reversed"],
                    number__isnull=False,
                    sequence__isnull=False,
                    journal__isnull=False,
                    posted_at__isnull=False,
                ),
                name="accounting_payment_numbered",
            ),
            models.CheckConstraint(
                condition=models.Q(state="reversed", reversal__isnull=False, allocated=0)
                | ~models.Q(state="reversed") & models.Q(reversal=None),
                name="accounting_payment_reversed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "reversal"],
                name="accounting_payment_reversal",
                condition=models.Q(reversal__isnull=False),
            ),
            models.Index(fields=["tenant", "paid_on", "id"], name="accounting_payment_list"),
            models.Index(
                fields=["tenant", "contact", "paid_on"], name="accounting_payment_contact"
            ),
        ]

    def __str__(self) -> str:
        return self.number or "draft payment"

    @property
    def is_draft(self) -> bool:
        return self.state == PaymentState.DRAFT

    @property
    def unallocated(self) -> Decimal:
        return self.amount - self.allocated if self.state == PaymentState.POSTED else Decimal(0)


class Allocation(TenantModel):
    """A dated fact: so much of a payment or credit settled so much of a demand.

    Never changed or deleted; undone by a second fact with the negative amount.
    """

    tenant = TenantField(db_constraint=False)  # implied by the key to the document
    document = TenantForeignKey(Document, models.PROTECT, related_name="allocations")
    payment = TenantForeignKey(Payment, models.PROTECT, null=True, related_name="allocations")
    credit = TenantForeignKey(Document, models.PROTECT, null=True, related_name="credited")
    effective_on = models.DateField()
    amount = AmountField()
    reverses = TenantForeignKey("self", models.PROTECT, null=True, related_name="reversals")
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        ordering = ["-effective_on", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(payment=None, credit__isnull=False)
                | models.Q(payment__isnull=False, credit=None),
                name="accounting_allocation_source",
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, reverses=None)
                | models.Q(amount__lt=0, reverses__isnull=False),
                name="accounting_allocation_amount",
            ),
            models.UniqueConstraint(
                fields=["tenant", "reverses"],
                name="accounting_allocation_undone",
                condition=models.Q(reverses__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "document"], name="accounting_alloc_document"),
            models.Index(
                fields=["tenant", "payment"],
                name="accounting_alloc_payment",
                condition=models.Q(payment__isnull=False),
            ),
            models.Index(
                fields=["tenant", "credit"],
                name="accounting_alloc_credit",
                condition=models.Q(credit__isnull=False),
            ),
            models.Index(fields=["tenant", "effective_on", "id"], name="accounting_alloc_list"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} to {self.document_id}"
