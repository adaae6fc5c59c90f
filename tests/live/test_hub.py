"""What a single stream does, without a server: pauses, limits, heartbeats."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.ids import uuid7
from core.jobs.positions import LARGEST, shown, understood
from messaging.live import hub as hubs
from messaging.live.hub import Hub
from messaging.live.stream import BELIEVED_SECONDS, QUEUE_MAX, Reader, Stream


class Sink:
    """Takes what is sent, unless it is told to be slow."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.free = asyncio.Event()
        self.free.set()

    async def send(self, message: dict[str, Any]) -> None:
        await self.free.wait()
        self.bodies.append(message["body"])


def with_stream(test: Callable[[Hub, Stream, Sink], Awaitable[None]]) -> None:
    async def run() -> None:
        hub, sink = Hub(per_user_max=2, streams_max=5), Sink()
        stream = Stream(Reader(uuid7(), uuid7(), b""), sink.send)
        assert hub.enter(stream)
        stream.open()
        await test(hub, stream, sink)

    asyncio.run(run())


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_was_told_before_is_not_told_again() -> None:
    async def check(hub: Hub, stream: Stream, sink: Sink) -> None:
        stream.position = 5
        for position in (4, 5, 6, 6, 7):
            stream.tell(position, b"%d " % position)
        await settled()
        assert b"".join(sink.bodies) == b"6 7 "

    with_stream(check)


def test_nothing_is_told_to_a_login_that_could_not_be_looked_at() -> None:
    async def check(hub: Hub, stream: Stream, sink: Sink) -> None:
        stream.verified_at = time.monotonic() - BELIEVED_SECONDS - 0.1
        stream.tell(1, b"one")
        await settled()
        assert sink.bodies == []
        stream.verified(time.monotonic())
        await settled()
        assert sink.bodies == [b"one"]

    with_stream(check)


def test_a_full_queue_ends_the_stream_and_typing_never_fills_it() -> None:
    async def check(hub: Hub, stream: Stream, sink: Sink) -> None:
        sink.free.clear()
        stream.tell(1, b"one")
        await settled()
        for _ in range(2 * QUEUE_MAX):
            stream.mention(b"typing")
        assert not stream.closed.done()
        for position in range(2, QUEUE_MAX + 3):
            stream.tell(position, b"more")
        assert stream.closed.result() == "slow"
        await stream.end()

    with_stream(check)


def test_a_heartbeat_tells_the_place_when_nothing_else_was_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def check(hub: Hub, stream: Stream, sink: Sink) -> None:
        hub.told = 9
        hub.beat()
        await settled()
        assert sink.bodies == [], "something was told a moment ago"
        stream.told_at -= hubs.HEARTBEAT_SECONDS + 1
        hub.beat()
        hub.beat()
        await settled()
        assert sink.bodies == [f": heartbeat\nid: {shown(9)}\n\n".encode()]

    with_stream(check)


def test_a_user_has_so_many_streams_and_those_that_left_do_not_count() -> None:
    async def check(hub: Hub, stream: Stream, sink: Sink) -> None:
        second, third = Stream(stream.reader, sink.send), Stream(stream.reader, sink.send)
        assert hub.enter(second)
        assert not hub.enter(third)
        hub.leave(stream)
        assert hub.enter(third)
        hub.leave(second)
        hub.leave(third)
        assert (hub.count, hub.present()) == (0, {})

    with_stream(check)


def test_places_are_ordered_as_text_and_nothing_else_is_understood() -> None:
    places = [shown(position) for position in (0, 1, 15, 16, 2**40, LARGEST)]
    assert places == sorted(places)
    assert [understood(place) for place in places] == [0, 1, 15, 16, 2**40, LARGEST]
    for text in ("", "17", "e1", "e" + "f" * 16, places[1].upper(), places[1] + " ", "é" * 17):
        assert understood(text) is None
