"""Deliveries a second: to one receiver, to many, and what a dead endpoint costs the others."""

import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from uuid import UUID

from django.conf import settings

from bench.database import BenchError, Database, Latencies
from bench.measure import Figure, Load, Variant, rounds
from bench.processes import cpu_seconds
from bench.scale import Scale
from bench.stream import INSERT_SQL
from bench.web import ROOT
from bench.world import Company
from core.webhooks.services.endpoints import EndpointInput, webhook_create

BARE = "bare POSTs over one connection, http.client"
ONE, MANY = "deliveries to one endpoint", "deliveries to 24 companies' endpoints"
BESIDE = "the same beside 24 endpoints that say nothing"
DELIVERIES, PATIENCE_SECONDS = 2_400, 120.0
DONE_SQL = "SELECT count(*) FROM webhooks_webhookdelivery WHERE state = 'done'"
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
TABLES = ("webhooks_webhookdelivery", "webhooks_webhookline", "jobs_outboxevent")


def delivering(database: Database, companies: Sequence[Company], scale: Scale) -> list[Figure]:
    """From the commit of the events to the last outcome written down."""
    count = scale.rows(DELIVERIES, 480)
    with receiver() as port, silence() as dead:
        settings.WEBHOOK_ALLOWED_HOSTS = [f"127.0.0.1:{one}" for one in (port, dead)]
        one, many = companies[:1], companies[:24]

        def sent(to: Sequence[Company], beside: Sequence[Company] = ()) -> Load:
            database.run(
                "TRUNCATE webhooks_webhookdelivery, webhooks_webhookendpoint, webhooks_webhookline"
            )
            for company in beside:
                _subscribe(company, dead)
            for company in to:
                _subscribe(company, port)
            return _deliver(database, [company.tenant_id for company in to], count)

        variants = [
            Variant(BARE, 1, lambda: _bare(port, count)),
            Variant(ONE, 1, lambda: sent(one), tables=TABLES),
            Variant(MANY, len(many), lambda: sent(many), tables=TABLES),
            Variant(BESIDE, len(many), lambda: sent(many, many), tables=TABLES),
        ]
        return rounds(database, variants, scale.rounds, "delivering")


def _subscribe(company: Company, port: int) -> None:
    asked = EndpointInput(url=f"http://127.0.0.1:{port}/", event_types=["payment.posted"])
    webhook_create(company.ctx(), endpoint=asked)


def _deliver(database: Database, tenants: Sequence[UUID], count: int) -> Load:
    """By a process as the Procfile starts it, from the events' commit to the last outcome."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "WEBHOOK_ALLOWED_HOSTS": ",".join(settings.WEBHOOK_ALLOWED_HOSTS),
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, str(ROOT / "manage.py"), "deliver_webhooks"]
    child = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        database.run(INSERT_SQL, {"tenants": tenants, "rows": 1})
        _wait_for(database, child, 1)  # it has started
        cpu, began = cpu_seconds(child.pid), time.perf_counter()
        database.run(INSERT_SQL, {"tenants": tenants, "rows": count})
        _wait_for(database, child, count + 1)
        took, cpu = time.perf_counter() - began, cpu_seconds(child.pid) - cpu
        times = database.rows(
            "SELECT milliseconds::float FROM webhooks_webhookdelivery WHERE state = 'done'"
        )
    finally:
        child.terminate()
        child.wait(30)
    return Load(Latencies.of([one for (one,) in times], took), cpu)


def _wait_for(database: Database, child: "subprocess.Popen[bytes]", done: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while database.value(DONE_SQL) < done:
        if time.monotonic() > deadline or child.poll() is not None:
            raise BenchError("Deliveries wait, and nobody sends them.")
        time.sleep(0.02)


def _bare(port: int, count: int) -> Load:
    connection, times, cpu = HTTPConnection("127.0.0.1", port), [], time.thread_time()
    for _ in range(count):
        before = time.perf_counter()
        connection.request("POST", "/", b"x" * 250)
        connection.getresponse().read()
        times.append((time.perf_counter() - before) * 1000)
    return Load(Latencies.of(times, sum(times) / 1000), time.thread_time() - cpu)


@contextmanager
def receiver() -> Iterator[int]:
    """Answers everything at once, in a process of its own."""
    server = socket.create_server(("127.0.0.1", 0), backlog=256)
    child = multiprocessing.get_context("fork").Process(target=_answer, args=[server], daemon=True)
    child.start()
    try:
        yield server.getsockname()[1]
    finally:
        child.kill()
        child.join()
        server.close()


@contextmanager
def silence() -> Iterator[int]:
    """Accepts, and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as server:
        yield server.getsockname()[1]


def _answer(server: socket.socket) -> None:
    while True:
        connection, _ = server.accept()
        threading.Thread(target=_talk, args=[connection], daemon=True).start()


def _talk(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as stream:
        while stream.readline():
            length = 0
            while (header := stream.readline()) not in (b"\r\n", b""):
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            stream.read(length)
            connection.sendall(ANSWER)
