"""What threads may be about: the only place that knows both sides of it."""

from collections.abc import Callable
from uuid import UUID

from accounting.models import Contact, Document, Journal, Payment
from core.tenancy.context import Context
from core.tenancy.models import TenantModel
from core.tenancy.transactions import query
from messaging.records import RecordType


def exists(model: type[TenantModel], **kind: str) -> Callable[[Context, UUID], bool]:
    """Whether the company has a record of `model` with an id."""

    @query
    def ask(ctx: Context, record_id: UUID) -> bool:
        found: bool = model.objects.filter(pk=record_id, **kind).exists()
        return found

    return ask


DOCUMENTS = {
    "invoice": "invoices",
    "bill": "bills",
    "credit_note": "credit-notes",
    "debit_note": "debit-notes",
}

RECORDS = [
    *(
        RecordType(f"accounting.{kind}", f"accounting.{page}.view", exists(Document, kind=kind))
        for kind, page in DOCUMENTS.items()
    ),
    RecordType("accounting.payment", "accounting.payments.view", exists(Payment)),
    RecordType("accounting.journal", "accounting.journals.view", exists(Journal)),
    RecordType("accounting.contact", "accounting.contacts.view", exists(Contact)),
]
