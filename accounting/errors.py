"""Facts that stop a booking, each with its code from the contract."""

from core.errors import Conflict, DomainError


class Unbalanced(DomainError):
    code = "UNBALANCED"
    status = 422

    def __init__(self, message: str = "Debits and credits differ.") -> None:
        super().__init__(message)


class OverAllocated(DomainError):
    code = "OVER_ALLOCATED"
    status = 422

    def __init__(self, message: str = "This settles more than is open.") -> None:
        super().__init__(message)


class AllocationRefused(DomainError):
    def __init__(self) -> None:
        super().__init__(
            "An allocation links a posted invoice or bill with a posted payment or credit "
            "of the same contact."
        )


class NotDraft(Conflict):
    code = "NOT_DRAFT"


class JournalNotDraft(NotDraft):
    def __init__(self, message: str = "This journal is posted; reverse it instead.") -> None:
        super().__init__(message)


class DocumentNotDraft(NotDraft):
    def __init__(
        self, message: str = "This document is posted; correct it by a credit or debit note."
    ) -> None:
        super().__init__(message)


class PaymentNotDraft(NotDraft):
    def __init__(self, message: str = "This payment is posted; reverse it instead.") -> None:
        super().__init__(message)


class ContactErased(Conflict):
    def __init__(self) -> None:
        super().__init__("This contact was erased; nothing is written into it any more.")


class NotPosted(Conflict):
    code = "NOT_POSTED"
