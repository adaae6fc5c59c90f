"""The books in the staff console: one module per noun.

Documents, payments and journals are records that services post and reverse;
accounts, taxes, contacts and settings are forms that services save.
"""

from accounting.admin import (
    accounts,
    allocations,
    contacts,
    documents,
    journals,
    letterheads,
    payments,
    series,
    settings,
    taxes,
)

__all__ = [
    "accounts",
    "allocations",
    "contacts",
    "documents",
    "journals",
    "letterheads",
    "payments",
    "series",
    "settings",
    "taxes",
]
