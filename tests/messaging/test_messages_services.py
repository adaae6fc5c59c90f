"""Sending, editing, deleting, and how pages show it."""

from uuid import UUID

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import uuid7
from core.jobs.models import OutboxEvent
from core.listing import PageRequest
from messaging.errors import MessageDeleted, NotAuthor, ThreadClosed
from messaging.models import MessageRevision, Thread
from messaging.selectors.messages import message_get, message_list
from messaging.selectors.search import mentions_of_me, message_search
from messaging.services.messages import (
    MessageInput,
    _id_after,
    message_delete,
    message_edit,
    message_send,
)
from messaging.services.participants import Joining, participant_remove, participants_add
from messaging.services.threads import thread_update
from tests.accounting.books import counted, stored
from tests.cast import Company, join, new_user
from tests.messaging.people import circle

FILE = {"name": "a.pdf", "content_type": "application/pdf", "size": 3, "key": "k"}


def events_of(company: Company) -> list[str]:
    rows = OutboxEvent.objects.filter(tenant_id=company.tenant_id).order_by("id")
    return [n for n in rows.values_list("name", flat=True) if "." in n]


def test_what_is_said_is_read_by_those_who_take_part(acme: Company) -> None:
    talk = circle(acme)
    said = [talk.say("one"), talk.say("two", by=1), talk.say("three", by=2)]
    assert said == sorted(said)
    for person in range(3):
        assert talk.bodies(person) == ["one", "two", "three"]
    thread = stored(acme.ctx(), Thread, talk.thread_id)
    assert thread.last_message_id == said[-1]
    assert events_of(acme)[-3:] == ["message.sent"] * 3


def test_strangers_and_colleagues_outside_find_no_thread(acme: Company, globex: Company) -> None:
    talk = circle(acme)
    outside = join(acme, new_user("dan"), "owner")
    for ctx in (acme.ctx(outside), globex.ctx()):
        with pytest.raises(NotFound):
            message_list(ctx, thread_id=talk.thread_id, page=PageRequest())
        with pytest.raises(NotFound):
            message_send(ctx, thread_id=talk.thread_id, message=MessageInput("Hello?"))
    assert talk.bodies() == []


def test_ids_go_on_where_a_clock_was_ahead() -> None:
    ahead = UUID(int=uuid7().int + (3_600_000 << 80))
    assert _id_after(ahead).int == ahead.int + 1
    assert _id_after(None) < ahead


def test_nothing_is_said_to_nobody(acme: Company) -> None:
    talk = circle(acme)
    for wrong in (
        {"body": " \n"},
        {"body": "x" * 20_001},
        {"body": "x", "attachments": [FILE] * 21},
        {"body": "x", "attachments": [{"name": "x"}]},
        {"body": "x", "reply_to_id": uuid7()},
        {"body": "x", "mentions": [uuid7()]},
    ):
        with pytest.raises(Invalid):
            message_send(talk.ctx(), thread_id=talk.thread_id, message=MessageInput(**wrong))
    talk.say("", attachments=[FILE])
    assert [row["attachments"] for row in talk.rows()] == [[FILE]]


def test_an_answer_is_to_a_message_of_the_same_thread(acme: Company) -> None:
    talk, other = circle(acme), circle(acme)
    first = talk.say("Lunch?")
    talk.say("Yes", by=1, reply_to_id=first)
    assert talk.rows()[0]["reply_to_id"] == first
    with pytest.raises(Invalid, match="no such message"):
        other.say("Yes", reply_to_id=first)


def test_a_closed_thread_is_silent(acme: Company) -> None:
    talk = circle(acme)
    said = talk.say("one")
    thread_update(talk.ctx(), thread_id=talk.thread_id, values={"is_closed": True})
    with pytest.raises(ThreadClosed):
        talk.say("two", by=1)
    with pytest.raises(ThreadClosed):
        message_edit(talk.ctx(), message_id=said, values={"body": "uno"})
    message_delete(talk.ctx(), message_id=said)
    thread_update(talk.ctx(), thread_id=talk.thread_id, values={"is_closed": False})
    talk.say("two", by=1)


