"""The inbox is an index that most messages leave alone; its order is that of the last messages."""

import random
from typing import Any
from uuid import UUID

import pytest

from core.ids import uuid7
from core.listing import PageRequest
from messaging.models.threads import SLACK_SECONDS
from messaging.selectors.threads import inbox
from messaging.services import messages
from messaging.services.participants import Joining, participant_remove, participants_add
from tests.cast import Company
from tests.core.raw import raw, rows
from tests.messaging.people import Circle, circle, colleagues, imported

FEW = 3


class Clock:
    """Ids of a time that passes as a test wants it to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> UUID:
        return UUID(int=uuid7().int + (int(self.seconds * 1000) << 80))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(messages, "uuid7", made)
    monkeypatch.setattr(messages, "TOLD_MAX", FEW)
    return made


def read_through(ctx: Any, limit: int) -> list[UUID]:
    """The inbox page by page, as clients ask for it."""
    found: list[UUID] = []
    asked: PageRequest | None = PageRequest(limit=limit)
    while asked is not None:
        page = inbox(ctx, page=asked)
        found += [row["id"] for row in page.rows]
        asked = PageRequest(limit=limit, cursor=str(page.next)) if page.next else None
    return found


def slow_and_obvious(ctx: Any) -> list[UUID]:
    """By the threads' own last messages: a filter keeps the index out of it."""
    page = PageRequest(limit=200, narrow=lambda threads: threads.all())
    return [row["id"] for row in inbox(ctx, page=page).rows]


def places(company: Company, thread_id: UUID) -> set[UUID | None]:
    """What the places of those who take part say of a thread's activity."""
    with raw(company.tenant_id) as connection:
        return {
            activity
            for (activity,) in rows(
                connection,
                "SELECT activity_id FROM messaging_participant "
                "WHERE thread_id = %s AND left_at IS NULL",
                thread_id,
            )
        }


@pytest.mark.parametrize("seed", range(3))
def test_the_order_is_that_of_the_last_messages(acme: Company, clock: Clock, seed: int) -> None:
    chance = random.Random(seed)
    people = colleagues(acme, FEW + 2)
    # Some with few people, some with too many, and some between, which become one or the other.
    talks = [circle(acme, people=people[: (2, 3, 2, 3, 4, 5)[number % 6]]) for number in range(12)]
    for _ in range(60):
        clock.seconds += chance.choice([0.01, 5, SLACK_SECONDS / 2, SLACK_SECONDS * 1.5])
        talk = chance.choice(talks)
        event = chance.random()
        if event < 0.8:
            talk.say("on", by=chance.randrange(2))
        elif event < 0.9:
            _in_or_out(talk, people)
        else:
            imported(talk, now=acme.ctx().now)
        ctx = acme.ctx(people[0])
        assert read_through(ctx, limit=2) == slow_and_obvious(ctx)
    assert read_through(acme.ctx(people[1]), 2) == slow_and_obvious(acme.ctx(people[1]))


def _in_or_out(talk: Circle, people: list[Any]) -> None:
    """The fourth person, who makes them too many."""
    user = people[FEW].pk
    with raw(talk.company.tenant_id) as connection:
        active = rows(
            connection,
            "SELECT FROM messaging_participant "
            "WHERE thread_id = %s AND user_id = %s AND left_at IS NULL",
            talk.thread_id, user,
        )  # fmt: skip
    if active:
        participant_remove(talk.ctx(), thread_id=talk.thread_id, user_id=user)
    else:
        participants_add(talk.ctx(), thread_id=talk.thread_id, joining=[Joining(user)])


def test_a_lively_talk_writes_to_inboxes_once_in_a_minute(acme: Company, clock: Clock) -> None:
    talk = circle(acme, FEW)
    first = talk.say("one")
    clock.seconds += SLACK_SECONDS - 1
    talk.say("two", by=1)
    assert places(acme, talk.thread_id) == {first}
    clock.seconds += 2
    third = talk.say("three", by=2)
    assert places(acme, talk.thread_id) == {third}


def test_a_message_to_too_many_writes_to_no_inbox(acme: Company, clock: Clock) -> None:
    talk = circle(acme, FEW)
    talk.say("to few")
    others = colleagues(acme, 2)[1:]
    participants_add(talk.ctx(), thread_id=talk.thread_id, joining=[Joining(others[0].pk)])
    assert places(acme, talk.thread_id) == {None}
    talk.say("to many")
    assert places(acme, talk.thread_id) == {None}
    participant_remove(talk.ctx(), thread_id=talk.thread_id, user_id=others[0].pk)
    again = talk.say("to few again")
    assert places(acme, talk.thread_id) == {again}
