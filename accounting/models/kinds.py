"""The kinds of documents as models of their own: same table, a list each in the staff console."""

from accounting.models.documents import Document


class Invoice(Document):
    class Meta:
        proxy = True
        verbose_name = "invoice"


class Bill(Document):
    class Meta:
        proxy = True
        verbose_name = "bill"


class CreditNote(Document):
    class Meta:
        proxy = True
        verbose_name = "credit note"


class DebitNote(Document):
    class Meta:
        proxy = True
        verbose_name = "debit note"
