"""Many at once: ids in the order of commits, pages with each message once, one direct thread."""

import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

from core.jobs.models import OutboxEvent
from core.listing import PageRequest
from messaging.models import MessageRead, Thread
from messaging.selectors.messages import message_list
from messaging.services.messages import MessageInput, message_send
from messaging.services.participants import Joining
from messaging.services.reactions import reaction_add
from messaging.services.reads import thread_read
from messaging.services.threads import ThreadInput, thread_create
from tests.accounting.books import counted, stored
from tests.cast import Company
from tests.messaging.people import Circle, circle, colleagues

WRITERS = 4
EACH = int(os.environ.get("CONCURRENT_MESSAGES", "25"))


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own, with a connection of its own, and wait for all."""

    def run(act: Callable[[], Any]) -> Any:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [done.result() for done in [pool.submit(run, act) for act in acts]]


def pages(talk: Circle, ordering: str | None = None) -> list[Any]:
    """Every id from the first page to the last."""
    seen, cursor = [], None
    while True:
        asked = PageRequest(limit=random.randint(1, 9), cursor=cursor, ordering=ordering)
        page = message_list(talk.ctx(), thread_id=talk.thread_id, page=asked)
        seen += [row["id"] for row in page.rows]
        cursor = page.next
        if cursor is None:
            return seen


def test_pages_hold_every_message_once_while_others_write(acme: Company) -> None:
    talk = circle(acme)
    old = [talk.say(str(n), by=n % 3) for n in range(40)]
    done = threading.Event()

    def write(by: int) -> list[Any]:
        return [talk.say(str(n), by=by) for n in range(EACH)]

    def turn(ordering: str | None) -> list[list[Any]]:
        found = []
        while not done.is_set() or not found:
            found.append(pages(talk, ordering))
        return found

    def writing() -> list[Any]:
        written = at_once(*(lambda by=by % 3: write(by) for by in range(WRITERS)))
        done.set()
        return written

    newest, oldest, written = at_once(lambda: turn(None), lambda: turn("id"), writing)
    for seen in newest:
        assert seen == sorted(set(seen), reverse=True)
        assert set(old) <= set(seen)
    for seen in oldest:
        assert seen == sorted(set(seen))
        assert set(old) <= set(seen)
    everything = sorted([*old, *(one for ids in written for one in ids)])
    assert pages(talk, "id") == everything
    assert stored(acme.ctx(), Thread, talk.thread_id).last_message_id == everything[-1]
    for ids in written:
        assert ids == sorted(ids)


def test_nobody_who_reads_newest_first_misses_what_commits_later(acme: Company) -> None:
    """Who asks for what came after the last id that he saw gets each message once, in order."""
    talk = circle(acme)
    done = threading.Event()

    def follow() -> list[Any]:
        seen: list[Any] = [talk.say("first")]
        while True:
            was_done = done.is_set()
            after = seen[-1]
            asked = PageRequest(
                limit=200, ordering="id", narrow=lambda rows, a=after: rows.filter(id__gt=a)
            )
            page = message_list(talk.ctx(), thread_id=talk.thread_id, page=asked)
            seen += [row["id"] for row in page.rows]
            if was_done and not page.rows:
                return seen

    def writing() -> list[Any]:
        written = at_once(
            *(lambda by=by: [talk.say(str(n), by=by % 3) for n in range(EACH)] for by in range(3))
        )
        done.set()
        return [one for ids in written for one in ids]

    seen, written = at_once(follow, writing)
    assert set(seen) >= {one for one in written if one > seen[0]}
    assert seen == sorted(set(seen))
    assert seen[1:] == [one for one in pages(talk, "id") if one > seen[0]]


def test_two_who_write_to_each_other_at_once_share_one_thread(acme: Company) -> None:
    a, b = colleagues(acme, 2)
    for visibility in ("internal", "external"):

        def begin(me: Any, other: Any, visibility: str = visibility) -> Any:
            asked = ThreadInput("direct", visibility, participants=[Joining(other.pk)])
            thread = thread_create(acme.ctx(me), thread=asked)
            message_send(acme.ctx(me), thread_id=thread.id, message=MessageInput("Hello"))
            return thread.id

        found = at_once(*(lambda x=x, y=y: begin(x, y) for x, y in [(a, b), (b, a)] * 3))
        assert len(set(found)) == 1
    assert counted(acme.ctx(), Thread) == 2


def test_reading_and_reacting_twice_at_once_is_doing_it_once(acme: Company) -> None:
    talk = circle(acme)
    said = [talk.say(str(n)) for n in range(10)][-1]
    at_once(*(lambda: thread_read(talk.ctx(1), thread_id=talk.thread_id) for _ in range(4)))
    assert counted(acme.ctx(), MessageRead, user=talk.people[1].pk) == 10
    at_once(*(lambda: reaction_add(talk.ctx(1), message_id=said, emoji="👍") for _ in range(4)))
    assert [r["count"] for r in talk.rows()[0]["reactions"]] == [1]
    events = OutboxEvent.objects.filter(tenant_id=acme.tenant_id)
    for name in ("thread.read", "reaction.added"):
        assert events.filter(name=name).count() == 1
