"""The database's refusals in the words of the services that check the same rules."""

from collections.abc import Callable

from accounting.errors import (
    AllocationRefused,
    DocumentNotDraft,
    JournalNotDraft,
    OverAllocated,
    PaymentNotDraft,
    Unbalanced,
)
from core.errors import Conflict, DomainError, Invalid

REFUSALS: dict[str, Callable[[], DomainError]] = {
    "accounting_journal_balanced": Unbalanced,
    "accounting_journal_immutable": JournalNotDraft,
    "accounting_journal_numbered": JournalNotDraft,
    "accounting_journal_reversed_once": lambda: Conflict("This journal is reversed already."),
    "accounting_document_immutable": DocumentNotDraft,
    "accounting_document_adds_up": lambda: Unbalanced("The lines do not add up to the document."),
    "accounting_document_allocated": OverAllocated,
    "accounting_payment_immutable": PaymentNotDraft,
    "accounting_payment_allocated": OverAllocated,
    "accounting_allocation_fits": AllocationRefused,
    "accounting_allocation_undone": lambda: Conflict("This allocation is undone already."),
    "accounting_account_code": lambda: Conflict("There is an account with this code."),
    "accounting_account_role": lambda: Conflict("Another account has this role."),
    "accounting_tax_code": lambda: Conflict("There is a tax with this code."),
    "accounting_contact_reference": lambda: Conflict("There is a contact with this reference."),
    "accounting_letterhead_once": lambda: Conflict("Somebody wrote the letterhead just now."),
    "accounting_document_total": lambda: Invalid("The total of a document is not below zero."),
}
