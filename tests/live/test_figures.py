"""The figures of docs/live.md, on request: LIVE_FIGURES=1, with -s to see them."""

import asyncio
import multiprocessing
import os
import statistics
import time
from typing import Any

import psutil
import pytest
from django.db import connections

from messaging.services.messages import MessageInput, message_send
from tests.cast import Company, api_of, join, new_user
from tests.database import connect
from tests.live.listener import PATH
from tests.live.server import Server, running
from tests.messaging.people import circle

pytestmark = pytest.mark.skipif("LIVE_FIGURES" not in os.environ, reason="set LIVE_FIGURES=1")
THREADS, EVENTS, RATE = 100, 6_000, float(os.environ.get("LIVE_RATE", "300"))
IDLE = int(os.environ.get("LIVE_IDLE_STREAMS", "2000"))
PER_USER = int(os.environ.get("LIVE_IDLE_PER_USER", "10"))
IDLE_SECONDS = 30


def worker_of(server: Server) -> psutil.Process:
    """The process that serves: granian's own supervisor has others beside it."""
    children = psutil.Process(server.child.pid).children(recursive=True)
    return max(children, key=lambda child: child.memory_info().rss)


async def opened(port: int, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    head = ["GET " + PATH + " HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}"]
    writer.write("\r\n".join([*head, "", ""]).encode())
    await reader.readuntil(b"event: ready")
    return reader, writer


def write(ctx: Any, thread_ids: list[Any], committed: Any) -> None:
    """Messages at an even pace, and when each was committed."""
    connections.close_all()
    began = time.monotonic()
    for number in range(EVENTS // 2):
        time.sleep(max(0.0, began + number / (RATE / 2) - time.monotonic()))
        thread_id = thread_ids[number % len(thread_ids)]
        message_id = message_send(ctx, thread_id=thread_id, message=MessageInput("Hello"))
        committed.put((str(message_id), time.monotonic()))
    committed.put(None)
    connections.close_all()


def test_delay_from_commit_to_client(django_db_setup: None, acme: Company) -> None:
    people = [join(acme, new_user("one"), "viewer") for _ in range(THREADS)]
    talks = [circle(acme, people=[acme.owner, person]) for person in people]
    tokens = [api_of(acme, person).token for person in people]
    fork = multiprocessing.get_context("fork")
    queues = [fork.Queue(), fork.Queue()]
    with running() as server:
        worker = worker_of(server)
        heard: dict[str, float] = {}
        connections.close_all()
        ids = [talk.thread_id for talk in talks]
        writers = [
            fork.Process(target=write, args=[acme.ctx(), ids[half::2], queues[half]])
            for half in (0, 1)
        ]

        async def listen() -> None:
            streams = [await opened(server.port, token) for token in tokens]
            for one in writers:
                one.start()

            async def hear(reader: asyncio.StreamReader) -> None:
                while len(heard) < EVENTS:
                    line = await asyncio.wait_for(reader.readuntil(b"\n\n"), 20)
                    now = time.monotonic()
                    if b"message.sent" in line:
                        heard[line.split(b'"message_id":"')[1][:36].decode()] = now

            tasks = [asyncio.ensure_future(hear(reader)) for reader, _ in streams]
            while len(heard) < EVENTS:
                await asyncio.sleep(0.1)
            for task in tasks:
                task.cancel()

        before, began = worker.cpu_times(), time.monotonic()
        asyncio.run(asyncio.wait_for(listen(), 120))
        seconds, after = time.monotonic() - began, worker.cpu_times()
        committed = {}
        for queue in queues:
            while (entry := queue.get(timeout=10)) is not None:
                committed[entry[0]] = entry[1]
        rounds = server.metric("erp_live_events_total")
    delays = sorted((heard[one] - at) * 1000 for one, at in committed.items())
    cpu = after.user + after.system - before.user - before.system
    print(
        f"\n{EVENTS} events in {seconds:.1f} s ({EVENTS / seconds:.0f}/s), {rounds:.0f} read;"
        f" delay p50 {statistics.median(delays):.1f} ms,"
        f" p95 {delays[int(len(delays) * 0.95)]:.1f} ms, max {delays[-1]:.1f} ms;"
        f" CPU {cpu / seconds * 100:.0f} %"
    )
    assert len(delays) == EVENTS


def test_memory_and_cpu_of_idle_streams(django_db_setup: None, acme: Company) -> None:
    people = [join(acme, new_user("one"), "viewer") for _ in range(IDLE // PER_USER)]
    tokens = [api_of(acme, person).token for person in people]

    async def idle(server: Server, worker: psutil.Process) -> None:
        warm = [await opened(server.port, token) for token in tokens[:5] for _ in range(PER_USER)]
        before = worker.memory_info().rss
        began = time.monotonic()
        gate = asyncio.Semaphore(50)

        async def one(token: str) -> Any:
            async with gate:
                return await opened(server.port, token)

        wanted = [token for token in tokens for _ in range(PER_USER)][5 * PER_USER :]
        streams = await asyncio.gather(*(one(token) for token in wanted))
        opening = time.monotonic() - began
        await asyncio.sleep(2)
        grown = worker.memory_info().rss - before
        cpu = worker.cpu_times()
        await asyncio.sleep(IDLE_SECONDS)
        used = worker.cpu_times()
        seconds = used.user + used.system - cpu.user - cpu.system
        print(
            f"\n{len(streams)} more streams in {opening:.1f} s: {grown / len(streams) / 1024:.1f}"
            f" KiB each (process {worker.memory_info().rss / 2**20:.0f} MiB);"
            f" idle CPU {seconds / IDLE_SECONDS * 100:.1f} %"
        )
        assert server.metric("erp_live_streams") == len(streams) + len(warm)

    with running() as server:
        asyncio.run(idle(server, worker_of(server)))


INSERTS = """
    DO $$ BEGIN FOR n IN 1..{count} LOOP
        INSERT INTO {table} (id, tenant_id, actor_id, request_id, name, payload, created_at)
        VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'figures', 'x.happened',
                '{{"thread_id": "01a205d2-68ef-75c2-923e-193663bcd908"}}', now());
    END LOOP; END $$"""


def test_what_writers_pay(django_db_setup: None) -> None:
    """The outbox against one without positions: rows of one transaction, in the server."""
    count, rounds = 20_000, 9
    found: dict[str, list[float]] = {"figures_before": [], "figures_after": []}
    with connect("owner") as owner:
        owner.execute("DROP TABLE IF EXISTS figures_before, figures_after")
        owner.execute("CREATE TABLE figures_after (LIKE jobs_outboxevent INCLUDING ALL)")
        owner.execute("CREATE TABLE figures_before (LIKE jobs_outboxevent INCLUDING DEFAULTS)")
        owner.execute("ALTER TABLE figures_before DROP COLUMN written, DROP COLUMN position")
        owner.execute("ALTER TABLE figures_before ADD PRIMARY KEY (id)")
        owner.execute("CREATE INDEX ON figures_before (id) WHERE published_at IS NULL")
        for _ in range(rounds):
            for table, times in found.items():
                owner.execute(f"TRUNCATE {table}")
                began = time.perf_counter()
                owner.execute(INSERTS.format(count=count, table=table))
                times.append((time.perf_counter() - began) / count * 1e6)
        owner.execute("DROP TABLE figures_before, figures_after")
    print({table: f"{statistics.median(times):.1f} us a row" for table, times in found.items()})
