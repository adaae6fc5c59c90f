"""Nothing is lost: late commits, cut wires, killed processes, slow and returning readers."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest
from django.conf import settings
from django.db import connections

from core.ids import uuid7, uuid7_floor
from core.jobs import positions
from core.jobs.purge import KEPT, outbox_purge
from messaging.events import MessageSent
from tests.cast import Api, Company, api_of, join, new_user
from tests.core.raw import one, raw
from tests.database import connect
from tests.live.listener import PATH, Listener, listening
from tests.live.proxy import Wire
from tests.live.server import Server, new_server, running
from tests.messaging.people import Circle, circle

INSERT = """
    INSERT INTO jobs_outboxevent (id, tenant_id, request_id, name, payload, created_at)
    VALUES (%s, %s, 'test', %s, %s, now())"""
IDLE_STREAMS = int(os.environ.get("LIVE_IDLE_STREAMS", "200"))


def announce(
    connection: psycopg.Connection[Any], talk: Circle, message_id: UUID, padding: int = 0
) -> None:
    """An event in whatever transaction is open on `connection`."""
    payload = {"thread_id": str(talk.thread_id), "message_id": str(message_id)}
    payload |= {"padding": "x" * padding} if padding else {}
    values = [uuid7(), talk.company.tenant_id, MessageSent.name, orjson.dumps(payload).decode()]
    connection.execute(INSERT, values)


# --- the order of commits -----------------------------------------------------------


def test_what_commits_late_with_an_older_id_is_told_after_what_was_told(
    live: Server, talk: Circle, ben: Api
) -> None:
    late, early = uuid7(), uuid7()
    with (
        listening(live, ben.token) as stream,
        connect("default") as slow,
        connect("default") as quick,
    ):
        slow.execute("BEGIN")
        announce(slow, talk, late)
        announce(quick, talk, early)
        stream.wait_for("message.sent", 1)
        between = stream.last_id
        slow.execute("COMMIT")
        stream.wait_for("message.sent", 2)
        assert stream.messages() == [str(early), str(late)]
        assert between < stream.last_id
    with listening(live, ben.token, between) as again:
        again.wait_for("message.sent")
        assert again.messages() == [str(late)]


def test_a_long_transaction_holds_nobody_up(live: Server, talk: Circle, ben: Api) -> None:
    with connect("default") as slow, listening(live, ben.token) as stream:
        slow.execute("BEGIN")
        announce(slow, talk, uuid7())
        seen = talk.say("meanwhile")
        stream.wait_for("message.sent")
        assert stream.messages() == [str(seen)]
        slow.execute("ROLLBACK")
        assert talk.say("and after") != seen
        stream.wait_for("message.sent", 2)


def test_positions_have_no_gaps_and_are_given_once_by_many_at_once(talk: Circle) -> None:
    import threading

    before = positions.place_all()

    def place() -> None:
        for _ in range(20):
            positions.place(7)
        connections.close_all()

    with connect("default") as writer:
        placers = [threading.Thread(target=place) for _ in range(4)]
        for one_ in placers:
            one_.start()
        for _ in range(100):
            announce(writer, talk, uuid7())
        for one_ in placers:
            one_.join()
    reached = positions.place_all()
    assert reached - before >= 100
    with raw() as connection:
        found = connection.execute(
            "SELECT count(*), min(position), max(position) FROM jobs_outboxevent"
            " WHERE position > %s",
            [before],
        ).fetchone()
    assert found == (reached - before, before + 1, reached)


# --- coming back --------------------------------------------------------------------


def test_a_client_resumes_from_any_event_in_order_and_without_duplicates(
    live: Server, talk: Circle, ben: Api
) -> None:
    with listening(live, ben.token) as stream:
        for number in range(12):
            talk.say(str(number))
        told = stream.wait_for("message.sent", 12)
    for position in (0, 5, 11):
        with listening(live, ben.token, told[position].id) as again:
            assert [x.id for x in again.of("message.sent")] == [x.id for x in told[position + 1 :]]
            assert again.last_id >= told[-1].id


def test_resuming_while_others_write_loses_nothing(live: Server, talk: Circle, ben: Api) -> None:
    """Hang up and come back again and again; what was told before is never told again."""
    import threading

    def write() -> None:
        for number in range(60):
            talk.say(str(number))
        connections.close_all()

    with listening(live, ben.token) as stream:
        after = stream.last_id
    writer = threading.Thread(target=write)
    writer.start()
    told: list[str] = []
    deadline = time.monotonic() + 20
    while len(told) < 60 and time.monotonic() < deadline:
        with listening(live, ben.token, after) as stream:
            time.sleep(0.05)
        told += [x.id for x in stream.of("message.sent")]
        after = stream.last_id
    writer.join()
    assert len(told) == 60
    assert told == sorted(set(told))


def test_another_process_goes_on_where_one_was_killed(live: Server, talk: Circle, ben: Api) -> None:
    mortal = new_server().start()
    try:
        stream = Listener(mortal, ben.token).start()
        seen = talk.say("before")
        stream.wait_for("message.sent")
        mortal.kill()
        stream.wait_end(5)
        missed = talk.say("while it was dead")
        with listening(live, ben.token, stream.last_id) as again:
            again.wait_for("message.sent")
            assert again.messages() == [str(missed)]
        mortal.start()
        again = Listener(mortal, ben.token, stream.last_id).start()
        again.wait_for("message.sent")
        assert again.messages() == [str(missed)]
        last = talk.say("after")
        again.wait_for("message.sent", 2)
        assert again.messages() == [str(missed), str(last)]
        assert stream.messages() == [str(seen)]
        assert mortal.stop() < 5, "it does not wait for its streams"
        again.wait_end(5)
        assert again.of("closed")[0].data == {"reason": "shutdown"}
    finally:
        mortal.kill()


@pytest.mark.parametrize("after", ["nonsense", positions.shown(2**60)])
def test_a_place_that_was_never_given_is_a_reset(
    live: Server, talk: Circle, ben: Api, after: str
) -> None:
    with listening(live, ben.token, after) as stream:
        assert [x.event for x in stream.told] == ["reset", "ready"]
        assert stream.told[0].id == stream.told[1].id
        seen = talk.say("after the reset")
        stream.wait_for("message.sent")
        assert stream.messages() == [str(seen)]


# --- without Redis ------------------------------------------------------------------


def test_redis_is_cut_and_comes_back_and_nothing_is_lost(
    django_db_setup: None, talk: Circle, ben: Api
) -> None:
    wire = Wire(settings.REDIS_URL)
    with running(REDIS_URL=wire.url) as server, listening(server, ben.token) as stream:
        sent = [talk.say("with Redis")]
        stream.wait_for("message.sent")
        wire.cut()
        for number in range(3):
            sent.append(talk.say(f"without, {number}"))
        stream.wait_for("message.sent", 4, seconds=3)  # it polls
        assert server.metric("erp_live_hearing") == 0
        wire.mend()
        deadline = time.monotonic() + 5
        while not server.metric("erp_live_hearing") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert server.metric("erp_live_hearing") == 1
        sent.append(talk.say("with Redis again"))
        stream.wait_for("message.sent", 5)
        assert stream.messages() == [str(message) for message in sent]
    wire.cut()


def test_without_redis_typing_is_204_and_nothing_happens(
    talk: Circle, ann: Api, settings: Any
) -> None:
    settings.REDIS_URL = "disabled"
    assert ann.post(f"threads/{talk.thread_id}/typing/").status_code == 204


# --- readers that do not keep up, or that say nothing --------------------------------


def test_a_slow_reader_is_sent_away_and_comes_back_for_the_rest(
    live: Server, talk: Circle, ann: Api, ben: Api
) -> None:
    """He holds up nobody, and misses nothing."""
    slow_ones = 'erp_live_closed_total{reason="slow"}'
    before = live.metric(slow_ones)
    with listening(live, ann.token) as quick:
        slow = Listener(live, ben.token, receive_bytes=2048)  # nobody reads it
        began = quick.last_id
        with connect("default") as writer:
            for start in range(0, 2_000, 500):  # in all more than sockets and queue hold
                with writer.transaction():
                    for _ in range(500):
                        announce(writer, talk, uuid7(), padding=4_000)
                quick.wait_for("message.sent", start + 500, seconds=20)
        deadline = time.monotonic() + 15
        while live.metric(slow_ones) == before and time.monotonic() < deadline:
            time.sleep(0.1)
        assert live.metric(slow_ones) == before + 1
        slow.close()
        with listening(live, ben.token, began) as again:
            again.wait_for("message.sent", len(quick.messages()), seconds=20)
            assert again.messages() == quick.messages()


def test_many_idle_streams_cost_little_and_all_of_them_are_told(
    live: Server, acme: Company
) -> None:
    """LIVE_IDLE_STREAMS=2000 for the large version."""
    users = [join(acme, new_user("one"), "viewer") for _ in range(max(1, IDLE_STREAMS // 10))]
    talk = circle(acme, people=[acme.owner, *users[:400]])
    tokens = [api_of(acme, user).token for user in users]
    before = live.metric("erp_live_streams")
    told = asyncio.run(_crowd(live.port, tokens, lambda: talk.say("Hello all")))
    assert live.metric("erp_live_streams") == before
    heard = sum("message.sent" in text for text in told)
    assert len(told) == len(users) * 10
    assert heard == min(len(users), 400) * 10


async def _crowd(port: int, tokens: list[str], say: Any) -> list[str]:
    """Ten streams for each token; what each of them was told."""
    gate = asyncio.Semaphore(50)

    async def enter(token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = (
                f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
            )
            writer.write(head.encode())
            text = b""
            while b"event: ready" not in text:
                block = await asyncio.wait_for(reader.read(4096), 30)
                assert block, text
                text += block
            return reader, writer, text.decode()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: str) -> str:
        try:
            while "message.sent" not in text:
                text += (await asyncio.wait_for(reader.read(4096), 5)).decode()
        except TimeoutError:
            pass
        writer.close()
        return text

    streams = await asyncio.gather(*(enter(token) for token in tokens for _ in range(10)))
    await asyncio.to_thread(lambda: (say(), connections.close_all()))
    told = list(await asyncio.gather(*(hear(*stream) for stream in streams)))
    await asyncio.sleep(1)
    return told


# --- housekeeping -------------------------------------------------------------------


def test_old_events_are_purged_and_whoever_comes_back_from_before_is_told_to_start_anew(
    live: Server, acme: Company
) -> None:
    talk = circle(acme, people=[acme.owner])
    token = api_of(acme, acme.owner)
    now = datetime.now(UTC)
    old = UUID(int=uuid7_floor(now - KEPT - timedelta(minutes=1)).int | uuid7().int & (1 << 74) - 1)
    with listening(live, token.token) as stream:
        before = stream.last_id
        with connect("default") as writer:
            payload = orjson.dumps({"thread_id": str(talk.thread_id)}).decode()
            for name in ("thread.changed", "somebody.waits"):
                old = UUID(int=old.int + 1)
                writer.execute(INSERT, [old, acme.tenant_id, name, payload])
        fresh = talk.say("fresh")
        stream.wait_for("message.sent")
    assert outbox_purge(now, awaited={"somebody.waits"}) >= 1
    with raw() as connection:
        left = one(
            connection, "SELECT array_agg(name) FROM jobs_outboxevent WHERE id IN (%s, %s)",
            old, UUID(int=old.int - 1),
        )  # fmt: skip
    assert left == ["somebody.waits"]
    with listening(live, token.token, before) as again:
        assert [x.event for x in again.told] == ["reset", "ready"]
    with listening(live, token.token, stream.last_id) as again:
        assert [x.event for x in again.told] == ["ready"]
    polled = token.ok("GET", f"live/poll/?after={before}")
    assert (polled["reset"], polled["events"]) == (True, [])
    assert str(fresh) in stream.messages()
    outbox_purge(now, awaited=())


def test_an_event_that_cannot_be_read_does_not_silence_those_that_follow(
    live: Server, talk: Circle, ben: Api
) -> None:
    with listening(live, ben.token) as stream:
        with connect("default") as writer:
            broken = [uuid7(), talk.company.tenant_id, MessageSent.name, '{"thread_id": "no id"}']
            writer.execute(INSERT, broken)
        seen = talk.say("after it")
        stream.wait_for("message.sent")
        assert stream.messages() == [str(seen)]
    assert live.metric("erp_live_skipped_total") >= 1
    with raw() as connection:
        connection.execute("DELETE FROM jobs_outboxevent WHERE id = %s", [broken[0]])
