"""People of one company who talk, and short ways to do so."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.listing import PageRequest
from messaging.selectors.messages import message_list
from messaging.selectors.threads import inbox
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
