from django.db import models

from accounting.models.accounts import Account
from core.tenancy.models import TenantForeignKey, TenantModel


class Tax(TenantModel):
    """A tax that a line may carry. Its rate is copied onto the line, so it may change here."""

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    rate = models.DecimalField(max_digits=7, decimal_places=4, help_text="Percent, such as 20.")
    is_inclusive = models.BooleanField(
        default=False, help_text="Whether unit prices contain this tax already."
    )
    account = TenantForeignKey(Account, models.PROTECT, related_name="taxes")
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True, help_text="The last valid day.")
    is_active = models.BooleanField(default=True)
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        verbose_name_plural = "taxes"
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="accounting_tax_code"),
            models.CheckConstraint(
                condition=models.Q(rate__gte=0) & models.Q(rate__lte=100),
                name="accounting_tax_rate",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "account"], name="accounting_tax_account")]

    def __str__(self) -> str:
        return self.name
