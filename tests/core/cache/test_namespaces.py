"""What a namespace promises, with Redis, with memory alone, and without a second tier."""

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from redis import Redis

from accounting.models import Contact
from accounting.selectors.facts import BOOKING_FACTS, AccountFact, ContactFact, TaxFact
from core.cache.answers import Answer, answers
from core.cache.counters import Count
from core.cache.models import PendingBump
from core.cache.namespaces import Codec, Namespace
from core.cache.policy import Policy
from core.cache.recall import JITTER
from core.ids import uuid7
from core.tenancy.context import Context
from core.tenancy.transactions import command, query
from permissions.caches import SESSIONS, USER_PERMISSIONS, Session
from tests.cast import Company
from tests.core.cache.machines import Machine, until
from tests.core.cache.values import Value


class Loads:
    """Something to load, and how often it was."""

    def __init__(self, value: Any = "v") -> None:
        self.value, self.times = value, 0

    def __call__(self) -> Any:
        self.times += 1
        return self.value


def test_a_miss_computes_and_a_hit_does_not(here: Machine, acme: Company) -> None:
    namespace, load = here.namespace(), Loads()
    assert [namespace.get(acme.tenant_id, "k", load) for _ in range(3)] == ["v"] * 3
    assert load.times == 1


def test_another_process_has_it_from_the_second_tier(
    here: Machine, mode: str, acme: Company
) -> None:
    load = Loads()
    here.namespace().get(acme.tenant_id, "k", load)
    assert here.namespace().get(acme.tenant_id, "k", load) == "v"
    assert load.times == (2 if mode == "disabled" else 1)


def test_keys_and_scopes_are_apart(here: Machine, acme: Company, globex: Company) -> None:
    namespace = here.namespace()
    for tenant in (acme.tenant_id, globex.tenant_id):
        for key in ("a", "b"):
            assert namespace.get(tenant, key, lambda t=tenant, k=key: f"{t} {k}") == (
                f"{tenant} {key}"
            )
    other = here.namespace()
    assert other.get(globex.tenant_id, "a", lambda: f"{globex.tenant_id} a").startswith(
        str(globex.tenant_id)
    )


def test_none_is_not_kept(here: Machine, acme: Company) -> None:
    namespace, load = here.namespace(), Loads(None)
    assert namespace.get(acme.tenant_id, "k", load) is None
    load.value = "there now"
    assert namespace.get(acme.tenant_id, "k", load) == "there now"


@pytest.mark.parametrize("empty", ["", [], {}, 0, False])
def test_what_is_empty_is_kept(here: Machine, acme: Company, empty: Any) -> None:
    namespace, load = here.namespace(), Loads(empty)
    assert namespace.get(acme.tenant_id, "k", load) == empty
    assert namespace.get(acme.tenant_id, "k", load) == empty
    assert load.times == 1


def test_an_entry_expires(here: Machine, acme: Company) -> None:
    namespace, load = here.namespace(Policy(1, 10)), Loads()
    namespace.get(acme.tenant_id, "k", load)
    load.value = "newer"
    until(lambda: namespace.get(acme.tenant_id, "k", load) == "newer", 3)


def test_security_data_is_asked_for_anew_whatever_its_ttl(here: Machine, acme: Company) -> None:
    """In both tiers together: what is handed from one to the other is not younger there."""
    policy = Policy(3600, 10, rechecked_seconds=0.6)
    load, started = Loads(), time.monotonic()
    here.namespace(policy).get(acme.tenant_id, "k", load)
    load.value = "revoked"
    # A new process at each question: the second tier answers, or nothing does.
    until(lambda: here.namespace(policy).get(acme.tenant_id, "k", load) == "revoked", 3)
    last, load.value = here.namespace(policy), "given back"
    until(lambda: last.get(acme.tenant_id, "k", load) == "given back", 3)
    assert time.monotonic() - started < 3


def test_times_to_live_are_spread(here: Machine, acme: Company) -> None:
    namespace, before = here.namespace(Policy(100, 50)), time.monotonic()
    for number in range(30):
        namespace.get(acme.tenant_id, str(number), Loads())
    left = [
        namespace.entries.get((acme.tenant_id, str(number))).believed_until - before
        for number in range(30)
    ]
    assert min(left) >= 100 * (1 - JITTER)
    assert max(left) <= 100 + (time.monotonic() - before)
    assert max(left) - min(left) > 1


