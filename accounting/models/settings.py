from typing import Any

from django.db import models

from core.tenancy.models import TenantModel


class TaxRounding(models.TextChoices):
    LINE = "line", "Each line"
    DOCUMENT = "document", "The document's sum per tax"


def default_number_formats() -> dict[str, Any]:
    """Prefix and least number of digits per series; `{year}` is the fiscal year's first year."""
    return {
        "invoice": {"prefix": "INV-{year}-", "digits": 5},
        "bill": {"prefix": "BILL-{year}-", "digits": 5},
        "credit_note": {"prefix": "CN-{year}-", "digits": 5},
        "debit_note": {"prefix": "DN-{year}-", "digits": 5},
        "receipt": {"prefix": "RCPT-{year}-", "digits": 5},
        "disbursement": {"prefix": "PAY-{year}-", "digits": 5},
        "journal": {"prefix": "JV-{year}-", "digits": 5},
    }


class CompanySettings(TenantModel):
    """How one company keeps its books; exactly one row per tenant."""

    base_currency = models.CharField(max_length=3, help_text="ISO 4217, such as GBP.")
    fiscal_year_start_month = models.SmallIntegerField(default=1)
    fiscal_year_start_day = models.SmallIntegerField(default=1)
    tax_rounding = models.CharField(
        max_length=10, choices=TaxRounding.choices, default=TaxRounding.LINE
    )
    number_formats = models.JSONField(default=default_number_formats)
    payment_terms_days = models.SmallIntegerField(default=30)
    books_kept_years = models.SmallIntegerField(
        default=10,
        db_default=10,
        help_text="The law's: a contact of the books is not erased for so many whole years.",
    )
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        verbose_name_plural = "company settings"
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="accounting_settings_once"),
            models.CheckConstraint(
                condition=models.Q(fiscal_year_start_month__range=(1, 12))
                & models.Q(fiscal_year_start_day__range=(1, 28)),
                name="accounting_settings_fiscal_year",
            ),
        ]

    def __str__(self) -> str:
        return f"Settings ({self.base_currency})"
