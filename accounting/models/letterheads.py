from django.db import models

from core.audit.declared import Audited
from core.tenancy.models import TenantModel


class Letterhead(TenantModel):
    """What the company's papers say of the company; one row at most, none until it is written."""

    legal_name = models.CharField(
        max_length=200, blank=True, default="", help_text="Empty: the company's name."
    )
    address = models.TextField(max_length=1000, blank=True, default="")
    country = models.CharField(
        max_length=2, blank=True, default="", help_text="ISO 3166-1 alpha-2."
    )
    tax_number = models.CharField(max_length=40, blank=True, default="")
    registration = models.CharField(
        max_length=200, blank=True, default="", help_text="Register, court and number."
    )
    email = models.EmailField(max_length=254, blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    website = models.CharField(max_length=200, blank=True, default="")
    bank_name = models.CharField(max_length=200, blank=True, default="")
    bank_account = models.CharField(
        max_length=60, blank=True, default="", help_text="IBAN, or the number of the account."
    )
    bank_code = models.CharField(
        max_length=40, blank=True, default="", help_text="BIC or sort code."
    )
    payment_note = models.TextField(
        max_length=1000, blank=True, default="", help_text="Terms of payment, below the sums."
    )
    footer = models.TextField(max_length=500, blank=True, default="")
    language = models.CharField(
        max_length=2, default="en", help_text="Of readers who have none of their own."
    )
    color = models.CharField(max_length=7, default="#0b6e78", help_text="Such as #0b6e78.")
    logo = models.BinaryField(default=b"", help_text="A PNG.")
    version = models.IntegerField(default=1)

    audited = Audited(masked=("logo",))

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="accounting_letterhead_once")
        ]

    def __str__(self) -> str:
        return self.legal_name or "Letterhead"