def test_the_first_tier_is_bounded_and_counts_what_it_puts_out(
    here: Machine, acme: Company
) -> None:
    namespace, before = here.namespace(Policy(60, 10)), here.counted(Count.EVICTIONS)
    for number in range(25):
        namespace.get(acme.tenant_id, str(number), Loads())
    assert len(namespace.entries) == 10
    assert here.counted(Count.EVICTIONS) - before == 15


def test_the_least_recently_used_goes_first(here: Machine, acme: Company) -> None:
    namespace, load = here.namespace(Policy(60, 3)), Loads()
    for key in ("a", "b", "c", "a", "d"):
        namespace.get(acme.tenant_id, key, load)
    assert namespace.entries.get((acme.tenant_id, "a")) is not None
    assert namespace.entries.get((acme.tenant_id, "b")) is None


def test_many_asks_only_for_what_is_missing(here: Machine, acme: Company) -> None:
    namespace, asked = here.namespace(), []

    def load(keys: list[str]) -> dict[str, str]:
        asked.append(sorted(keys))
        return {key: key * 2 for key in keys if key != "none"}

    assert namespace.get_many(acme.tenant_id, ["a", "b", "a"], load) == {"a": "aa", "b": "bb"}
    assert namespace.get_many(acme.tenant_id, ["b", "c", "none"], load) == {"b": "bb", "c": "cc"}
    assert namespace.get_many(acme.tenant_id, ["a", "c"], load) == {"a": "aa", "c": "cc"}
    assert asked == [["a", "b"], ["c", "none"]]
    assert namespace.get(acme.tenant_id, "a", Loads("computed")) == "aa"


def test_counters(here: Machine, mode: str, acme: Company, value: Value) -> None:
    namespace = here.namespace()
    before = dict(here.runtime.board.counters.totals()["test_values"])
    value.read(namespace)
    value.read(namespace)
    value.read(here.namespace())
    value.write(namespace, "1")
    after = here.runtime.board.counters.totals()["test_values"]
    counts = {count: after[count] - before[count] for count in Count}
    shared = 0 if mode == "disabled" else 1
    assert counts == {
        Count.PROCESS_HITS: 1, Count.REDIS_HITS: shared, Count.MISSES: 2 - shared,
        Count.RECOMPUTES: 2 - shared, Count.EVICTIONS: 0, Count.ERRORS: 0, Count.BUMPS: 1,
    }  # fmt: skip


# --- bumps --------------------------------------------------------------------------


def test_a_committed_change_is_seen_at_once(here: Machine, value: Value) -> None:
    mine, other = here.namespace(), here.namespace()
    for number in range(20):
        value.write(mine, str(number))
        assert (value.read(mine), value.read(other)) == (str(number), str(number))
        assert value.read(here.namespace()) == str(number)


def test_a_change_is_no_bump_before_it_is_committed(here: Machine, value: Value) -> None:
    namespace, seen = here.namespace(), []
    value.read(namespace)

    def look() -> None:
        with ThreadPoolExecutor(1) as pool:
            seen.append(pool.submit(value.read, namespace).result())

    before = here.counted(Count.RECOMPUTES)
    value.write(namespace, "1", then=look)
    assert seen == ["0"]
    assert here.counted(Count.RECOMPUTES) == before
    assert value.read(namespace) == "1"


class Undo(Exception):
    pass


def undo() -> None:
    raise Undo


def test_a_rolled_back_change_changes_nothing(here: Machine, value: Value) -> None:
    namespace = here.namespace()
    value.read(namespace)
    before = here.counted(Count.RECOMPUTES), here.counted(Count.BUMPS)
    with pytest.raises(Undo):
        value.write(namespace, "1", then=undo)
    assert value.read(namespace) == "0"
    assert (here.counted(Count.RECOMPUTES), here.counted(Count.BUMPS)) == before
    rows = PendingBump.objects.filter(scope=str(value.tenant_id))
    assert not rows.filter(namespace=namespace.name).exists()


def test_a_bump_of_a_rolled_back_savepoint_is_none(here: Machine, value: Value) -> None:
    namespace = here.namespace()
    value.read(namespace)

    @command
    def tried(ctx: Context) -> None:
        with suppress(Undo), transaction.atomic():
            namespace.bump(ctx.tenant_id)
            raise Undo

    tried(value.company.ctx())
    assert here.counted(Count.BUMPS) == 0
    before = here.counted(Count.RECOMPUTES)
    assert value.read(namespace) == "0"
    assert here.counted(Count.RECOMPUTES) == before


