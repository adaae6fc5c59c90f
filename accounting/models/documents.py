from decimal import Decimal

from django.db import models

from accounting.fields import AmountField
from accounting.models.accounts import Account
from accounting.models.contacts import Contact
from accounting.models.journals import Journal
from accounting.models.series import Series
from accounting.models.taxes import Tax
from core.audit.declared import Audited
from core.tenancy.fields import TenantField
from core.tenancy.models import TenantForeignKey, TenantModel


class DocumentKind(models.TextChoices):
    INVOICE = "invoice", "Invoice"
    BILL = "bill", "Bill"
    CREDIT_NOTE = "credit_note", "Credit note"
    DEBIT_NOTE = "debit_note", "Debit note"


class DocumentState(models.TextChoices):
    DRAFT = "draft"
    POSTED = "posted"
    REVERSED = "reversed"


#: Kinds that somebody owes on; the others lessen what is owed.
DEMANDS = frozenset({DocumentKind.INVOICE, DocumentKind.BILL})
#: Kinds of the receivables side; the others are of the payables side.
SALES_SIDE = frozenset({DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE})


class Document(TenantModel):
    """An invoice, bill, credit note or debit note: one model, because they differ in signs only.

    `total = net + tax`; `allocated` is kept by the trigger on allocations.
    """

    kind = models.CharField(max_length=12, choices=DocumentKind.choices)
    state = models.CharField(
        max_length=10, choices=DocumentState.choices, default=DocumentState.DRAFT
    )
    contact = TenantForeignKey(Contact, models.PROTECT, related_name="documents")
    issued_on = models.DateField()
    due_on = models.DateField()
    currency = models.CharField(max_length=3)
    country = models.CharField(max_length=2, blank=True, default="")
    reference = models.CharField(max_length=100, blank=True, default="")
    narration = models.CharField(max_length=500, blank=True, default="")
    net = AmountField()
    tax = AmountField()
    total = AmountField()
    allocated = AmountField(default=Decimal(0))
    series = TenantForeignKey(Series, models.PROTECT, null=True, related_name="documents")
    sequence = models.IntegerField(null=True)
    number = models.CharField(max_length=60, null=True)
    journal = TenantForeignKey(Journal, models.PROTECT, null=True, related_name="documents")
    reversal = TenantForeignKey(Journal, models.PROTECT, null=True, related_name="+")
    corrects = TenantForeignKey("self", models.PROTECT, null=True, related_name="corrections")
    created_at = models.DateTimeField()
    posted_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        ordering = ["-issued_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "series", "sequence"],
                name="accounting_document_number",
                condition=models.Q(sequence__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["tenant", "journal"],
                name="accounting_document_journal",
                condition=models.Q(journal__isnull=False),
            ),
            models.CheckConstraint(
                condition=models.Q(total=models.F("net") + models.F("tax"))
                & models.Q(total__gte=0),
                name="accounting_document_total",
            ),
            models.CheckConstraint(
                condition=models.Q(allocated__gte=0) & models.Q(allocated__lte=models.F("total")),
                name="accounting_document_allocated",
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
                name="accounting_document_numbered",
            ),
            models.CheckConstraint(
                condition=models.Q(state="reversed", reversal__isnull=False, allocated=0)
                | ~models.Q(state="reversed") & models.Q(reversal=None),
                name="accounting_document_reversed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "reversal"],
                name="accounting_document_reversal",
                condition=models.Q(reversal__isnull=False),
            ),
            models.Index(fields=["tenant", "kind", "issued_on", "id"], name="accounting_doc_list"),
            models.Index(fields=["tenant", "kind", "due_on", "id"], name="accounting_doc_due"),
            models.Index(fields=["tenant", "contact", "issued_on"], name="accounting_doc_contact"),
            models.Index(
                fields=["tenant", "kind", "reference"],
                name="accounting_doc_reference",
                condition=~models.Q(reference=""),
            ),
            models.Index(
                fields=["tenant", "corrects"],
                name="accounting_doc_corrects",
                condition=models.Q(corrects__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"draft {self.get_kind_display().lower()}"

    @property
    def is_draft(self) -> bool:
        return self.state == DocumentState.DRAFT

    @property
    def outstanding(self) -> Decimal:
        """What is still open: owed on a demand, or not yet used of a credit."""
        return self.total - self.allocated if self.state == DocumentState.POSTED else Decimal(0)

    @property
    def status(self) -> str:
        return status_of(self.state, self.total, self.allocated)


def status_of(state: str, total: Decimal, allocated: Decimal) -> str:
    """The state as people see it: `part_paid` and `paid` follow from what is allocated."""
    if state != DocumentState.POSTED:
        return state
    if allocated == total:
        return "paid"
    return "part_paid" if allocated else "posted"


class DocumentLine(TenantModel):
    """One line. `net` and `tax_amount` are rounded to the currency and add up to the document."""

    tenant = TenantField(db_constraint=False)  # implied by the key to the document
    document = TenantForeignKey(Document, models.CASCADE, related_name="lines")
    position = models.SmallIntegerField()
    item_code = models.CharField(max_length=60, blank=True, default="")
    description = models.CharField(max_length=500, blank=True, default="")
    quantity = AmountField()
    unit_price = AmountField()
    discount_percent = AmountField(default=Decimal(0))
    account = TenantForeignKey(Account, models.PROTECT, related_name="+")
    tax = TenantForeignKey(Tax, models.PROTECT, null=True, related_name="+")
    tax_rate = AmountField(default=Decimal(0))
    tax_inclusive = models.BooleanField(default=False)
    net = AmountField()
    tax_amount = AmountField()

    audited = Audited(under="document_id")

    class Meta(TenantModel.Meta):
        ordering = ["document", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "document", "position"], name="accounting_docline_position"
            )
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.description}"
