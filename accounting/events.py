"""What the books announce. Ids only: listeners read what they need."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from core.jobs.outbox import Event


@dataclass(frozen=True)
class DocumentPosted(Event):
    name: ClassVar[str] = "document.posted"
    document_id: UUID
    kind: str


@dataclass(frozen=True)
class DocumentReversed(Event):
    name: ClassVar[str] = "document.reversed"
    document_id: UUID


@dataclass(frozen=True)
class JournalPosted(Event):
    name: ClassVar[str] = "journal.posted"
    journal_id: UUID


@dataclass(frozen=True)
class PaymentPosted(Event):
    name: ClassVar[str] = "payment.posted"
    payment_id: UUID


@dataclass(frozen=True)
class PaymentReversed(Event):
    name: ClassVar[str] = "payment.reversed"
    payment_id: UUID


@dataclass(frozen=True)
class AllocationMade(Event):
    name: ClassVar[str] = "allocation.made"
    allocation_id: UUID
    document_id: UUID


@dataclass(frozen=True)
class AllocationUndone(Event):
    name: ClassVar[str] = "allocation.undone"
    allocation_id: UUID
    document_id: UUID


@dataclass(frozen=True)
class ReferenceDataChanged(Event):
    """Accounts, taxes, contacts or settings were written; `noun` says which."""

    name: ClassVar[str] = "reference_data.changed"
    noun: str
    record_id: UUID