def test_a_transaction_that_bumped_reads_its_own_writes(here: Machine, value: Value) -> None:
    namespace, seen = here.namespace(), []
    value.read(namespace)

    def look() -> None:
        seen.append(value.read(namespace))
        found = namespace.get_many(value.tenant_id, ["name"], lambda keys: {"name": value.load()})
        seen.append(found["name"])

    value.write(namespace, "1", then=look)
    assert seen == ["1", "1"]


def test_what_a_rolled_back_transaction_computed_is_not_kept(here: Machine, value: Value) -> None:
    """The transaction has changed the value and not bumped yet when it reads it."""
    namespace, seen = here.namespace(), []

    @command
    def tried(ctx: Context) -> None:
        Contact.objects.filter(pk=value.id).update(name="never")
        seen.append(value.read(namespace))
        found = namespace.get_many(ctx.tenant_id, ["n"], lambda keys: {"n": value.load()})
        seen.append(found["n"])
        undo()

    with pytest.raises(Undo):
        tried(value.company.ctx())
    assert seen == ["never", "never"]
    assert value.read(namespace) == "0"
    assert value.read(here.namespace()) == "0"
    assert namespace.get(value.tenant_id, "n", value.load) == "0"


def test_what_is_computed_before_a_bump_of_the_same_transaction_is_void(
    here: Machine, value: Value
) -> None:
    namespace = here.namespace()

    @command
    def changed(ctx: Context) -> None:
        assert value.read(namespace) == "0"
        Contact.objects.filter(pk=value.id).update(name="1")
        namespace.bump(ctx.tenant_id)

    changed(value.company.ctx())
    assert value.read(namespace) == "1"
    assert value.read(here.namespace()) == "1"


def test_a_bump_is_of_one_scope_or_of_every(here: Machine, acme: Company, globex: Company) -> None:
    namespace, load = here.namespace(), Loads("old")

    def read() -> list[Any]:
        tenants = (acme.tenant_id, globex.tenant_id)
        return [namespace.get(tenant, "k", load) for tenant in tenants]

    read()
    load.value = "new"
    with transaction.atomic():
        namespace.bump(acme.tenant_id)
    assert read() == ["new", "old"]
    load.value = "newest"
    with transaction.atomic():
        namespace.runtime.bump([(namespace.name, "")])
    assert read() == ["newest", "newest"]
    assert here.namespace().get(globex.tenant_id, "k", load) == "newest"


def test_a_bump_is_of_one_namespace(here: Machine, acme: Company) -> None:
    first, second, load = here.namespace(), here.namespace(name="test_others"), Loads("old")
    for namespace in (first, second):
        namespace.get(acme.tenant_id, "k", load)
    load.value = "new"
    with transaction.atomic():
        first.bump(acme.tenant_id)
    assert second.get(acme.tenant_id, "k", load) == "old"
    assert first.get(acme.tenant_id, "k", load) == "new"


def test_rows_of_bumps_that_arrived_are_gone_soon(here: Machine, value: Value) -> None:
    namespace = here.namespace()
    value.read(namespace)
    value.write(namespace, "1")
    assert PendingBump.objects.filter(scope=str(value.tenant_id)).exists()
    until(lambda: not PendingBump.objects.filter(scope=str(value.tenant_id)).exists())


def test_a_bump_that_nobody_made_good_is_replayed(here: Machine, value: Value) -> None:
    """A process was killed between its commit and its bump: only the row is left."""
    namespace = here.namespace()
    value.read(namespace)

    @command
    def killed(ctx: Context) -> None:
        Contact.objects.filter(pk=value.id).update(name="1")
        row = {"namespace": "test_values", "scope": str(ctx.tenant_id), "created_at": ctx.now}
        PendingBump.objects.create(**row)

    def is_made_good() -> bool:
        # A server of another test may take the row, for a board that is not this machine's.
        if not PendingBump.objects.filter(scope=str(value.tenant_id)).exists():
            killed(value.company.ctx())
        return bool(value.read(namespace) == "1")

    until(is_made_good)
    until(lambda: not PendingBump.objects.filter(scope=str(value.tenant_id)).exists())
    assert value.read(here.namespace()) == "1"


