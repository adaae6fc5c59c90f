"""Errors that a person may read: one class, one code, one HTTP status.

Services raise them; doors show them. Concrete errors live beside the function
that raises them.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field; `name` is a dotted path such as `lines.0.quantity`."""

    name: str
    message: str


class DomainError(Exception):
    """A refusal with a code from the contract, its HTTP status and a sentence."""

    code = "INVALID"
    status = 422
    retry_after_seconds: int | None = None
    #: The service that refused, such as `document.post`; set as the error leaves it.
    operation: str = ""

    def __init__(self, message: str, *, fields: Iterable[FieldError] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fields = tuple(fields)


class Invalid(DomainError):
    """The input cannot be accepted as it is."""

    @classmethod
    def field(cls, name: str, message: str) -> "Invalid":
        return cls(message, fields=[FieldError(name, message)])


class NotFound(DomainError):
    """Missing, or another tenant's: the answer is the same."""

    code = "NOT_FOUND"
    status = 404

    def __init__(self, message: str = "There is no such record.") -> None:
        super().__init__(message)


class Conflict(DomainError):
    code = "CONFLICT"
    status = 409


class StaleVersion(DomainError):
    code = "STALE_VERSION"
    status = 412


class Forbidden(DomainError):
    code = "FORBIDDEN"
    status = 403


class OperationTimeout(DomainError):
    """The database stopped the work at its time limit; nothing was changed."""

    code = "OPERATION_TIMEOUT"
    status = 503
    retry_after_seconds = 1


class ServiceUnavailable(DomainError):
    code = "SERVICE_UNAVAILABLE"
    status = 503
    retry_after_seconds = 5


def require(condition: bool, error: DomainError) -> None:
    """Raise `error` unless `condition` holds."""
    if not condition:
        raise error
