"""The threads in which synchronous code runs: one that reads for all, a few at the door."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
R = TypeVar("R")

DOORS = 4


class Threads:
    """Each thread keeps one database connection, so a process has DOORS + 1 whatever it serves."""

    def __init__(self) -> None:
        self._reader = ThreadPoolExecutor(1, "live-reader")
        self._doors = ThreadPoolExecutor(DOORS, "live-door")

    async def read(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._run(self._reader, work, *args, **kwargs)

    async def at_door(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._run(self._doors, work, *args, **kwargs)

    def stop(self) -> None:
        for pool in (self._reader, self._doors):
            pool.shutdown(wait=False, cancel_futures=True)

    async def _run(
        self,
        pool: ThreadPoolExecutor,
        work: Callable[P, R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        def run() -> R:
            close_old_connections()  # one that failed is not used again
            try:
                return work(*args, **kwargs)
            except BaseException:
                connections.close_all()
                raise

        return await asyncio.get_running_loop().run_in_executor(pool, run)