def test_a_bump_of_a_namespace_that_is_no_more_stops_nobody(here: Machine, value: Value) -> None:
    """A later release wrote it, or an earlier one."""
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    PendingBump.objects.create(namespace="of_another_release", scope="", created_at=long_ago)
    scope = str(value.tenant_id)
    namespace = here.namespace()
    value.read(namespace)
    PendingBump.objects.create(namespace="test_values", scope=scope, created_at=long_ago)
    until(lambda: not PendingBump.objects.exists())
    assert here.runtime.listener.hearing


# --- threads ------------------------------------------------------------------------


def test_many_threads_get_what_is_right(here: Machine, acme: Company) -> None:
    """More keys than fit, so that every tier is written and read by all of them at once."""
    policy = Policy(60, 20)
    processes = [here.namespace(policy) for _ in range(3)]

    def hammer(seed: int) -> None:
        for turn in range(300):
            key = str((seed * 31 + turn * 7) % 60)
            namespace = processes[(seed + turn) % 3]
            assert namespace.get(acme.tenant_id, key, lambda k=key: f"of {k}") == f"of {key}"
            if turn % 50 == 0:
                with transaction.atomic():
                    namespace.bump(acme.tenant_id)

    with ThreadPoolExecutor(8, initializer=None) as pool:
        list(pool.map(_and_disconnect(hammer), range(8)))


def test_what_expires_under_many_threads_hurts_none_of_them(
    machine: Callable[..., Machine],
) -> None:
    """The tier in memory drops what has expired while others look at it."""
    tier = machine("memory").runtime.tier

    def hammer(seed: int) -> None:
        for turn in range(1_500):
            scope = str((seed * 7 + turn) % 40)
            found = tier.read("test_values", scope, ["a", "b"])
            assert set(found.values.values()) <= {b"v"}
            tier.store("test_values", scope, {"a": b"v", "b": b"v"}, found, turn % 3 * 0.0005)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(hammer, range(8)))
    finally:
        sys.setswitchinterval(before)


def _and_disconnect(work: Callable[[int], None]) -> Callable[[int], None]:
    from django.db import connections

    def run(seed: int) -> None:
        try:
            work(seed)
        finally:
            connections.close_all()

    return run


# --- codecs, and what is in Redis ---------------------------------------------------

NOW = datetime(2026, 3, 2, 10, 30, 1, 123456, tzinfo=UTC)
ID = UUID("0190a1b2-0000-7000-8000-000000000001")
KEPT: list[tuple[Namespace[Any], Any]] = [
    (SESSIONS, Session(ID, uuid7(), uuid7(), NOW, NOW)),
    (USER_PERMISSIONS, frozenset({"a.b.c", "d.e.f"})),
    (USER_PERMISSIONS, frozenset()),
    (answers("accounts"), Answer(b'{"data":[]}\n\xc3\xa9 "', '"etag"')),
    (answers("accounts"), Answer(b"", "")),
    (BOOKING_FACTS, AccountFact(ID, "bank", "1200", False, True)),
    (BOOKING_FACTS, [AccountFact(ID, "bank", "1200", False, True)]),
    (BOOKING_FACTS, []),
    (BOOKING_FACTS, ContactFact(ID, "Dawson & Sons", "GB", None, True)),
    (BOOKING_FACTS, {2026: ID, 2027: uuid7()}),
    (BOOKING_FACTS, {"base_currency": "GBP", "fiscal_year_start_month": 4}),
]


@pytest.mark.parametrize(("namespace", "kept"), KEPT)
def test_codecs_give_back_what_they_were_given(namespace: Namespace[Any], kept: Any) -> None:
    data = namespace.codec.encode(kept)
    assert isinstance(data, bytes)
    back = namespace.codec.decode(data)
    assert back == kept
    assert type(back) is type(kept)


def test_a_tax_keeps_its_rate_to_the_last_digit() -> None:
    row = [str(ID), "S", "7.7000", True, str(ID), "2026-01-01", None, True]
    tax = TaxFact.of(row)
    back = BOOKING_FACTS.codec.decode(BOOKING_FACTS.codec.encode(tax))
    assert back == tax
    assert str(back.rate) == "7.7000"


@pytest.fixture
def with_redis(machine: Callable[..., Machine], valkey: Any) -> Machine:
    return machine(valkey.url).settle()


def test_keys_in_redis_name_their_tenant_and_values_are_no_pickle(
    with_redis: Machine, redis: Redis, acme: Company, globex: Company
) -> None:
    namespace = with_redis.namespace()
    for company in (acme, globex):
        namespace.get(company.tenant_id, "k", lambda c=company: {"name": c.slug})
    values = redis.keys("erp:test_values:*:value:*")
    assert len(values) == 2
    for name in values:
        tenant = name.decode().split(":")[2]
        body = redis.get(name)
        slug = {str(c.tenant_id): c.slug for c in (acme, globex)}[tenant]
        assert body.endswith(b'{"name":"%s"}' % slug.encode())
        assert 0 < redis.pttl(name) <= 60_000


