"""What the books announce. Ids only: listeners read what they need."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from core.jobs.outbox import Event


@dataclass(frozen=True)
class DocumentPosted(Event):
    """An invoice, bill, credit or debit note got its number and its journal; `kind` says which."""

    name: ClassVar[str] = "document.posted"
    document_id: UUID
    kind: str


@dataclass(frozen=True)
class DocumentReversed(Event):
    """A posted document was taken back by a reversing journal."""

    name: ClassVar[str] = "document.reversed"
    document_id: UUID


@dataclass(frozen=True)
class JournalPosted(Event):
    """A journal that was written by hand, or reverses one, was posted."""

    name: ClassVar[str] = "journal.posted"
    journal_id: UUID


@dataclass(frozen=True)
class PaymentPosted(Event):
    """A payment got its number and its journal."""

    name: ClassVar[str] = "payment.posted"
    payment_id: UUID


@dataclass(frozen=True)
class PaymentReversed(Event):
    """A posted payment was taken back by a reversing journal."""

    name: ClassVar[str] = "payment.reversed"
    payment_id: UUID


@dataclass(frozen=True)
class AllocationMade(Event):
    """Some of a payment, or of a credit note, was set against a document."""

    name: ClassVar[str] = "allocation.made"
    allocation_id: UUID
    document_id: UUID


@dataclass(frozen=True)
class AllocationUndone(Event):
    """It no longer is."""

    name: ClassVar[str] = "allocation.undone"
    allocation_id: UUID
    document_id: UUID


@dataclass(frozen=True)
class ReferenceDataChanged(Event):
    """Accounts, taxes, contacts or settings were written; `noun` says which."""

    name: ClassVar[str] = "reference_data.changed"
    noun: str
    record_id: UUID
