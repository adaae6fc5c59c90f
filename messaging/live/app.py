"""The ASGI application of the live process: one address, and what operators need."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError
from prometheus_client import generate_latest

from core.errors import DomainError
from core.jobs.positions import understood
from messaging.live import answers, guard, metrics
from messaging.live.answers import Asked, Scope
from messaging.live.ears import Ears
from messaging.live.frames import HELLO, frame
from messaging.live.guard import Guard
from messaging.live.hub import Hub
from messaging.live.stream import Send, Stream
from messaging.live.tail import Tail
from messaging.live.threads import Threads

PATH = "/api/v1/live/"
SHUTDOWN_SECONDS = 3.0

Receive = Callable[[], Awaitable[dict[str, Any]]]
log = structlog.get_logger("erp.live")


class Live:
    """Made when the module is imported; alive between the server's startup and shutdown."""

    def __init__(self) -> None:
        self.hub = Hub(
            per_user_max=settings.LIVE_STREAMS_PER_USER, streams_max=settings.LIVE_STREAMS_MAX
        )
        self.threads = Threads()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = self._is_heeding = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(Asked(scope), receive, send)

    # --- the process ----------------------------------------------------------------

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._begin()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _begin(self) -> None:
        tail = Tail(self.hub, self.threads)
        await tail.begin()
        ears, watch = Ears(self.hub, tail.wake), Guard(self.hub, self.threads)
        self._tasks = [asyncio.create_task(part.run()) for part in (tail, ears, watch)]

    async def _stop(self) -> None:
        self._is_stopping = True
        self.hub.close_all("shutdown")
        await self.hub.emptied(SHUTDOWN_SECONDS)
        for task in self._tasks:
            task.cancel()
        self.threads.stop()

    def _heed_signals(self) -> None:
        """End the streams when the server is told to stop, before it waits for them to end.

        It installs its handler after startup, so ours goes before it with the first stream.
        """
        if self._is_heeding:
            return
        self._is_heeding = True
        loop: Any = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            theirs = getattr(loop, "_signal_handlers", {}).get(number)
            loop.add_signal_handler(number, self._told_to_stop, theirs)

    def _told_to_stop(self, theirs: Any) -> None:
        self._is_stopping = True
        self.hub.close_all("shutdown")
        if theirs is not None:
            theirs._run()

    # --- requests -------------------------------------------------------------------

    async def _answer(self, asked: Asked, receive: Receive, send: Send) -> None:
        if asked.path == "/healthz":
            await answers.answer(
                send, asked, 200, b'{"status":"ok"}', {"Content-Type": answers.JSON}
            )
        elif asked.path == "/metrics":
            body = await self.threads.at_door(generate_latest)
            await answers.answer(send, asked, 200, body, {"Content-Type": "text/plain"})
        elif asked.path != PATH:
            await answers.refuse(send, asked, 404)
        elif asked.is_plain_http():
            await answers.answer(send, asked, 301, b"", {"Location": asked.secure_url()})
        else:
            await self._admit(asked, receive, send)

    async def _admit(self, asked: Asked, receive: Receive, send: Send) -> None:
        stream, status = None, asked.fault() or self._room() or (0 if asked.token else 401)
        if not status:
            try:
                entrance = await self.threads.at_door(guard.entrance, asked.token)
            except (DatabaseError, DomainError):
                entrance = guard.Entrance(503)
            status = entrance.status
            if entrance.reader is not None:
                stream = Stream(entrance.reader, send)
                status = status if self.hub.enter(stream) else 429
        if status != 200 or stream is None:
            metrics.REFUSED.labels(str(status)).inc()
            await answers.refuse(send, asked, status)
            return
        # Nothing may come between entering and this: what is told from here on, waits for us.
        until, after = self.hub.telling, understood(asked.after) if asked.after else None
        stream.position = max(until, after or 0)
        try:
            await self._serve(asked, receive, stream, (after, until))
        finally:
            self.hub.leave(stream)

    def _room(self) -> int:
        return 503 if self._is_stopping or self.hub.is_full() else 0

    async def _serve(
        self, asked: Asked, receive: Receive, stream: Stream, span: tuple[int | None, int]
    ) -> None:
        self._heed_signals()
        began = time.monotonic()
        watcher = asyncio.ensure_future(_gone(receive, stream))
        try:
            await answers.start(stream.raw_send, 200, asked.id, answers.STREAM)
            await self._open(asked, stream, *span)
            reason = await stream.closed
            await stream.end()
        except (OSError, RuntimeError, TimeoutError):
            reason = "gone"  # the connection broke while we were writing
        finally:
            watcher.cancel()
        metrics.CLOSED.labels(reason).inc()
        log.info(
            "stream",
            request_id=asked.id,
            tenant_id=str(stream.reader.tenant_id),
            actor_id=str(stream.reader.user_id),
            reason=reason,
            seconds=round(time.monotonic() - began, 1),
        )

    async def _open(self, asked: Asked, stream: Stream, after: int | None, until: int) -> None:
        """Tell what was missed, then let through what has happened since."""
        await stream.send(HELLO)
        kind, place = "new" if asked.after is None else "resumed", max(until, after or 0)
        if asked.after is not None and not await self._replay(asked, stream, after, until):
            kind, place = "reset", self.hub.telling
            stream.restart(place)
            await stream.send(frame("reset", {}, place))
        metrics.OPENED.labels(kind).inc()
        await stream.send(frame("ready", {}, place))
        stream.open()

    async def _replay(self, asked: Asked, stream: Stream, after: int | None, until: int) -> bool:
        """Whether everything between the two could be told."""
        if after is None:
            return False
        place, is_more = after, True
        while is_more and not stream.closed.done():
            try:
                page = await self.threads.at_door(
                    guard.missed, stream.reader, place, until, asked.id
                )
            except (DatabaseError, DomainError):
                stream.close("unavailable")
                return True
            if page.is_reset:
                return False
            told = [frame(event.name, event.values, event.position) for event in page.events]
            if told:
                await stream.send(b"".join(told))
            place, is_more = page.position, page.is_more
        return True


async def _gone(receive: Receive, stream: Stream) -> None:
    """Wait for the client to leave."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.close("gone")
