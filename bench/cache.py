"""Targets 11 and 12: what is remembered, of callers and of answers; and what forgetting costs."""

import http.client
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from accounting.services.reference import account_update
from bench.crowd import Member, crowd
from bench.database import BenchError, Database, Latencies
from bench.http_load import Call, http_variant
from bench.measure import Figure, Load, Variant, find, ratio, rounds
from bench.results import Target
from bench.scale import Scale
from bench.web import Server, request
from bench.world import Company
from core.cache.counters import Count
from core.cache.runtime import runtime
from permissions.caches import SESSIONS, USER_PERMISSIONS
from permissions.policy import caller_codes, codes_load
from permissions.selectors.actors import session_find, session_load
from permissions.tokens import token_hash

BARE, CACHED = "bare Django view, the same bytes", "GET /accounts/, from the process"
NOT_MODIFIED = "GET /accounts/, 304"
PROCESS, REDIS, TABLES = "caller: from the process", "caller: from Redis", "caller: from the tables"
KNOWN, CHANGED = "GET /accounts/, one client", "GET /accounts/, the first after a change"
MIXED = "mixed load"
ACCOUNTS = "/api/v1/accounts/"
ASKED = ("session", "user_permissions", "accounts", "taxes", "company_settings", "booking_facts")


def answers(
    database: Database, server: Server, companies: Sequence[Company], scale: Scale
) -> list[Figure]:
    one = companies[0]
    status, body = request(server, ACCOUNTS, one.token)
    if status != 200:
        raise BenchError(f"{ACCOUNTS} answered {status}: {body[:300]!r}")
    same_size = f"/bench/bytes/?size={len(body)}"
    etag = _etag(server, one)

    def variant(name: str, path: str, **headers: str) -> Variant:
        calls = [Call("GET", path, each.token, headers=dict(headers)) for each in companies]
        return http_variant(server, name, calls, clients=scale.clients, seconds=scale.seconds)

    known = Call("GET", ACCOUNTS, one.token, headers={"If-None-Match": etag})
    variants = [
        variant(BARE, same_size),
        variant(CACHED, ACCOUNTS),
        http_variant(server, NOT_MODIFIED, [known], clients=scale.clients, seconds=scale.seconds),
        Variant(KNOWN, 1, lambda: _one_by_one(server, one, scale, lambda: None), server.pid),
        Variant(CHANGED, 1, lambda: _one_by_one(server, one, scale, _change(one)), server.pid),
    ]
    return rounds(database, variants, scale.rounds, "answers")


def callers(database: Database, companies: Sequence[Company], scale: Scale) -> list[Figure]:
    """Who calls and what he may do, in this process: what every request asks first."""
    one = companies[0]

    def remembered() -> None:
        found = session_find(one.token, datetime.now(UTC))
        assert found is not None
        assert "accounting.accounts.view" in caller_codes(found.tenant_id, found.user_id)

    def shared() -> None:
        SESSIONS.entries.clear()
        USER_PERMISSIONS.entries.clear()
        remembered()

    def tables() -> None:
        session_load(token_hash(one.token))
        codes_load(one.ctx(), one.user_id)

    runs = {PROCESS: (remembered, 50_000), REDIS: (shared, 2_000), TABLES: (tables, 2_000)}
    variants = [
        Variant(name, 1, lambda work=work, count=count: _in_process(work, count), warm=work)
        for name, (work, count) in runs.items()
    ]
    return rounds(database, variants, scale.rounds, "callers")


def mixed(
    database: Database, server: Server, companies: Sequence[Company], scale: Scale
) -> tuple[list[Figure], list[str]]:
    """Reads of a thousand users in no order; and who knew the answers."""
    members = crowd(companies, scale.rows(1_000, 50))
    calls = _mix(members)
    variant = http_variant(server, MIXED, calls, clients=scale.clients, seconds=scale.seconds)
    before = runtime().board.counters.totals()
    figures = rounds(database, [variant], scale.rounds, "mixed load")
    after = runtime().board.counters.totals()
    notes = [f"{len(members):,} users of {len(companies)} companies."]
    for name in ASKED:
        counts = {count: after[name][count] - before[name][count] for count in Count}
        notes.append(_shares(name, counts))
    return figures, notes


def cache_targets(figures: Sequence[Figure], clients: int) -> list[Target]:
    bare, cached = find(figures, BARE, clients), find(figures, CACHED, clients)
    return [
        Target("11", "cached GET, of a bare view with the same bytes",
               ratio(cached.per_second, bare.per_second), floor=0.35, aim=0.6, unit="%"),
        Target("12", "session and permission check, from the process",
               find(figures, PROCESS, 1).cpu_us, floor=30, aim=12, unit="µs", less_is_better=True),
        Target("12", "session and permission check, from Redis",
               find(figures, REDIS, 1).python_cpu_us or 0, floor=250, aim=190, unit="µs",
               less_is_better=True),
    ]  # fmt: skip


def _in_process(work: Callable[[], object], count: int) -> Load:
    times, cpu = [], time.thread_time()
    started = before = time.perf_counter()
    for _ in range(count):
        work()
        after = time.perf_counter()
        times.append((after - before) * 1000)
        before = after
    return Load(Latencies.of(times, before - started), time.thread_time() - cpu)


def _one_by_one(server: Server, one: Company, scale: Scale, change: Callable[[], object]) -> Load:
    """Requests of one client, each after `change`, which is not timed."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers, times = {"Authorization": f"Bearer {one.token}"}, []
    until = time.perf_counter() + scale.seconds
    while time.perf_counter() < until or len(times) < 10:
        change()
        before = time.perf_counter()
        connection.request("GET", ACCOUNTS, headers=headers)
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - before) * 1000)
        if answer.status != 200:
            raise BenchError(f"{ACCOUNTS} answered {answer.status}.")
    return Load(Latencies.of(times, sum(times) / 1000))


def _change(one: Company) -> Callable[[], object]:
    account_id = one.others[0]
    return lambda: account_update(
        one.ctx(), account_id=account_id, values={"name": f"Renamed {random.random()}"}
    )


def _etag(server: Server, one: Company) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", ACCOUNTS, headers={"Authorization": f"Bearer {one.token}"})
    answer = connection.getresponse()
    answer.read()
    return answer.headers["ETag"]


def _mix(members: Sequence[Member]) -> list[Call]:
    paths = ["accounts/", "accounts/", "taxes/", "settings/", "auth/me/", "invoices/?limit=20"]
    calls = [Call("GET", f"/api/v1/{path}", one.token) for one in members for path in paths]
    random.Random(7).shuffle(calls)
    return calls


def _shares(name: str, counts: dict[Count, int]) -> str:
    process, shared, misses = (
        counts[c] for c in (Count.PROCESS_HITS, Count.REDIS_HITS, Count.MISSES)
    )
    asked = process + shared + misses
    if not asked:
        return f"{name}: not asked."
    return (
        f"{name}: {process / asked:.1%} of {asked:,} from the process, "
        f"{shared / asked:.1%} from Redis, {misses / asked:.1%} missed."
    )
