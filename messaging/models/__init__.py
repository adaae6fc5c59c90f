from messaging.models.messages import Mention, Message, MessageRevision
from messaging.models.receipts import MessageReaction, MessageRead
from messaging.models.settings import MessagingSettings
from messaging.models.threads import Participant, ParticipantRole, Thread, ThreadKind, Visibility

__all__ = [
    "Mention",
    "Message",
    "MessageReaction",
    "MessageRead",
    "MessageRevision",
    "MessagingSettings",
    "Participant",
    "ParticipantRole",
    "Thread",
    "ThreadKind",
    "Visibility",
]
