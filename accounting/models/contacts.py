from django.db import models

from core.audit.declared import Audited
from core.tenancy.models import TenantModel


class Contact(TenantModel):
    """A customer, a supplier, or both."""

    name = models.CharField(max_length=200)
    reference = models.CharField(
        max_length=100, blank=True, default="", help_text="Its number in another system."
    )
    email = models.EmailField(max_length=254, blank=True, default="")
    address = models.TextField(max_length=1000, blank=True, default="")
    country = models.CharField(
        max_length=2, blank=True, default="", help_text="ISO 3166-1 alpha-2."
    )
    tax_number = models.CharField(max_length=40, blank=True, default="")
    is_customer = models.BooleanField(default=True)
    is_supplier = models.BooleanField(default=False)
    payment_terms_days = models.SmallIntegerField(
        null=True, blank=True, help_text="Empty: the company's terms."
    )
    language = models.CharField(
        max_length=2,
        blank=True,
        default="",
        db_default="",
        help_text="ISO 639, of papers and mails. Empty: the company's.",
    )
    is_active = models.BooleanField(default=True)
    erased_at = models.DateTimeField(null=True, editable=False)
    version = models.IntegerField(default=1)

    audited = Audited(personal=("name", "reference", "email", "address", "tax_number"))

    class Meta(TenantModel.Meta):
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "reference"],
                name="accounting_contact_reference",
                condition=~models.Q(reference=""),
            )
        ]
        indexes = [models.Index(fields=["tenant", "name", "id"], name="accounting_contact_name")]

    def __str__(self) -> str:
        return self.name
