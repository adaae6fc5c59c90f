"""What the readers of files hand over, whatever the format."""

from typing import Any, NamedTuple


class BadValue(ValueError):
    """A value that says nothing; the message is the reason in the report."""


class Reaction(NamedTuple):
    """`at` in microseconds since 1970; None takes the message's moment."""

    user: str
    emoji: str
    at: int | None


class Receipt(NamedTuple):
    user: str
    at: int | None


class Said(NamedTuple):
    """One message. Persons, threads and answered messages are keys of the source."""

    line: int
    thread: str
    #: Empty where the source has none; then sender, moment and text stand for it.
    key: str
    sender: str
    moment: int
    text: str
    reply_to: str = ""
    reactions: tuple[Reaction, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    attachments: tuple[dict[str, Any], ...] = ()
    edited_at: int | None = None
    deleted_at: int | None = None
    #: Whether the source knows who has read it, although nobody may have.
    knows_readers: bool = False
    #: What could not be kept of it, for the report.
    notes: tuple[str, ...] = ()


class Person(NamedTuple):
    """Somebody whom messages name by `key`."""

    key: str
    email: str = ""
    name: str = ""


class Topic(NamedTuple):
    """What is known of a thread besides its messages."""

    key: str
    subject: str = ""
    is_direct: bool = False
    participants: tuple[str, ...] = ()


class Fault(NamedTuple):
    """A row that becomes no message. `outcome` is `refused` or `set aside`."""

    line: int
    reference: str
    reason: str
    text: str
    outcome: str = "refused"


Record = Said | Person | Topic | Fault
