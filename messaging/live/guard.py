"""Who may open a stream, and whether he may still have it: asked again all the time."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from core.tenancy.context import Context
from messaging.live import metrics
from messaging.live.hub import Hub
from messaging.live.stream import Reader, Stream
from messaging.live.threads import Threads
from messaging.selectors.live import Missed, live_missed
from permissions.policy import caller_codes
from permissions.selectors.actors import session_find
from permissions.selectors.living import sessions_living
from permissions.tokens import token_hash

PERMISSION = "messaging.messages.view"
#: A login that was revoked right after it was looked at is found at the next look but one
#: tick: together well under five seconds.
CHECKED_SECONDS = 2.5
TICK_SECONDS = 0.5
CHECKED_AT_ONCE = 500
REPLAYED_AT_ONCE = 500

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entrance:
    """What the door found: the reader, or the status that refuses him."""

    status: int
    reader: Reader | None = None


def entrance(token: str) -> Entrance:
    """As any request of the API; and the database is asked as well, since a stream stays."""
    now = datetime.now(UTC)
    session = session_find(token, now)
    if session is None:
        return Entrance(401)
    if PERMISSION not in caller_codes(session.tenant_id, session.user_id):
        return Entrance(403)
    hashed = token_hash(token)
    codes = sessions_living([hashed], now).get(hashed)
    if codes is None:
        return Entrance(401)
    if PERMISSION not in codes:
        return Entrance(403)
    return Entrance(200, Reader(session.tenant_id, session.user_id, hashed))


def missed(reader: Reader, after: int, until: int, request_id: str) -> Missed:
    """A page of what the reader missed between two positions."""
    ctx = Context(reader.tenant_id, reader.user_id, datetime.now(UTC), request_id)
    return live_missed(ctx, after=after, until=until, limit=REPLAYED_AT_ONCE)


class Guard:
    """Looks at all logins with streams every few seconds, and ends those of the revoked."""

    def __init__(self, hub: Hub, threads: Threads) -> None:
        self._hub, self._threads = hub, threads

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._hub.beat()
            due_since = time.monotonic() - CHECKED_SECONDS
            due = [stream for stream in self._hub.streams() if stream.verified_at < due_since]
            try:
                for start in range(0, len(due), CHECKED_AT_ONCE):
                    await self._check(due[start : start + CHECKED_AT_ONCE])
            except Exception as error:
                # Nothing is told to whom nobody could look at: the streams wait.
                metrics.FAILURES.labels("guard").inc()
                log.warning("live_guard_failed", error=type(error).__name__, exc_info=True)

    async def _check(self, streams: list[Stream]) -> None:
        began = time.monotonic()
        hashes = {stream.reader.token_hash for stream in streams}
        living = await self._threads.at_door(sessions_living, hashes, datetime.now(UTC))
        for stream in streams:
            codes = living.get(stream.reader.token_hash)
            if codes is None:
                stream.close("revoked")
            elif PERMISSION not in codes:
                stream.close("forbidden")
            else:
                stream.verified(began)
