"""The database's refusals in the words of the services that check the same rules."""

from collections.abc import Callable

from core.errors import Conflict, DomainError
from messaging.errors import (
    CursorAstray,
    GuestOutside,
    MessageDeleted,
    MessageFixed,
    NotInThread,
    NotMember,
    ThreadFixed,
)

REFUSALS: dict[str, Callable[[], DomainError]] = {
    "messaging_thread_fixed": ThreadFixed,
    "messaging_thread_one_direct": lambda: Conflict("These two have a direct thread already."),
    "messaging_participant_once": lambda: Conflict("He takes part already."),
    "messaging_participant_guest": GuestOutside,
    "messaging_participant_member": NotMember,
    "messaging_participant_fixed": lambda: Conflict("A participant stays who he is, where he is."),
    "messaging_participant_cursor": CursorAstray,
    "messaging_message_fixed": MessageFixed,
    "messaging_message_deleted": MessageDeleted,
    "messaging_read_stranger": NotInThread,
    "messaging_reaction_stranger": NotInThread,
    "messaging_mention_stranger": NotInThread,
}
