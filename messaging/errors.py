"""Facts that stop a conversation."""

from core.errors import Conflict, Forbidden, Invalid


class ThreadClosed(Conflict):
    def __init__(self) -> None:
        super().__init__("This thread is closed; nothing is said in it any more.")


class DirectThreadFixed(Conflict):
    def __init__(self) -> None:
        super().__init__("A direct thread keeps its two people, has no name and is not closed.")


class LastOwner(Conflict):
    def __init__(self) -> None:
        super().__init__("A thread needs an owner; make somebody else one first.")


class MessageDeleted(Conflict):
    def __init__(self) -> None:
        super().__init__("This message is deleted.")


class MessageFixed(Conflict):
    def __init__(self) -> None:
        super().__init__("Thread, sender and answered message of a message do not change.")


class ThreadFixed(Conflict):
    def __init__(self) -> None:
        super().__init__("Kind, visibility and record of a thread do not change.")


class NotAuthor(Forbidden):
    def __init__(self) -> None:
        super().__init__("Only its author may do this.")


class NotThreadOwner(Forbidden):
    def __init__(self) -> None:
        super().__init__("Only an owner of the thread may do this.")


class GuestOutside(Invalid):
    """Somebody from outside of the company would read what is internal."""

    def __init__(self) -> None:
        super().__init__(
            "Guests take part in external threads only, and whoever is in an internal one "
            "is no guest."
        )


class NotMember(Invalid):
    def __init__(self, field: str = "participants") -> None:
        error = Invalid.field(field, "Only members of the company take part in its threads.")
        super().__init__(error.message, fields=error.fields)


class NotInThread(Invalid):
    """A reader, somebody who reacts or is mentioned, who does not take part."""

    def __init__(self) -> None:
        super().__init__("Only those who take part in its thread read, react or are mentioned.")


class CursorAstray(Invalid):
    def __init__(self) -> None:
        super().__init__("One reads forward, and up to a message of the same thread.")


class NotAnEmoji(Invalid):
    def __init__(self) -> None:
        error = Invalid.field("emoji", "One emoji of Unicode, nothing else.")
        super().__init__(error.message, fields=error.fields)


class TooManyEmoji(Conflict):
    def __init__(self) -> None:
        super().__init__("This message has as many different reactions as it can show.")
