"""All open streams by user: who is told what. Lives in the event loop, so it needs no locks."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from uuid import UUID

from messaging.live import metrics
from messaging.live.frames import frame
from messaging.live.stream import Stream
from messaging.selectors.live import LiveEvent

HEARTBEAT_SECONDS = 15.0

Users = dict[UUID, dict[UUID, list[Stream]]]


class Hub:
    """`told` is the position up to which every stream has been told; `telling` what is on its way.

    A stream that enters while a batch is being read is not told that batch: it asks
    for everything up to `telling` itself.
    """

    def __init__(self, *, per_user_max: int, streams_max: int) -> None:
        self.told = self.telling = 0
        self.count = 0
        self._per_user_max, self._streams_max = per_user_max, streams_max
        self._users: Users = defaultdict(dict)

    def is_full(self) -> bool:
        return self.count >= self._streams_max

    def enter(self, stream: Stream) -> bool:
        """Whether there was room for one more stream of this user."""
        mine = self._users[stream.reader.tenant_id].setdefault(stream.reader.user_id, [])
        if len(mine) >= self._per_user_max:
            return False
        mine.append(stream)
        self.count += 1
        metrics.STREAMS.set(self.count)
        return True

    def leave(self, stream: Stream) -> None:
        tenant = self._users[stream.reader.tenant_id]
        mine = tenant[stream.reader.user_id]
        mine.remove(stream)
        if not mine:
            del tenant[stream.reader.user_id]
        if not tenant:
            del self._users[stream.reader.tenant_id]
        self.count -= 1
        metrics.STREAMS.set(self.count)

    def streams(self) -> Iterator[Stream]:
        """Those that are open now; a copy, so that they may leave meanwhile."""
        found = [s for users in self._users.values() for mine in users.values() for s in mine]
        return iter(found)

    def present(self) -> dict[UUID, list[UUID]]:
        """Who has a stream open, by tenant."""
        return {tenant_id: list(users) for tenant_id, users in self._users.items() if users}

    def tell(self, tenant_id: UUID, events: Iterable[LiveEvent]) -> int:
        """Put events of one tenant into the streams that they concern; how often."""
        users = self._users.get(tenant_id, {})
        count = 0
        for event in events:
            streams = [s for user_id in event.user_ids for s in users.get(user_id, ())]
            if streams:
                data = frame(event.name, event.values, event.position)
                for stream in streams:
                    stream.tell(event.position, data)
                count += len(streams)
        return count

    def mention(self, tenant_id: UUID, user_ids: Collection[UUID], data: bytes) -> None:
        """What is not kept, to whom it concerns."""
        users = self._users.get(tenant_id, {})
        for user_id in user_ids:
            for stream in users.get(user_id, ()):
                stream.mention(data)

    def beat(self) -> None:
        """Say to whom nothing was said for a while that we live."""
        silent_since = time.monotonic() - HEARTBEAT_SECONDS
        for stream in self.streams():
            if stream.told_at < silent_since:
                stream.beat(self.told)

    def close_all(self, reason: str) -> None:
        for stream in self.streams():
            stream.close(reason)

    async def emptied(self, seconds: float) -> None:
        """Wait until every stream has left, for so long at most."""
        deadline = time.monotonic() + seconds
        while self.count and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
