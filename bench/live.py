"""Live: from the commit of a message to its reader's stream, and what an idle stream costs."""

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psutil
from django.db import connections

from bench.crowd import Member, crowd
from bench.database import BenchError, Database, Latencies
from bench.measure import Figure, Load, Variant, rounds
from bench.scale import Scale
from bench.web import Server, live_server
from bench.world import Company, company_new
from core.tenancy.context import Context
from messaging.services.messages import MessageInput, message_send
from messaging.services.participants import Joining
from messaging.services.threads import ThreadInput, thread_create

STREAMS, WRITERS = 100, 2
#: Messages a second, so that the delay is that of a process which is not behind.
PACE = 200
PACED, FLOOD = f"{PACE} messages a second", "as many as two processes send"
IDLE_PER_USER, IDLE_USERS = 10, 200
WAIT_SECONDS = 30
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Hall:
    """A company in which each of a hundred people has a thread with the owner."""

    company: Company
    people: Sequence[Member]
    threads: Sequence[UUID]


def live(database: Database, scale: Scale) -> tuple[list[Figure], list[str]]:
    """Delay from the commit to the client's socket; events a second; notes on idle streams."""
    company = company_new()
    people = crowd([company], STREAMS)
    hall = Hall(company, people, [_thread(company.ctx(), one.user_id) for one in people])
    with live_server() as server:
        variants = [_variant(server, hall, scale, pace) for pace in (PACE, None)]
        figures = rounds(database, variants, scale.rounds, "live")
    with live_server() as server:
        users = crowd([company], max(STREAMS, int(IDLE_USERS * min(scale.factor, 1))))
        return figures, [asyncio.run(_idle(server, users))]


def _thread(ctx: Context, user_id: UUID) -> UUID:
    asked = ThreadInput(kind="group", subject="Live", participants=[Joining(user_id)])
    return thread_create(ctx, thread=asked).id


def _variant(server: Server, hall: Hall, scale: Scale, pace: float | None) -> Variant:
    return Variant(
        PACED if pace else FLOOD,
        STREAMS,
        lambda: Load(_heard(server, hall, scale.seconds, pace)),
        server_pid=server.pid,
        tables=("jobs_outboxevent",),
    )


def _heard(server: Server, hall: Hall, seconds: float, pace: float | None) -> Latencies:
    """Two processes send for so long; every message is waited for in its reader's stream."""
    fork = multiprocessing.get_context("fork")
    connections.close_all()
    queues = [fork.Queue() for _ in range(WRITERS)]
    writers = [
        fork.Process(
            target=_send,
            args=[hall.company.ctx(), hall.threads[number::WRITERS], queues[number], seconds,
                  pace and pace / WRITERS],
        )
        for number in range(WRITERS)
    ]  # fmt: skip
    heard, sent, took = asyncio.run(_listen(server, hall.people, writers, queues))
    delays = [(heard[one] - moment) * 1000 for one, moment in sent.items()]
    return Latencies.of(delays, took)


def _send(
    ctx: Context, threads: Sequence[UUID], sent: Any, seconds: float, pace: float | None
) -> None:
    """In a process of its own: messages, and when each was committed; None at the end."""
    connections.close_all()
    began, number = time.monotonic(), 0
    while time.monotonic() < began + seconds:
        if pace:
            time.sleep(max(0.0, began + number / pace - time.monotonic()))
        thread_id = threads[number % len(threads)]
        message_id = message_send(ctx, thread_id=thread_id, message=MessageInput("Hello"))
        sent.put((str(message_id), time.monotonic()))
        number += 1
    sent.put(None)
    connections.close_all()


async def _listen(
    server: Server, people: Sequence[Member], writers: Sequence[Any], queues: Sequence[Any]
) -> tuple[dict[str, float], dict[str, float], float]:
    streams = [await _opened(server, one.token) for one in people]
    heard: dict[str, float] = {}

    async def hear(reader: asyncio.StreamReader) -> None:
        while True:
            frame = await reader.readuntil(b"\n\n")
            if b"event: message.sent" in frame:
                heard[frame.split(b'"message_id":"')[1][:36].decode()] = time.monotonic()

    tasks = [asyncio.ensure_future(hear(reader)) for reader, _ in streams]
    began = time.monotonic()
    for one in writers:
        one.start()
    sent = dict([entry for queue in queues for entry in await asyncio.to_thread(_all_of, queue)])
    deadline = time.monotonic() + WAIT_SECONDS
    while not sent.keys() <= heard.keys():
        if time.monotonic() > deadline:
            raise BenchError(f"{len(sent.keys() - heard.keys())} events were not heard.")
        await asyncio.sleep(0.01)
    took = max(heard.values()) - began
    for task in tasks:
        task.cancel()
    for _, writer in streams:
        writer.close()
    return heard, sent, took


def _all_of(queue: Any) -> list[tuple[str, float]]:
    return list(iter(lambda: queue.get(timeout=WAIT_SECONDS * 4), None))


async def _idle(server: Server, users: Sequence[Member]) -> str:
    """What many streams that hear nothing take, ten of each user."""
    worker = _worker(server)
    warm = [await _opened(server, users[0].token) for _ in range(IDLE_PER_USER)]
    before = worker.memory_info().rss
    streams = [await _opened(server, one.token) for one in users[1:] for _ in range(IDLE_PER_USER)]
    await asyncio.sleep(2)
    after, cpu, seconds = worker.memory_info().rss, worker.cpu_times(), 10
    await asyncio.sleep(seconds)
    used = worker.cpu_times()
    busy = (used.user + used.system - cpu.user - cpu.system) / seconds
    for _, writer in [*warm, *streams]:
        writer.close()
    return (
        f"{len(streams) + len(warm):,} idle streams in one process: "
        f"{(after - before) / len(streams) / 1024:.0f} KiB each, {after / 2**20:.0f} MiB in all, "
        f"{busy:.1%} of a core."
    )


def _worker(server: Server) -> psutil.Process:
    """The process that serves: granian's own supervisor has others beside it."""
    children = psutil.Process(server.pid).children(recursive=True)
    return max(children, key=lambda child: child.memory_info().rss)


async def _opened(server: Server, token: str) -> Stream:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=2**22)
    asked = (
        f"GET /api/v1/live/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    writer.write(asked.encode())
    await asyncio.wait_for(reader.readuntil(b"event: ready"), WAIT_SECONDS)
    return reader, writer
