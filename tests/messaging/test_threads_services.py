"""Threads of each kind, and who takes part in them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Conflict, DomainError, Invalid, NotFound, StaleVersion
from core.ids import uuid7
from core.listing import PageRequest
from messaging.errors import (
    DirectThreadFixed,
    GuestOutside,
    LastOwner,
    NotMember,
    NotThreadOwner,
)
from messaging.models import Participant, Thread
from messaging.selectors.messages import message_list
from messaging.selectors.threads import (
    inbox,
    participant_list,
    thread_get,
    thread_list,
)
from messaging.selectors.unread import unread_total
from messaging.services.imports.threads import Beginning, threads_begin
from messaging.services.messages import MessageInput, message_delete, message_send
from messaging.services.participants import (
    Joining,
    participant_remove,
    participant_update,
    participants_add,
)
from messaging.services.reads import thread_read
from messaging.services.threads import ThreadInput, thread_create, thread_update
from tests.accounting.books import counted, open_books, stored
from tests.cast import Company, join, new_user
from tests.messaging.people import circle, colleagues, imported

EVERYTHING = PageRequest(limit=200)


def direct(company: Company, a: Any, b: Any, visibility: str = "internal", **other: Any) -> Thread:
    asked = ThreadInput(kind="direct", visibility=visibility, participants=[Joining(b.pk, **other)])
    return thread_create(company.ctx(a), thread=asked)


def test_two_people_have_one_direct_thread_of_each_visibility(acme: Company) -> None:
    a, b, c = colleagues(acme, 3)
    first = direct(acme, a, b)
    assert direct(acme, b, a).id == first.id == direct(acme, a, b).id
    others = {direct(acme, a, c).id, direct(acme, b, a, "external").id}
    assert len(others | {first.id}) == 3
    assert counted(acme.ctx(), Participant, thread=first.id) == 2


def test_two_people_talk_in_the_thread_that_an_import_began_for_them(acme: Company) -> None:
    """It was interrupted before it wrote who takes part."""
    a, b = colleagues(acme, 2)
    begun = Beginning("a and b", "", (a.pk, b.pk), a.pk, 0)
    [[thread_id], _] = threads_begin(acme.ctx(), name="old", beginnings=[begun])
    assert direct(acme, a, b).id == direct(acme, b, a).id == thread_id
    said = message_send(acme.ctx(b), thread_id=thread_id, message=MessageInput("Here"))
    rows = message_list(acme.ctx(a), thread_id=thread_id, page=EVERYTHING).rows
    assert [row["id"] for row in rows] == [said]


def test_a_direct_thread_stays_as_it_is(acme: Company) -> None:
    a, b, c = colleagues(acme, 3)
    thread = direct(acme, a, b)
    ctx, them = acme.ctx(a), {"thread_id": thread.id}
    for act in (
        lambda: participants_add(ctx, **them, joining=[Joining(c.pk)]),
        lambda: participant_remove(ctx, **them, user_id=b.pk),
        lambda: participant_remove(ctx, **them, user_id=a.pk),
        lambda: participant_update(ctx, **them, user_id=a.pk, role="owner"),
        lambda: thread_update(ctx, **them, values={"subject": "x"}),
    ):
        with pytest.raises(DirectThreadFixed):
            act()
    said = message_send(acme.ctx(b), **them, message=MessageInput("Mine"))
    with pytest.raises(DomainError):
        message_delete(ctx, message_id=said)


@pytest.mark.parametrize("count", [0, 2])
def test_a_direct_thread_is_between_two(acme: Company, count: int) -> None:
    people = colleagues(acme, count + 1)[1:]
    others = [Joining(one.pk) for one in people]
    with pytest.raises(Invalid):
        thread_create(acme.ctx(), thread=ThreadInput("direct", participants=others))
    myself = [Joining(acme.owner.pk)]
    with pytest.raises(Invalid):
        thread_create(acme.ctx(), thread=ThreadInput("direct", participants=myself))


def test_only_active_members_of_the_company_take_part(acme: Company, globex: Company) -> None:
    gone = join(acme, new_user("gone"), "owner")
    gone.is_active = False
    gone.save()
    talk = circle(acme)
    for user_id in (globex.owner.pk, uuid7(), gone.pk):
        for kind in ("group", "direct"):
            asked = ThreadInput(kind, participants=[Joining(user_id)])
            with pytest.raises(NotMember):
                thread_create(acme.ctx(), thread=asked)
        with pytest.raises(NotMember):
            participants_add(talk.ctx(), thread_id=talk.thread_id, joining=[Joining(user_id)])


def test_guests_are_in_external_threads_and_nobody_is_inside_and_outside(acme: Company) -> None:
    a, b, guest = colleagues(acme, 3)
    as_guest = [Joining(guest.pk, "guest")]
    with pytest.raises(GuestOutside):
        thread_create(acme.ctx(), thread=ThreadInput("group", participants=as_guest))
    with pytest.raises(GuestOutside):
        direct(acme, a, guest, role="guest")
    outside = circle(acme, people=[a, b], visibility="external")
    participants_add(outside.ctx(), thread_id=outside.thread_id, joining=as_guest)
    inside = circle(acme, people=[a, b])
    with pytest.raises(GuestOutside):
        participants_add(inside.ctx(), thread_id=inside.thread_id, joining=[Joining(guest.pk)])
    with pytest.raises(GuestOutside):
        participant_update(inside.ctx(), thread_id=inside.thread_id, user_id=b.pk, role="guest")
    them = circle(acme, people=[a], visibility="external")
    joining = [Joining(b.pk, "guest")]
    with pytest.raises(GuestOutside):
        participants_add(them.ctx(), thread_id=them.thread_id, joining=joining)
    with pytest.raises(GuestOutside):
        participant_update(outside.ctx(), thread_id=outside.thread_id, user_id=b.pk, role="guest")


def test_owners_manage_members_do_not(acme: Company) -> None:
    talk = circle(acme)
    dan = join(acme, new_user("dan"), "owner")
    ctx, them = talk.ctx(1), {"thread_id": talk.thread_id}
    for act in (
        lambda: participants_add(ctx, **them, joining=[Joining(dan.pk)]),
        lambda: participant_remove(ctx, **them, user_id=talk.people[2].pk),
        lambda: participant_update(ctx, **them, user_id=talk.people[1].pk, role="owner"),
        lambda: thread_update(ctx, **them, values={"subject": "x"}),
    ):
        with pytest.raises(NotThreadOwner):
            act()
    with pytest.raises(Invalid):
        participant_update(talk.ctx(), **them, user_id=talk.people[1].pk, is_muted=True)
    participant_update(ctx, **them, user_id=talk.people[1].pk, is_muted=True)
    with pytest.raises(Conflict):
        participants_add(talk.ctx(), **them, joining=[Joining(talk.people[1].pk)])
    with pytest.raises(NotFound):
        participant_remove(talk.ctx(), **them, user_id=dan.pk)


def test_the_last_owner_stays_or_hands_over(acme: Company) -> None:
    talk = circle(acme)
    alice, bob, _ = talk.people
    them = {"thread_id": talk.thread_id}
    with pytest.raises(LastOwner):
        participant_remove(talk.ctx(), **them, user_id=alice.pk)
    with pytest.raises(LastOwner):
        participant_update(talk.ctx(), **them, user_id=alice.pk, role="member")
    participant_update(talk.ctx(), **them, user_id=bob.pk, role="owner")
    participant_remove(talk.ctx(), **them, user_id=alice.pk)
    participant_remove(talk.ctx(1), **them, user_id=talk.people[2].pk)
    participant_remove(talk.ctx(1), **them, user_id=bob.pk)
    assert thread_list(acme.ctx(), page=EVERYTHING).rows == []


def test_who_left_may_come_back_and_sees_what_is_said_then(acme: Company) -> None:
    talk = circle(acme)
    bob, them = talk.people[1], {"thread_id": talk.thread_id}
    talk.say("before")
    participant_remove(talk.ctx(1), **them, user_id=bob.pk)
    talk.say("meanwhile")
    participants_add(talk.ctx(), **them, joining=[Joining(bob.pk)])
    assert (talk.bodies(1), talk.unread(1)) == ([], 0)
    [row] = inbox(talk.ctx(1), page=EVERYTHING).rows
    assert row["last_message"] is None
    talk.say("again")
    assert (talk.bodies(1), talk.unread(1)) == (["again"], 1)


def test_renaming_wants_the_version_that_was_read(acme: Company) -> None:
    talk = circle(acme)
    thread = thread_update(
        talk.ctx(), thread_id=talk.thread_id, values={"subject": "New"}, expected_version=1
    )
    assert thread.version == 2
    with pytest.raises(StaleVersion):
        thread_update(
            talk.ctx(), thread_id=talk.thread_id, values={"subject": "Old"}, expected_version=1
        )
    assert thread_get(talk.ctx(), thread_id=talk.thread_id)["subject"] == "New"


def test_a_thread_about_a_record_needs_the_record_and_the_right_to_see_it(globex: Company) -> None:
    books = open_books()
    invoice = books.document("10.00").row["id"]
    ctx = books.ctx

    def begin(kind: str, record: Any, who: Any = None) -> Thread:
        asked = ThreadInput("record", record_type=kind, record_id=record)
        return thread_create(who or ctx, thread=asked)

    made = begin("accounting.invoice", invoice)
    assert (made.record_type, made.record_id) == ("accounting.invoice", invoice)
    for kind, record in (
        ("accounting.bill", invoice),
        ("accounting.invoice", uuid7()),
        ("accounting.invoice", None),
        ("nothing", invoice),
    ):
        with pytest.raises(Invalid):
            begin(kind, record)
    with pytest.raises(Invalid, match="no such record"):
        begin("accounting.invoice", invoice, globex.ctx())
    nobody = join(books.company, new_user("bob"), "viewer")
    begin("accounting.invoice", invoice, books.company.ctx(nobody))
    with pytest.raises(Invalid):
        thread_create(ctx, thread=ThreadInput("group", record_id=invoice))


# --- unread and the inbox -----------------------------------------------------------


def test_the_inbox_is_sorted_by_the_last_message_and_counts_what_is_unread(acme: Company) -> None:
    people = colleagues(acme, 3)
    talks = [circle(acme, people=people, subject=str(n)) for n in range(4)]
    for number in (2, 0, 2, 3):
        talks[number].say(f"in {number}", by=1)
    rows = inbox(acme.ctx(), page=EVERYTHING).rows
    shown = [(row["subject"], row["unread"]) for row in rows]
    assert shown == [("3", 1), ("2", 2), ("0", 1), ("1", 0)]
    assert rows[0]["last_message"]["preview"] == "in 3"
    assert unread_total(acme.ctx()) == {"messages": 4, "threads": 3, "is_capped": False}
    assert unread_total(acme.ctx(people[1]))["messages"] == 0
    them = {"thread_id": talks[2].thread_id}
    participant_update(acme.ctx(), **them, user_id=acme.owner.pk, is_muted=True)
    assert unread_total(acme.ctx())["messages"] == 2
    cursor, seen = None, []
    while True:
        page = inbox(acme.ctx(), page=PageRequest(limit=1, cursor=cursor))
        seen += [row["subject"] for row in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert seen == ["3", "2", "0", "1"]


def test_unread_is_counted_up_to_a_hundred(acme: Company) -> None:
    talk = circle(acme, 2)
    for number in range(103):
        talk.say(str(number), by=1)
    assert talk.unread() == 100
    assert unread_total(acme.ctx()) == {"messages": 100, "threads": 1, "is_capped": True}
    assert thread_read(talk.ctx(), thread_id=talk.thread_id).receipts == 103
    assert talk.unread() == 0


def test_pages_reach_back_over_many_months(acme: Company) -> None:
    """Whether it opens two months or all, a page shows everything once, the newest first."""
    talk = circle(acme, 2)
    sent = [
        imported(talk, now=datetime.now(UTC) - timedelta(days=days)) for days in (80, 70, 40, 20)
    ]
    sent.append(talk.say("today"))
    for limit in (1, 2, 3, 50):
        seen, cursor = [], None
        while True:
            page = PageRequest(limit=limit, cursor=cursor)
            found = message_list(talk.ctx(), thread_id=talk.thread_id, page=page)
            seen += [row["id"] for row in found.rows]
            cursor = found.next
            if cursor is None:
                break
        assert seen == sent[::-1], limit


def test_what_was_imported_or_deleted_since_is_counted(acme: Company) -> None:
    talk = circle(acme, 3)
    first = talk.say("first", by=1)
    second = talk.say("second", by=1)
    assert talk.unread() == 2
    thread_read(talk.ctx(), thread_id=talk.thread_id, message_id=first)
    assert talk.unread() == 1
    message_delete(talk.ctx(1), message_id=second)
    assert talk.unread() == 0
    imported(talk, now=datetime.now(UTC) - timedelta(days=40))
    assert talk.unread() == 0, "it was said before what he has read"
    imported(talk, now=datetime.now(UTC))
    talk.say("third", by=1)
    assert talk.unread() == talk.unread_counted() == 2
    thread_read(talk.ctx(), thread_id=talk.thread_id)
    talk.say("fourth", by=1)
    assert talk.unread() == talk.unread_counted() == 1
    assert unread_total(acme.ctx())["messages"] == 1


def test_who_takes_part_is_listed_with_how_far_he_has_read(acme: Company) -> None:
    talk = circle(acme)
    said = talk.say("one")
    rows = participant_list(talk.ctx(1), thread_id=talk.thread_id, page=EVERYTHING).rows
    assert {row["user_id"] for row in rows} == {one.pk for one in talk.people}
    assert [row["last_read_id"] for row in rows if row["user_id"] == acme.owner.pk] == [said]
    assert stored(acme.ctx(), Thread, talk.thread_id).version == 1
