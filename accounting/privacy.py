"""What the books hold of contacts, and for how long."""

from core.mail.purge import MAIL_COLUMNS
from core.privacy.platform import COMPANY
from core.privacy.register import CONTACT, Fate, PersonalData, Retention

BOOKS = "The books stay as they are; they name the contact by its id."
BOOKS_KEPT = f"{COMPANY}: posted rows are never changed or deleted"

PERSONS = (
    PersonalData(
        CONTACT,
        "accounting.Contact",
        "id",
        (
            "name", "reference", "email", "address", "country", "tax_number", "is_customer",
            "is_supplier", "payment_terms_days", "language", "is_active", "erased_at",
        ),
        Fate.EMPTIED,
        "Name, number, e-mail, address and tax number go; the row stays, for the books name it.",
    ),
    PersonalData(
        CONTACT,
        "accounting.Document",
        "contact_id",
        (
            "kind", "state", "number", "issued_on", "due_on", "currency", "total", "country",
            "reference", "narration",
        ),
        Fate.KEPT,
        BOOKS,
    ),
    PersonalData(
        CONTACT,
        "accounting.DocumentLine",
        "document__contact_id",
        ("document_id", "position", "item_code", "description", "quantity", "unit_price", "net"),
        Fate.KEPT,
        BOOKS,
    ),
    PersonalData(
        CONTACT,
        "accounting.JournalLine",
        "contact_id",
        ("journal_id", "effective_on", "account_id", "amount", "memo"),
        Fate.KEPT,
        BOOKS,
    ),
    PersonalData(
        CONTACT,
        "accounting.Payment",
        "contact_id",
        ("kind", "state", "number", "paid_on", "currency", "amount", "reference", "narration"),
        Fate.KEPT,
        BOOKS,
    ),
    PersonalData(
        CONTACT,
        "mail.Mail",
        "person_id",
        MAIL_COLUMNS,
        Fate.DELETED,
        "What was written to it is forgotten, and the files that the mails carried.",
    ),
    PersonalData(
        CONTACT,
        "accounting.Allocation",
        "document__contact_id",
        ("document_id", "payment_id", "credit_id", "effective_on", "amount"),
        Fate.KEPT,
        BOOKS,
    ),
)  # fmt: skip

RETENTION = (
    Retention("accounting_account", COMPANY),
    Retention("accounting_accountmonth", f"{COMPANY}: sums of what was posted", dated_by=""),
    Retention("accounting_accountday", f"{COMPANY}: sums of what was posted", dated_by=""),
    Retention("accounting_tax", COMPANY),
    Retention("accounting_series", COMPANY),
    Retention("accounting_companysettings", COMPANY),
    Retention("accounting_letterhead", COMPANY),
    Retention("accounting_contact", f"{COMPANY}; what names the person until it is erased"),
    Retention("accounting_journal", BOOKS_KEPT),
    Retention("accounting_journalline", BOOKS_KEPT),
    Retention("accounting_document", BOOKS_KEPT),
    Retention("accounting_documentline", BOOKS_KEPT),
    Retention("accounting_payment", BOOKS_KEPT),
    Retention("accounting_allocation", BOOKS_KEPT),
)
