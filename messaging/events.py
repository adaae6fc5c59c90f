"""What conversations announce. Ids only: listeners read what they may see."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from core.jobs.outbox import Event


class Heard(Event):
    """Told at once to those who take part in the thread and have a stream open."""

    is_urgent: ClassVar[bool] = True


@dataclass(frozen=True)
class MessageSent(Heard):
    name: ClassVar[str] = "message.sent"
    thread_id: UUID
    message_id: UUID


@dataclass(frozen=True)
class MessageEdited(Heard):
    name: ClassVar[str] = "message.edited"
    thread_id: UUID
    message_id: UUID


@dataclass(frozen=True)
class MessageDeleted(Heard):
    name: ClassVar[str] = "message.deleted"
    thread_id: UUID
    message_id: UUID


@dataclass(frozen=True)
class ThreadRead(Heard):
    """Somebody has read up to and with this message."""

    name: ClassVar[str] = "thread.read"
    thread_id: UUID
    user_id: UUID
    message_id: UUID


@dataclass(frozen=True)
class ReactionAdded(Heard):
    name: ClassVar[str] = "reaction.added"
    thread_id: UUID
    message_id: UUID
    user_id: UUID
    emoji: str


@dataclass(frozen=True)
class ReactionRemoved(Heard):
    name: ClassVar[str] = "reaction.removed"
    thread_id: UUID
    message_id: UUID
    user_id: UUID
    emoji: str


@dataclass(frozen=True)
class ThreadChanged(Heard):
    """It began, was renamed or closed, or somebody joined or left."""

    name: ClassVar[str] = "thread.changed"
    thread_id: UUID
