"""Broker and web server killed under requests, and more requests than a queue takes.

`JOBS_KILLED=2000` asks for so many exports, `JOBS_KILLS` says how often something is killed,
`JOBS_FLOOD=500` sends so many by each of twenty clients; a few show that it works.
`JOBS_SHOW=1` tells figures.
"""

import os
import secrets
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings

from core.exports.models import Export
from core.jobs.models import Job, JobTicket
from core.tenancy.context import Context
from core.tenancy.transactions import query
from deploy.valkey import EmbeddedValkey
from tests.cast import Company, api_of
from tests.jobs.desk import states, tickets, until
from tests.jobs.processes import broker_url, running
from tests.jobs.test_killed import SHORT_LEASE
from tests.jobs.web import Caller, Persistent, together, web

EXPORTS = int(os.environ.get("JOBS_KILLED", "32"))
#: Four kinds of kills in turn. The next one comes when so many further requests were answered,
#: not after so long: a server that is killed faster than it starts never answers.
KILLS = int(os.environ.get("JOBS_KILLS", max(8, EXPORTS // 20)))
#: Without a single answer, or a single job done. How soon work goes on is what
#: `test_killed.py` says; here processes start all the time, on a machine that does other things.
STUCK_SECONDS = 120
CLIENTS = 20
EACH = int(os.environ.get("JOBS_FLOOD", "10"))

pytestmark = pytest.mark.skipif(
    settings.REDIS_URL in ("memory", "disabled"), reason="needs a broker to take away"
)


@pytest.fixture(autouse=True)
def nothing_else() -> None:
    JobTicket.objects.all().delete()
    redis.Redis.from_url(broker_url()).flushdb()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    """One of our own, that nobody else misses; it serves the cache as well."""
    tmp_path.chmod(0o755)
    valkey = EmbeddedValkey(tmp_path, secrets.token_hex(8), None, durable=False)
    valkey.start()
    yield valkey
    valkey.stop()


def token_of(company: Company) -> str:
    token = api_of(company, company.owner).token
    assert token
    return token


def answered(clients: list[Persistent], goal: int) -> None:
    """So many exports are accepted; each of them within a while after the one before."""

    def accepted() -> int:
        return sum(client.answers[202] for client in clients)

    while (before := accepted()) < goal:
        until(lambda: accepted() > before, STUCK_SECONDS)


def all_done(company: Company) -> None:
    while left := tickets(company).count():
        until(lambda: tickets(company).count() < left, STUCK_SECONDS)


@query
def exported(ctx: Context) -> list[tuple[str, str]]:
    """What each export of a company looks for, and what became of its job."""
    jobs = dict(Job.objects.values_list("pk", "state"))
    rows = Export.objects.values_list("filters__name", "job_id")
    return [(name, jobs.pop(job_id)) for name, job_id in rows] + [("", s) for s in jobs.values()]


def kill_broker(valkey: EmbeddedValkey) -> None:
    assert valkey.child is not None
    valkey.child.kill()
    valkey.child.wait()


@pytest.mark.slow
def test_kill_9_of_broker_and_web_under_requests(acme: Company, broker: EmbeddedValkey) -> None:
    """What was answered with 2xx has its job, what was not is asked again; none has two."""
    urls = {"REDIS_URL": broker.url, "CELERY_BROKER_URL": broker.url}
    names = [f"n{number}" for number in range(EXPORTS)]
    workers = running("relay", "worker", JOB_LEASE_SECONDS=SHORT_LEASE, **urls)
    with web(**urls) as server, workers as (relay, worker):
        caller = Caller(server, token_of(acme))
        clients = [Persistent(caller, names[number::4]) for number in range(4)]
        together(*(client.run for client in clients))
        for round_ in range(KILLS):
            answered(clients, EXPORTS * round_ // KILLS)
            match round_ % 4:
                case 0:
                    kill_broker(broker)
                    answer = caller.export(f"away{round_}")
                    assert answer in (202, 503), "without a broker"
                    broker.start()
                case 1:
                    server.kill()
                    server.start()
                case 2:
                    worker.kill_tree()
                    worker.start()
                case 3:
                    relay.kill_tree()
                    relay.start()
        answered(clients, EXPORTS)
        all_done(acme)
    found = exported(acme.ctx())
    assert sorted(name for name, _ in found if name.startswith("n")) == sorted(names)
    assert {state for _, state in found} == {"done"}
    answers = sum((client.answers for client in clients), start=type(clients[0].answers)())
    show(f"{EXPORTS} exports, {KILLS} times killed: {dict(answers)}")


@pytest.mark.slow
def test_requests_are_answered_without_a_broker(acme: Company, broker: EmbeddedValkey) -> None:
    """And what they enqueued is done: by the relay's own workers."""
    urls = {"REDIS_URL": broker.url, "CELERY_BROKER_URL": broker.url}
    with web(**urls) as server:
        caller = Caller(server, token_of(acme))
        assert caller.export("before") == 202
        kill_broker(broker)
        assert [caller.export(f"n{number}") for number in range(5)] == [202] * 5
        with running("relay", **urls):
            until(lambda: states(acme).count("done") == 6, 60)


@pytest.mark.slow
def test_of_a_flood_exactly_the_cap_is_accepted_and_done(acme: Company, globex: Company) -> None:
    """Twenty clients at once while no worker runs; the rest is refused with 503."""
    with web() as server:
        mine, theirs = Caller(server, token_of(acme)), Caller(server, token_of(globex))
        assert [one.call("GET", "/api/v1/exports/")[0] for one in (mine, theirs)] == [200, 200]
        began_with = server.megabytes()
        took = flood(mine)
        accepted, refused = took.get(202, []), took.get(503, [])
        assert (len(accepted), len(accepted) + len(refused)) == (
            settings.QUEUE_LIMIT, CLIENTS * EACH,
        )  # fmt: skip
        assert theirs.export("other") == 202, "their line is their own"
        grown = server.megabytes() - began_with
        assert grown < 64, f"{grown} MB more"
        show(
            f"{len(accepted)} accepted in {summary(accepted)}, {len(refused)} refused in "
            f"{summary(refused)}; {grown:.0f} MB more than {began_with:.0f}"
        )
        with running("relay", "worker"):
            until(lambda: states(globex) == ["done"], 60)
            assert states(acme).count("done") < settings.QUEUE_LIMIT / 2, "they did not wait"
            until(lambda: states(acme).count("done") == settings.QUEUE_LIMIT, 90)
    assert len(exported(acme.ctx())) == settings.QUEUE_LIMIT


def flood(caller: Caller) -> dict[int, list[float]]:
    """Status to the milliseconds that its answers took."""
    took: dict[int, list[float]] = {}
    lock = threading.Lock()

    def send() -> None:
        for _ in range(EACH):
            before = time.perf_counter()
            status = caller.export("flood")
            with lock:
                took.setdefault(status, []).append((time.perf_counter() - before) * 1000)

    for thread in together(*[send] * CLIENTS):
        thread.join()
    return took


def summary(milliseconds: list[float]) -> str:
    cut = statistics.quantiles(milliseconds, n=20)
    return f"{statistics.median(milliseconds):.0f} ms (p95 {cut[-1]:.0f})"


def show(text: str) -> None:
    if "JOBS_SHOW" in os.environ:
        print(text)
