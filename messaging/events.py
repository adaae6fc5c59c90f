"""What conversations announce. Ids only: listeners read what they may see."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from core.jobs.outbox import Event


@dataclass(frozen=True)
class MessageSent(Event):
    name: ClassVar[str] = "message.sent"
    thread_id: UUID
    message_id: UUID


@dataclass(frozen=True)
class MessageEdited(Event):
    name: ClassVar[str] = "message.edited"
    thread_id: UUID
    message_id: UUID


@dataclass(frozen=True)
class MessageDeleted(Event):
    name: ClassVar[str] = "message.deleted"
    thread_id: UUID
    message_id: UUID


@dataclass(frozen=True)
class ThreadRead(Event):
    """Somebody has read up to and with this message."""

    name: ClassVar[str] = "thread.read"
    thread_id: UUID
    user_id: UUID
    message_id: UUID


@dataclass(frozen=True)
class ReactionAdded(Event):
    name: ClassVar[str] = "reaction.added"
    thread_id: UUID
    message_id: UUID
    user_id: UUID
    emoji: str


@dataclass(frozen=True)
class ReactionRemoved(Event):
    name: ClassVar[str] = "reaction.removed"
    thread_id: UUID
    message_id: UUID
    user_id: UUID
    emoji: str


@dataclass(frozen=True)
class ThreadChanged(Event):
    """It began, was renamed or closed, or somebody joined or left."""

    name: ClassVar[str] = "thread.changed"
    thread_id: UUID
