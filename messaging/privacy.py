"""What conversations hold of users, and for how long."""

from core.privacy.platform import COMPANY
from core.privacy.register import CONTACT, USER, Fate, PersonalData, Retention

SAID = (
    "It is the company's correspondence, in which others take part; it stays under the id of "
    "who said it, until the company's own retention deletes its text."
)
THREAD = ("kind", "subject", "created_at", "is_closed")

PERSONS = (
    PersonalData(CONTACT, "messaging.Thread", "record_id", THREAD, Fate.KEPT, SAID),
    PersonalData(USER, "messaging.Thread", "created_by_id", THREAD, Fate.KEPT, SAID),
    PersonalData(
        USER,
        "messaging.Participant",
        "user_id",
        ("thread_id", "role", "joined_at", "left_at", "last_read_at"),
        Fate.KEPT,
        SAID,
    ),
    PersonalData(
        USER,
        "messaging.Message",
        "sender_id",
        ("thread_id", "body", "attachments", "edited_at", "deleted_at"),
        Fate.KEPT,
        SAID,
    ),
    PersonalData(
        USER,
        "messaging.MessageRevision",
        "message__sender_id",
        ("message_id", "body", "attachments", "replaced_at", "replaced_by_id"),
        Fate.KEPT,
        SAID,
    ),
    PersonalData(
        USER,
        "messaging.MessageRevision",
        "replaced_by_id",
        ("message_id", "replaced_at"),
        Fate.KEPT,
        SAID,
    ),
    PersonalData(USER, "messaging.Mention", "user_id", ("message_id",), Fate.KEPT, SAID),
    PersonalData(
        USER, "messaging.MessageRead", "user_id", ("message_id", "read_at"), Fate.KEPT, SAID
    ),
    PersonalData(
        USER,
        "messaging.MessageReaction",
        "user_id",
        ("message_id", "emoji", "reacted_at"),
        Fate.KEPT,
        SAID,
    ),
)

RETENTION = (
    Retention("messaging_thread", COMPANY),
    Retention("messaging_participant", COMPANY),
    Retention("messaging_messagingsettings", COMPANY),
)