def test_an_edited_message_keeps_what_it_said(acme: Company) -> None:
    talk = circle(acme)
    said = talk.say("teh plan")
    message_edit(talk.ctx(), message_id=said, values={"body": "the plan"})
    message_edit(talk.ctx(), message_id=said, values={"body": "the plan"})
    found = message_get(talk.ctx(1), message_id=said)
    assert (found["body"], [r["body"] for r in found["revisions"]]) == ("the plan", ["teh plan"])
    assert found["edited_at"] is not None
    with pytest.raises(NotAuthor):
        message_edit(talk.ctx(1), message_id=said, values={"body": "mine"})
    with pytest.raises(Invalid):
        message_edit(talk.ctx(), message_id=said, values={"body": " "})


def test_a_deleted_message_is_gone_from_view_and_search_but_not_from_its_history(
    acme: Company,
) -> None:
    talk = circle(acme)
    said = talk.say("the secret", by=1, attachments=[FILE])
    with pytest.raises(NotAuthor):
        message_delete(talk.ctx(2), message_id=said)
    message_delete(talk.ctx(1), message_id=said)
    message_delete(talk.ctx(1), message_id=said)
    [row] = talk.rows(2)
    assert (row["body"], row["attachments"]) == ("", [])
    assert row["deleted_at"] is not None
    page = PageRequest(filters={"q": "secret"})
    assert message_search(talk.ctx(1), page=page).rows == []
    assert message_get(talk.ctx(1), message_id=said)["revisions"] == []
    owners = message_get(talk.ctx(0), message_id=said)["revisions"]
    assert [r["body"] for r in owners] == ["the secret"]
    assert counted(acme.ctx(), MessageRevision, message=said) == 1
    with pytest.raises(MessageDeleted):
        message_edit(talk.ctx(1), message_id=said, values={"body": "x"})
    assert events_of(acme)[-1] == "message.deleted"


def test_an_owner_of_the_thread_takes_back_what_others_said(acme: Company) -> None:
    talk = circle(acme)
    said = talk.say("rude", by=2)
    message_delete(talk.ctx(0), message_id=said)
    assert talk.bodies(1) == [""]


def test_mentions_reach_those_who_are_mentioned(acme: Company) -> None:
    talk = circle(acme)
    said = talk.say("@bob look", mentions=[talk.people[1].pk])
    assert talk.rows()[0]["mentions"] == [talk.people[1].pk]
    mine = mentions_of_me(talk.ctx(1), page=PageRequest()).rows
    assert [row["id"] for row in mine] == [said]
    assert mentions_of_me(talk.ctx(2), page=PageRequest()).rows == []
    message_edit(talk.ctx(), message_id=said, values={"mentions": [talk.people[2].pk]})
    assert mentions_of_me(talk.ctx(1), page=PageRequest()).rows == []
    assert len(mentions_of_me(talk.ctx(2), page=PageRequest()).rows) == 1
    participant_remove(talk.ctx(), thread_id=talk.thread_id, user_id=talk.people[2].pk)
    assert mentions_of_me(talk.ctx(2), page=PageRequest()).rows == []
    with pytest.raises(Invalid, match="take part"):
        talk.say("@dan", mentions=[talk.people[2].pk])


def test_who_comes_back_is_not_mentioned_in_what_he_no_longer_sees(acme: Company) -> None:
    talk = circle(acme)
    bob = talk.people[1].pk
    talk.say("@bob before he left", mentions=[bob])
    participant_remove(talk.ctx(1), thread_id=talk.thread_id, user_id=bob)
    participants_add(talk.ctx(), thread_id=talk.thread_id, joining=[Joining(bob)])
    assert mentions_of_me(talk.ctx(1), page=PageRequest()).rows == []
    said = talk.say("@bob since", mentions=[bob])
    assert [row["id"] for row in mentions_of_me(talk.ctx(1), page=PageRequest()).rows] == [said]


