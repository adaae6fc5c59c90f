from django.db import models

from core.audit.declared import Audited
from core.tenancy.models import TenantModel


class SeriesKind(models.TextChoices):
    INVOICE = "invoice"
    BILL = "bill"
    CREDIT_NOTE = "credit_note"
    DEBIT_NOTE = "debit_note"
    RECEIPT = "receipt"
    DISBURSEMENT = "disbursement"
    JOURNAL = "journal"


class Series(TenantModel):
    """Gapless numbers of one kind in one fiscal year.

    The row is locked from taking a number to the commit, and the number is given back by
    a rollback; so it is taken last. The trigger that posts moves `next_number` on, and
    refuses other numbers than the next; nothing else changes a series, not even its owner.
    """

    kind = models.CharField(max_length=20, choices=SeriesKind.choices)
    fiscal_year = models.SmallIntegerField(help_text="The year in which it begins.")
    prefix = models.CharField(max_length=40)
    digits = models.SmallIntegerField()
    next_number = models.IntegerField(default=1)

    audited = Audited(updates=False)  # each number stands in the journal that has it

    class Meta(TenantModel.Meta):
        verbose_name_plural = "series"
        ordering = ["kind", "fiscal_year"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "fiscal_year"], name="accounting_series_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.fiscal_year}"
