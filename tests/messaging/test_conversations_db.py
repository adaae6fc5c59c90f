"""Raw SQL as the application: what the database refuses whoever writes."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import DomainError
from core.ids import uuid7
from core.refusals import _refusals
from messaging.refusals import REFUSALS
from messaging.services.messages import message_delete
from messaging.services.participants import Joining, participants_add
from tests.cast import Company
from tests.core.raw import Connection, one, raw, refused
from tests.messaging.people import Circle, circle, colleagues

FOREIGN_KEY = "23503"
POLICY = "42501"


@pytest.fixture
def talk(acme: Company) -> Circle:
    made = circle(acme)
    made.say("one")
    return made


@pytest.fixture
def theirs(globex: Company) -> Circle:
    made = circle(globex, 2)
    made.say("theirs")
    return made


@pytest.fixture
def attack(talk: Circle) -> Iterator[Any]:
    """Each statement in a transaction of its own."""

    def run(sql: str, *parameters: Any) -> None:
        with raw(talk.company.tenant_id) as connection:
            connection.execute(sql, parameters)

    return run


def last(talk: Circle) -> Any:
    return talk.rows()[0]["id"]


INSERT_MESSAGE = (
    "INSERT INTO messaging_message (id, tenant_id, thread_id, sender_id, body, attachments) "
    "VALUES (%s, %s, %s, %s, 'x', '[]')"
)
INSERT_READ = (
    "INSERT INTO messaging_messageread (id, tenant_id, message_id, user_id, read_at) "
    "VALUES (%s, %s, %s, %s, now())"
)
INSERT_REACTION = (
    "INSERT INTO messaging_messagereaction (id, tenant_id, message_id, user_id, emoji, reacted_at) "
    "VALUES (%s, %s, %s, %s, 'x', now())"
)
INSERT_MENTION = (
    "INSERT INTO messaging_mention (id, tenant_id, message_id, user_id) VALUES (%s, %s, %s, %s)"
)
INSERT_PARTICIPANT = (
    "INSERT INTO messaging_participant "
    "(id, tenant_id, thread_id, user_id, role, joined_at, is_muted) "
    "VALUES (%s, %s, %s, %s, %s, now(), false)"
)


def test_nothing_is_said_in_a_foreign_thread(talk: Circle, theirs: Circle, attack: Any) -> None:
    ours, foreign = talk.company.tenant_id, theirs.company.tenant_id
    me = talk.people[0].pk
    with refused(FOREIGN_KEY):
        attack(INSERT_MESSAGE, uuid7(), ours, theirs.thread_id, me)
    with refused(POLICY):
        attack(INSERT_MESSAGE, uuid7(), foreign, theirs.thread_id, me)


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        (INSERT_READ, "messaging_read_stranger"),
        (INSERT_REACTION, "messaging_reaction_stranger"),
        (INSERT_MENTION, "messaging_mention_stranger"),
    ],
)
def test_receipts_reactions_and_mentions_are_of_those_who_take_part(
    talk: Circle, theirs: Circle, attack: Any, sql: str, rule: str
) -> None:
    ours, message = talk.company.tenant_id, last(talk)
    outside = colleagues(talk.company, 2)[1]
    for stranger in (theirs.people[0].pk, outside.pk):
        with refused(rule):
            attack(sql, uuid7(), ours, message, stranger)
    for foreign in (last(theirs), uuid7()):
        with refused(rule, FOREIGN_KEY):
            attack(sql, uuid7(), ours, foreign, talk.people[1].pk)
    attack(sql, uuid7(), ours, message, talk.people[1].pk)


def test_who_is_in_a_thread_is_a_member_of_the_company(
    talk: Circle, theirs: Circle, attack: Any
) -> None:
    ours = talk.company.tenant_id
    with refused("messaging_participant_member"):
        attack(INSERT_PARTICIPANT, uuid7(), ours, talk.thread_id, theirs.people[0].pk, "member")
    with refused("messaging_participant_fixed"):
        attack("UPDATE messaging_participant SET user_id = %s", theirs.people[0].pk)
    with refused("messaging_participant_fixed", FOREIGN_KEY):
        attack("UPDATE messaging_participant SET thread_id = %s", theirs.thread_id)


def test_inside_and_outside_do_not_mix(talk: Circle, attack: Any) -> None:
    ours, new = talk.company.tenant_id, colleagues(talk.company, 2)[1].pk
    outside = circle(talk.company, people=[talk.people[0]], visibility="external")
    rule = "messaging_participant_guest"
    with refused(rule):
        attack(INSERT_PARTICIPANT, uuid7(), ours, talk.thread_id, new, "guest")
    with refused(rule):
        attack(INSERT_PARTICIPANT, uuid7(), ours, outside.thread_id, talk.people[1].pk, "guest")
    with refused(rule):
        attack("UPDATE messaging_participant SET role = 'guest'")
    attack(INSERT_PARTICIPANT, uuid7(), ours, outside.thread_id, new, "guest")
    with refused(rule):
        attack(INSERT_PARTICIPANT, uuid7(), ours, talk.thread_id, new, "member")
    with refused("messaging_thread_fixed"):
        attack("UPDATE messaging_thread SET visibility = 'external' WHERE id = %s", talk.thread_id)
    with refused("messaging_thread_fixed"):
        attack("UPDATE messaging_thread SET visibility = 'internal'")


def test_joining_two_threads_at_once_does_not_make_a_guest_inside(acme: Company) -> None:
    """The second waits for the first, and then sees it."""
    inside, guest = circle(acme, 2), colleagues(acme, 2)[1].pk
    outside = circle(acme, people=[acme.owner], visibility="external")
    with raw(acme.tenant_id) as first:
        first.execute(
            INSERT_PARTICIPANT, (uuid7(), acme.tenant_id, outside.thread_id, guest, "guest")
        )
        with refused("55P03"), raw(acme.tenant_id) as second:
            second.execute("SET LOCAL lock_timeout = '50ms'")
            second.execute(
                INSERT_PARTICIPANT, (uuid7(), acme.tenant_id, inside.thread_id, guest, "member")
            )
    with pytest.raises(DomainError):
        participants_add(inside.ctx(), thread_id=inside.thread_id, joining=[Joining(guest)])


def test_a_cursor_moves_forward_in_its_own_thread(
    talk: Circle, theirs: Circle, attack: Any
) -> None:
    other = circle(talk.company, people=talk.people)
    elsewhere, first, second = other.say("other"), last(talk), talk.say("two")
    move = "UPDATE messaging_participant SET last_read_id = %s WHERE thread_id = %s"
    for astray in (elsewhere, last(theirs), uuid7(), None, first):
        if astray is None or astray == first:
            attack(move, second, talk.thread_id)
        with refused("messaging_participant_cursor"):
            attack(move, astray, talk.thread_id)


def test_a_message_stays_what_it_was(talk: Circle, attack: Any) -> None:
    message, me = last(talk), talk.people[1].pk
    other = circle(talk.company, people=talk.people)
    for change, value in (
        ("thread_id", other.thread_id),
        ("sender_id", me),
        ("reply_to_id", uuid7()),
        ("id", uuid7()),
    ):
        with refused("messaging_message_fixed"):
            attack(f"UPDATE messaging_message SET {change} = %s WHERE id = %s", value, message)
    with refused("messaging_message_deleted"):
        attack("UPDATE messaging_message SET deleted_at = now() WHERE id = %s", message)
    message_delete(talk.ctx(), message_id=message)
    for undone in ("deleted_at = NULL", "body = 'again'"):
        with refused("messaging_message_deleted"):
            attack(f"UPDATE messaging_message SET {undone} WHERE id = %s", message)


def test_partitions_are_no_way_around(talk: Circle) -> None:
    def partition(connection: Connection) -> str:
        return str(
            one(
                connection,
                "SELECT max(c.relname) FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid "
                "WHERE i.inhparent = 'messaging_message'::regclass",
            )
        )

    for act in ("SELECT * FROM {}", "DELETE FROM {}", "UPDATE {} SET body = 'x'"):
        with refused(POLICY), raw(talk.company.tenant_id) as connection:
            connection.execute(act.format(partition(connection)))


def test_every_refusal_has_words() -> None:
    assert set(REFUSALS) <= set(_refusals)
    for make in REFUSALS.values():
        error = make()
        assert isinstance(error, DomainError)
        assert error.message.endswith(".")
