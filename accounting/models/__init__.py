"""The nouns of the books. One module each; the same noun names its module in every room."""

from accounting.models.accounts import (
    CONTROL_ROLES,
    Account,
    AccountDay,
    AccountMonth,
    AccountRole,
    AccountType,
)
from accounting.models.contacts import Contact
from accounting.models.documents import Document, DocumentKind, DocumentLine, DocumentState
from accounting.models.journals import Journal, JournalLine, JournalState
from accounting.models.kinds import Bill, CreditNote, DebitNote, Invoice
from accounting.models.letterheads import Letterhead
from accounting.models.payments import Allocation, Payment, PaymentKind, PaymentState
from accounting.models.series import Series, SeriesKind
from accounting.models.settings import CompanySettings, TaxRounding
from accounting.models.taxes import Tax

__all__ = [
    "CONTROL_ROLES",
    "Account",
    "AccountDay",
    "AccountMonth",
    "AccountRole",
    "AccountType",
    "Allocation",
    "Bill",
    "CompanySettings",
    "Contact",
    "CreditNote",
    "DebitNote",
    "Document",
    "DocumentKind",
    "DocumentLine",
    "DocumentState",
    "Invoice",
    "Journal",
    "JournalLine",
    "JournalState",
    "Letterhead",
    "Payment",
    "PaymentKind",
    "PaymentState",
    "Series",
    "SeriesKind",
    "Tax",
    "TaxRounding",
]
