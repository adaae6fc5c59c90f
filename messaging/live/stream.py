"""One open stream: a bounded queue, and what is known of its reader."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from messaging.live.frames import frame, heartbeat

#: Frames that wait for a reader; whoever is further behind comes back later.
QUEUE_MAX = 256
SEND_SECONDS_MAX = 10.0
#: Nothing is told to a login that was not looked at for so long.
BELIEVED_SECONDS = 5.0

Send = Callable[[dict[str, object]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: a login, as it entered."""

    tenant_id: UUID
    user_id: UUID
    token_hash: bytes


class Stream:
    """Frames go in at one side at once, and out at the other as fast as the client takes them.

    `position` is that of the last event put in; `closed` is done, with the reason, once
    nothing more will be told.
    """

    __slots__ = ("_flushing", "_queue", "closed", "is_open", "position", "raw_send", "reader",
                 "told_at", "verified_at")  # fmt: skip

    def __init__(self, reader: Reader, send: Send) -> None:
        self.reader = reader
        self.position = 0
        self.told_at = self.verified_at = time.monotonic()
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.is_open = False  # until what was missed is told, live events wait
        self._queue: deque[bytes] = deque()
        self.raw_send = send
        self._flushing: asyncio.Task[None] | None = None

    def tell(self, position: int, data: bytes) -> None:
        """One event of the outbox, unless it was told already."""
        if position > self.position:
            self.position = position
            self._put(data)

    def restart(self, position: int) -> None:
        """Go on from there, without what waits."""
        self.position = position
        self._queue.clear()

    def mention(self, data: bytes) -> None:
        """What is not kept may be left out when the reader is slow."""
        if len(self._queue) < QUEUE_MAX // 2 and self.is_open:
            self._put(data)

    def beat(self, position: int) -> None:
        """Say that we live, and that there was nothing up to `position`."""
        if self.is_open and not self._queue:
            self.position = max(self.position, position)
            self._put(heartbeat(self.position))

    def open(self) -> None:
        self.is_open = True
        self.flush()

    def verified(self, moment: float) -> None:
        """The login was valid at `moment` of the monotonic clock."""
        self.verified_at = moment
        self.flush()

    def close(self, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_result(reason)

    def flush(self) -> None:
        """Send what waits, if nobody does already and it may be sent."""
        if self._queue and self._flushing is None and self.is_open and self._is_believed():
            self._flushing = asyncio.ensure_future(self._flush())
            self._flushing.add_done_callback(self._flushed)

    async def send(self, data: bytes) -> None:
        """Past the queue; closes the stream if the reader does not take it in time."""
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                await self.raw_send({"type": "http.response.body", "body": data, "more_body": True})
        except TimeoutError:
            self.close("slow")
        self.told_at = time.monotonic()

    async def end(self) -> None:
        """The last words; what still waits is dropped, as the client will ask for it again."""
        reason = self.closed.result() if self.closed.done() else "gone"
        if self._flushing is not None:
            self._flushing.cancel()
        if reason in ("gone", "slow"):
            return
        last = frame("closed", {"reason": reason})
        async with asyncio.timeout(1):
            await self.raw_send({"type": "http.response.body", "body": last, "more_body": False})

    def _put(self, data: bytes) -> None:
        if len(self._queue) >= QUEUE_MAX:
            self.close("slow")
            return
        self._queue.append(data)
        self.flush()

    async def _flush(self) -> None:
        while self._queue and not self.closed.done() and self._is_believed():
            data = b"".join(self._queue)
            self._queue.clear()
            await self.send(data)

    def _flushed(self, task: "asyncio.Task[None]") -> None:
        self._flushing = None
        if not task.cancelled() and task.exception() is not None:
            self.close("gone")
        elif not self.closed.done():
            self.flush()  # what came while the task was ending

    def _is_believed(self) -> bool:
        return time.monotonic() - self.verified_at < BELIEVED_SECONDS
