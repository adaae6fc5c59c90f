"""Reading and reacting."""

from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from core.errors import NotFound
from core.ids import uuid7
from core.listing import PageRequest
from messaging.emojis import emoji_of
from messaging.errors import CursorAstray, MessageDeleted, NotAnEmoji, ThreadClosed, TooManyEmoji
from messaging.models import MessageReaction
from messaging.selectors.receipts import message_reads, my_reads
from messaging.services.messages import message_delete
from messaging.services.reactions import EMOJI_MAX, reaction_add, reaction_remove
from messaging.services.reads import thread_read
from messaging.services.threads import thread_update
from tests.accounting.books import counted
from tests.cast import Company, join, new_user
from tests.messaging.people import circle
from tests.messaging.test_messages_services import events_of

EVERYTHING = PageRequest(limit=200)
MANY = "😀😁😂😃😄😅😆😇😈😉😊😋😌😍😎😏😐😑😒😓😔"


def readers(talk: object, message_id: object) -> set:
    rows = message_reads(talk.ctx(), message_id=message_id, page=EVERYTHING).rows
    return {row["user_id"] for row in rows}


def test_reading_up_to_a_message_covers_what_is_before_it(acme: Company) -> None:
    talk = circle(acme)
    said = [talk.say(str(number), by=number % 2) for number in range(6)]
    reader = talk.people[2].pk
    done = thread_read(talk.ctx(2), thread_id=talk.thread_id, message_id=said[3])
    assert (done.last_read_id, done.receipts) == (said[3], 4)
    assert talk.unread(2) == 2
    assert [reader in readers(talk, one) for one in said] == [True] * 4 + [False] * 2
    again = thread_read(talk.ctx(2), thread_id=talk.thread_id, message_id=said[1])
    assert (again.last_read_id, again.receipts) == (said[3], 0)
    done = thread_read(talk.ctx(2), thread_id=talk.thread_id)
    assert (done.last_read_id, done.receipts, talk.unread(2)) == (said[5], 2, 0)
    mine = my_reads(talk.ctx(2), page=EVERYTHING).rows
    assert [row["message_id"] for row in mine] == said[::-1]
    assert events_of(acme).count("thread.read") == 2


def test_what_one_has_read_is_turned_page_by_page(acme: Company) -> None:
    talk = circle(acme)
    said = [talk.say(str(number)) for number in range(5)]
    ctx = talk.ctx(1)
    thread_read(ctx, thread_id=talk.thread_id)

    def turned(cursor: Any = None) -> tuple[list, Any]:
        page = my_reads(ctx, page=PageRequest(limit=2, cursor=cursor and str(cursor)))
        return [row["message_id"] for row in page.rows], page

    first, page = turned()
    second, page = turned(page.next)
    third, last = turned(page.next)
    assert [first, second, third] == [said[:2:-1], said[2:0:-1], said[:1]]
    assert last.next is None
    assert turned(page.previous)[0] == first


def test_a_reader_has_no_receipt_of_his_own_or_of_deleted_messages(acme: Company) -> None:
    talk = circle(acme)
    mine, gone, kept = talk.say("mine", by=1), talk.say("gone"), talk.say("kept")
    message_delete(talk.ctx(), message_id=gone)
    thread_read(talk.ctx(1), thread_id=talk.thread_id)
    assert [readers(talk, one) for one in (mine, gone, kept)] == [set(), set(), {talk.people[1].pk}]


def test_one_reads_messages_of_the_thread_only(acme: Company, globex: Company) -> None:
    talk, other = circle(acme), circle(acme)
    elsewhere = other.say("elsewhere")
    talk.say("here")
    for message_id in (elsewhere, uuid7()):
        with pytest.raises(CursorAstray):
            thread_read(talk.ctx(1), thread_id=talk.thread_id, message_id=message_id)
    for ctx in (globex.ctx(), acme.ctx(join(acme, new_user("dan"), "owner"))):
        with pytest.raises(NotFound):
            thread_read(ctx, thread_id=talk.thread_id)
    empty = circle(acme)
    assert thread_read(empty.ctx(1), thread_id=empty.thread_id).last_read_id is None


