"""People of one company who talk, and short ways to do so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.listing import PageRequest
from core.tenancy.transactions import query
from messaging.models import Participant
from messaging.selectors.messages import message_list
from messaging.selectors.threads import inbox
from messaging.selectors.unread import unread_counts
from messaging.services.imports.batches import Batch, Line, messages_write
from messaging.services.imports.ids import imported_id
from messaging.services.messages import MessageInput, message_send
from messaging.services.participants import Joining
from messaging.services.threads import ThreadInput, thread_create
from permissions.models import User
from tests.cast import Company, join, new_user

Row = dict[str, Any]


@dataclass
class Circle:
    """A thread of a company with some of its people; the first is its owner."""

    company: Company
    people: list[User]
    thread_id: UUID

    def ctx(self, person: int = 0) -> Any:
        return self.company.ctx(self.people[person])

    def say(self, body: str, by: int = 0, **more: Any) -> UUID:
        return message_send(
            self.ctx(by), thread_id=self.thread_id, message=MessageInput(body, **more)
        )

    def rows(self, by: int = 0, **page: Any) -> list[Row]:
        return message_list(self.ctx(by), thread_id=self.thread_id, page=PageRequest(**page)).rows

    def bodies(self, by: int = 0) -> list[str]:
        """What somebody reads, oldest first."""
        return [row["body"] for row in reversed(self.rows(by))]

    def unread(self, by: int = 0) -> int:
        [row] = [
            r
            for r in inbox(self.ctx(by), page=PageRequest(limit=200)).rows
            if r["id"] == self.thread_id
        ]
        return int(row["unread"])

    def unread_counted(self, by: int = 0) -> int:
        """The same, message by message, whatever the numbers of thread and cursor say."""

        @query
        def counted(ctx: Any) -> int:
            me = Participant.objects.get(thread=self.thread_id, user=ctx.actor_id)
            after = max((one for one in (me.last_read_id, me.sees_after_id) if one), default=None)
            return unread_counts(ctx, {self.thread_id: after})[self.thread_id]

        return counted(self.ctx(by))


def colleagues(company: Company, count: int) -> list[User]:
    """The owner and others, who may do everything as well."""
    return [company.owner, *(join(company, new_user("bob"), "owner") for _ in range(count - 1))]


def circle(
    company: Company, count: int = 3, people: list[User] | None = None, **thread: Any
) -> Circle:
    """A group of `count` people."""
    people = people or colleagues(company, count)
    others = [Joining(one.pk) for one in people[1:]]
    asked = ThreadInput(**({"kind": "group", "subject": "Plans", "participants": others} | thread))
    made = thread_create(company.ctx(people[0]), thread=asked)
    return Circle(company, people, made.id)


def imported(talk: Circle, *, now: datetime, by: int = 1) -> UUID:
    """A message of that moment, as an import brings it into a thread that is there."""
    microseconds = round(now.timestamp() * 1_000_000)
    message_id = imported_id(microseconds, 0, 7)
    moment = {"moment": microseconds, "edited_at": None, "deleted_at": None}
    nothing: dict[str, Any] = {"reactions": [], "receipts": [], "attachments": []}
    line = Line(id=message_id, thread=talk.thread_id, sender=talk.people[by].pk, text="of old",
                reply_id=None, **moment, **nothing)  # fmt: skip
    messages_write(talk.ctx(), batch=Batch([line]))
    return message_id
