"""A thread with a message in it, for the tests that walk every endpoint."""

from typing import Any, NamedTuple

from messaging.services.messages import MessageInput, message_send
from messaging.services.participants import Joining, participants_add
from messaging.services.reactions import reaction_add
from messaging.services.reads import thread_read
from messaging.services.threads import ThreadInput, thread_create
from permissions.models import User
from tests.cast import Company, join, new_user

THUMB = "👍"


class Talk(NamedTuple):
    """Of a company's owner with one colleague."""

    thread: str
    message: str
    colleague: User

    @property
    def ids(self) -> dict[str, str]:
        return {noun: self.id_for(noun) for noun in ("threads", "messages")}

    def id_for(self, noun: str) -> str:
        return self.thread if noun == "threads" else self.message


def talk_of(company: Company, colleague: User | None = None) -> Talk:
    colleague = colleague or join(company, new_user("dan"), "viewer")
    asked = ThreadInput("group", subject="Plans", participants=[Joining(colleague.pk)])
    thread = thread_create(company.ctx(), thread=asked)
    message = message_send(company.ctx(), thread_id=thread.id, message=MessageInput("A plan"))
    return Talk(str(thread.id), str(message), colleague)


def say(company: Company, talk: Talk) -> None:
    """One more message, which the owner is mentioned in, has read and reacts to."""
    said = MessageInput("Another plan", mentions=[company.owner.pk])
    theirs = company.ctx(talk.colleague)
    message_id = message_send(theirs, thread_id=talk.thread, message=said)
    thread_read(company.ctx(), thread_id=talk.thread)
    reaction_add(company.ctx(), message_id=message_id, emoji=THUMB)
    other = join(company, new_user("eve"), "viewer")
    participants_add(
        company.ctx(),
        thread_id=talk.thread,
        joining=[Joining(other.pk, with_history=True)],
    )
    thread_read(company.ctx(other), thread_id=talk.thread, message_id=message_id)


def body_for(method: str, path: str, company: Company) -> Any:
    """A body that is taken, for the endpoints of conversations; None for the others."""
    if f"{method} {path}" == "POST threads/{id}/participants/":
        return {"participants": [{"user_id": join(company, new_user("eve"), "viewer").pk}]}
    return {
        "POST threads/": {"kind": "group", "subject": "Plans"},
        "PATCH threads/{id}/": {"subject": "Other plans"},
        "POST threads/{id}/messages/": {"body": "Hello"},
        "PATCH threads/{id}/participants/{user_id}/": {"is_muted": True},
        "PATCH messages/{id}/": {"body": "A better plan"},
    }.get(f"{method} {path}")