def test_sending_moves_the_senders_cursor(acme: Company) -> None:
    talk = circle(acme)
    talk.say("one")
    talk.say("two", by=1)
    assert (talk.unread(0), talk.unread(1), talk.unread(2)) == (1, 0, 2)


def test_a_reaction_is_given_once_and_taken_back(acme: Company) -> None:
    talk = circle(acme)
    said = talk.say("Done")
    for by in (0, 1, 1):
        reaction_add(talk.ctx(by), message_id=said, emoji="👍")
    reaction_add(talk.ctx(1), message_id=said, emoji="❤")
    reaction_add(talk.ctx(1), message_id=said, emoji="❤️")
    shown = talk.rows(0)[0]["reactions"]
    assert shown == [
        {"emoji": "👍", "count": 2, "mine": True},
        {"emoji": "❤️", "count": 1, "mine": False},
    ]
    for _ in range(2):
        reaction_remove(talk.ctx(1), message_id=said, emoji="❤")
    assert [one["emoji"] for one in talk.rows(0)[0]["reactions"]] == ["👍"]
    assert events_of(acme).count("reaction.added") == 3
    assert events_of(acme).count("reaction.removed") == 1


def test_a_reaction_costs_two_statements_new_or_not(acme: Company) -> None:
    talk = circle(acme)
    said = talk.say("Done")
    for _ in range(2):
        with CaptureQueriesContext(connections["default"]) as seen:
            reaction_add(talk.ctx(1), message_id=said, emoji="👍")
        asked = [one["sql"] for one in seen if not one["sql"].startswith(("BEGIN", "COMMIT"))]
        assert len(asked) == 2, asked


def test_in_a_closed_thread_nobody_reacts(acme: Company) -> None:
    talk = circle(acme)
    said = talk.say("Done")
    thread_update(talk.ctx(), thread_id=talk.thread_id, values={"is_closed": True})
    for act in (reaction_add, reaction_remove):
        with pytest.raises(ThreadClosed):
            act(talk.ctx(1), message_id=said, emoji="👍")
    assert counted(acme.ctx(), MessageReaction, message=said) == 0


def test_a_message_shows_so_many_different_reactions(acme: Company) -> None:
    talk = circle(acme)
    said = talk.say("Done")
    for one in MANY[:EMOJI_MAX]:
        reaction_add(talk.ctx(), message_id=said, emoji=one)
    with pytest.raises(TooManyEmoji):
        reaction_add(talk.ctx(1), message_id=said, emoji=MANY[EMOJI_MAX])
    reaction_add(talk.ctx(1), message_id=said, emoji=MANY[0])
    assert counted(acme.ctx(), MessageReaction, message=said) == EMOJI_MAX + 1


def test_strangers_do_not_react_and_nobody_to_what_is_deleted(
    acme: Company, globex: Company
) -> None:
    talk = circle(acme)
    said = talk.say("Done")
    for ctx in (globex.ctx(), acme.ctx(join(acme, new_user("dan"), "owner"))):
        for act in (reaction_add, reaction_remove):
            with pytest.raises(NotFound):
                act(ctx, message_id=said, emoji="👍")
    message_delete(talk.ctx(), message_id=said)
    with pytest.raises(MessageDeleted):
        reaction_add(talk.ctx(), message_id=said, emoji="👍")


ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
REAL = ["👍", "👍🏽", "🇬🇧", "👩‍💻", "👨‍👩‍👧‍👦", ENGLAND, "1️⃣", "#️⃣", "☺️", "🫡"]
LETTERS = ["", " ", "a", "1", "#", "ok", ":+1:", "<b>"]
PARTS = ["👍👍", "👍 ", "👍a", "🏽", "\ufe0f", "\u200d", "🇬"]


@pytest.mark.parametrize("text", REAL)
def test_emoji_of_every_kind(text: str) -> None:
    assert emoji_of(text) == text


@pytest.mark.parametrize("text", LETTERS + PARTS)
def test_what_is_no_emoji(text: str) -> None:
    with pytest.raises(NotAnEmoji):
        emoji_of(text)


def test_every_emoji_fits_its_column() -> None:
    from messaging.emojis import _qualified
    from messaging.models.receipts import EMOJI_LENGTH_MAX

    assert max(map(len, _qualified().values())) <= EMOJI_LENGTH_MAX
    assert len(_qualified()) > 3_000
