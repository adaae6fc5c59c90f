"""The kinds of documents as models of their own: same table, a list each in the staff console."""

from accounting.models.documents import Document


class Invoice(Document):
    class Meta:
        proxy = True
        base_manager_name = default_manager_name = "objects"
        verbose_name = "invoice"


class Bill(Document):
    class Meta:
        proxy = True
        base_manager_name = default_manager_name = "objects"
        verbose_name = "bill"


class CreditNote(Document):
    class Meta:
        proxy = True
        base_manager_name = default_manager_name = "objects"
        verbose_name = "credit note"


class DebitNote(Document):
    class Meta:
        proxy = True
        base_manager_name = default_manager_name = "objects"
        verbose_name = "debit note"
