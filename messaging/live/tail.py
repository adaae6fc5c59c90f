"""Follows the outbox for all streams of the process: woken, and every second anyway."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import structlog
from django.db import DataError

from core.jobs import positions
from core.tenancy.context import Context
from messaging.live import metrics
from messaging.live.hub import Hub
from messaging.live.threads import Threads
from messaging.selectors.live import PAGE_SIZE, LiveEvent, live_events, live_tenants

POLL_SECONDS = 1.0
#: Positions told in one go; a selector's page holds that many.
STEP = PAGE_SIZE
#: Events put into streams before those may send: fewer than a queue holds.
AT_ONCE = 64
FAILED_PAUSE_SECONDS = 0.5

Batch = list[tuple[UUID, list[LiveEvent]]]
log = structlog.get_logger(__name__)


class Tail:
    def __init__(self, hub: Hub, threads: Threads) -> None:
        self._hub, self._threads = hub, threads
        self._step = STEP
        self.wake = asyncio.Event()

    async def begin(self) -> None:
        """From here on; what was before is asked for by whoever missed it."""
        self._hub.told = self._hub.telling = await self._threads.read(positions.place_all)

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self.wake.wait()
            except TimeoutError:
                pass
            self.wake.clear()
            await self._catch_up()

    async def _catch_up(self) -> None:
        try:
            while await self._advance():
                pass
        except DataError:
            await self._around_the_unreadable()
        except Exception as error:
            # The database is away, or we are wrong: the events wait, and so do the streams.
            metrics.FAILURES.labels("tail").inc()
            log.warning("live_tail_failed", error=type(error).__name__, exc_info=True)
            await asyncio.sleep(FAILED_PAUSE_SECONDS)
        finally:
            self._hub.telling = self._hub.told

    async def _advance(self) -> bool:
        """Tell what is new; whether there may be more."""
        hub, after = self._hub, self._hub.told
        reached = await self._threads.read(positions.place)
        if reached == after:
            return False
        # Both at once: who enters from here on asks for what is before `telling` himself.
        hub.telling = until = min(reached, after + self._step)
        present = hub.present()
        batch = await self._threads.read(read_batch, present, after, until) if present else []
        await self._tell(batch)
        hub.told = until
        metrics.EVENTS.inc(until - after)
        metrics.POSITION.set(until)
        return True

    async def _tell(self, batch: Batch) -> None:
        """Tenants one after the other: no stream hears of two. With pauses to send in."""
        now = datetime.now(UTC)
        for tenant_id, events in batch:
            for start in range(0, len(events), AT_ONCE):
                told = events[start : start + AT_ONCE]
                metrics.TOLD.inc(self._hub.tell(tenant_id, told))
                for event in told:
                    if event.user_ids:
                        metrics.LAG.observe(max(0.0, (now - event.values["at"]).total_seconds()))
                await asyncio.sleep(0)

    async def _around_the_unreadable(self) -> None:
        """One event that cannot be read must not silence all that follow: step by step, past it."""
        metrics.FAILURES.labels("tail").inc()
        if self._step > 1:
            self._step = 1
            self.wake.set()
            return
        self._hub.told += 1
        self._step = STEP
        metrics.SKIPPED.inc()
        log.error("live_event_unreadable", position=self._hub.told)
        self.wake.set()


def read_batch(present: Mapping[UUID, list[UUID]], after: int, until: int) -> Batch:
    """Events between two positions of the tenants that are present, for their users. Oldest first.

    The step is no longer than a page, so nothing is cut off.
    """
    now = datetime.now(UTC)
    found = []
    for tenant_id in live_tenants(after=after, until=until, tenant_ids=present.keys()):
        ctx = Context(tenant_id, None, now, "live")
        events = live_events(ctx, after=after, until=until, user_ids=present[tenant_id])
        found.append((tenant_id, events))
    return found