def test_redis_is_never_asked_to_look_through_its_keys(
    with_redis: Machine, redis: Redis, value: Value
) -> None:
    redis.config_resetstat()
    namespace = with_redis.namespace()
    for number in range(5):
        value.read(namespace)
        value.read(with_redis.namespace())
        value.write(namespace, str(number))
    namespace.get_many(value.tenant_id, ["a", "b"], lambda keys: dict.fromkeys(keys, 1))
    with transaction.atomic():
        namespace.runtime.bump([(namespace.name, "")])
    commands = {name.removeprefix("cmdstat_") for name in redis.info("commandstats")}
    assert {"mget", "set", "publish"} <= commands
    assert not commands & {"keys", "scan", "flushdb", "flushall", "eval", "sort"}, commands


def test_a_value_that_cannot_be_read_is_computed_anew(
    with_redis: Machine, redis: Redis, acme: Company
) -> None:
    """Another release wrote it in a shape of its own."""
    with_redis.namespace().get(acme.tenant_id, "k", Loads())
    [name] = redis.keys("erp:test_values:*:value:k")
    redis.set(name, redis.get(name)[:16] + b"\x80\x04K\x01.", ex=60)
    assert with_redis.namespace().get(acme.tenant_id, "k", Loads("anew")) == "anew"


def test_made_up_tokens_leave_nothing_lasting_in_redis(with_redis: Machine, redis: Redis) -> None:
    """Anybody may send them, as many as he likes, and Redis may not forget anything else."""
    policy = Policy(3600, 10, rechecked_seconds=5.0)
    namespace = with_redis.namespace(policy)
    for number in range(10):
        namespace.get(f"made up {number}", "", Loads(None))
    left = redis.keys("erp:test_values:made up *")
    assert all(redis.ttl(name) <= 120 for name in left)


def test_what_comes_from_redis_is_as_old_as_it_is(with_redis: Machine, acme: Company) -> None:
    """Two processes do not believe one answer of the database twice as long as one does."""
    policy = Policy(3600, 10, rechecked_seconds=1.5)
    first, second, load = with_redis.namespace(policy), with_redis.namespace(policy), Loads()
    started = time.monotonic()
    first.get(acme.tenant_id, "k", load)
    while time.monotonic() - started < 1.0:
        time.sleep(0.05)
    second.get(acme.tenant_id, "k", load)
    entry = second.entries.get((acme.tenant_id, "k"))
    assert entry is not None
    assert entry.believed_until <= started + policy.believed_seconds + 0.1


def test_what_is_too_large_stays_in_the_process(
    with_redis: Machine, redis: Redis, acme: Company
) -> None:
    large, load = "x" * 600_000, Loads("x" * 600_000)
    namespace = with_redis.namespace()
    assert namespace.get(acme.tenant_id, "k", load) == namespace.get(acme.tenant_id, "k", load)
    assert load.times == 1
    assert load.value == large
    assert not redis.keys("erp:test_values:*:value:*")


def test_a_codec_of_ones_own(here: Machine, acme: Company) -> None:
    codec = Codec(lambda number: b"%d" % number, int)
    for _ in range(2):
        assert here.namespace(codec=codec).get(acme.tenant_id, "k", lambda: 7) == 7


def test_reading_in_a_query_is_kept(here: Machine, value: Value) -> None:
    namespace = here.namespace()

    @query
    def read(ctx: Context) -> str:
        return value.read(namespace)

    assert read(value.company.ctx()) == "0"
    before = here.counted(Count.RECOMPUTES)
    assert value.read(namespace) == "0"
    assert here.counted(Count.RECOMPUTES) == before


def test_who_reads_his_own_key_again_while_he_computes_it_is_not_stuck(
    here: Machine, acme: Company
) -> None:
    namespace, done = here.namespace(), threading.Event()

    def compute() -> str:
        return "outer " + namespace.get(acme.tenant_id, "k", lambda: "inner")

    def run() -> None:
        assert namespace.get(acme.tenant_id, "k", compute) == "outer inner"
        done.set()

    threading.Thread(target=run, daemon=True).start()
    assert done.wait(4)