def test_who_left_says_and_reads_nothing_any_more(acme: Company) -> None:
    talk = circle(acme)
    said = talk.say("one", by=1)
    participant_remove(talk.ctx(1), thread_id=talk.thread_id, user_id=talk.people[1].pk)
    for act in (
        lambda: talk.say("two", by=1),
        lambda: talk.rows(1),
        lambda: message_edit(talk.ctx(1), message_id=said, values={"body": "x"}),
        lambda: message_delete(talk.ctx(1), message_id=said),
        lambda: message_get(talk.ctx(1), message_id=said),
    ):
        with pytest.raises(NotFound):
            act()
    assert talk.bodies() == ["one"]


def test_who_comes_later_sees_what_comes_later_unless_given_the_history(acme: Company) -> None:
    talk = circle(acme)
    before = talk.say("before")
    late, told = join(acme, new_user("dan"), "owner"), join(acme, new_user("eve"), "owner")
    participants_add(talk.ctx(), thread_id=talk.thread_id, joining=[Joining(late.pk)])
    participants_add(
        talk.ctx(), thread_id=talk.thread_id, joining=[Joining(told.pk, with_history=True)]
    )
    talk.people += [late, told]
    assert (talk.unread(3), talk.unread(4)) == (0, 0)
    talk.say("after")
    assert talk.bodies(3) == ["after"]
    assert talk.bodies(4) == ["before", "after"]
    with pytest.raises(NotFound):
        message_get(talk.ctx(3), message_id=before)
    with pytest.raises(Invalid):
        talk.say("re", by=3, reply_to_id=before)
    assert [r["body"] for r in _found(talk, 3, "before")] == []
    assert [r["body"] for r in _found(talk, 4, "before")] == ["before"]


def _found(talk: object, person: int, words: str) -> list[dict]:
    page = PageRequest(filters={"q": words})
    return message_search(talk.ctx(person), page=page).rows  # type: ignore[attr-defined]


def test_a_page_is_the_same_the_fast_way_and_the_slow_one(acme: Company) -> None:
    talk = circle(acme)
    first = talk.say("0")
    for number in range(1, 23):
        talk.say(str(number), by=number % 3, reply_to_id=first, mentions=[talk.people[0].pk])
    message_delete(talk.ctx(), message_id=first)
    cursor = None
    seen = []
    while True:
        fast = PageRequest(limit=5, cursor=cursor)
        slow = PageRequest(limit=5, cursor=cursor, narrow=lambda rows: rows.all())
        one = message_list(talk.ctx(), thread_id=talk.thread_id, page=fast)
        assert one == message_list(talk.ctx(), thread_id=talk.thread_id, page=slow)
        seen += [row["id"] for row in one.rows]
        cursor = one.next
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 23
    assert seen == sorted(seen, reverse=True)


def test_a_message_is_shown_with_what_stands_around_it(acme: Company) -> None:
    talk = circle(acme)
    said = [talk.say(str(number)) for number in range(20)]
    page = PageRequest(limit=6, narrow=lambda rows: rows, filters={"around": said[10]})
    found = message_list(talk.ctx(), thread_id=talk.thread_id, page=page)
    assert [row["body"] for row in found.rows] == ["13", "12", "11", "10", "9", "8"]
    older = PageRequest(limit=6, cursor=found.next)
    rows = message_list(talk.ctx(), thread_id=talk.thread_id, page=older).rows
    assert [row["body"] for row in rows] == ["7", "6", "5", "4", "3", "2"]
    newer = PageRequest(limit=6, cursor=found.previous)
    rows = message_list(talk.ctx(), thread_id=talk.thread_id, page=newer).rows
    assert [row["body"] for row in rows] == ["19", "18", "17", "16", "15", "14"]
    missing = PageRequest(filters={"around": uuid7()})
    with pytest.raises(NotFound):
        message_list(talk.ctx(), thread_id=talk.thread_id, page=missing)


def test_refusals_have_their_status() -> None:
    assert issubclass(NotAuthor, Forbidden)
    assert issubclass(ThreadClosed, Conflict)
