"""Redis refused, silent, slow, torn down, killed, emptied: no wrong value, no error, and back."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connections
from django.db.models import QuerySet
from django.utils import timezone
from redis import Redis

from core.cache.breaker import FAILURES_MAX
from core.cache.models import PendingBump
from core.cache.policy import Policy
from deploy.valkey import EmbeddedValkey
from tests.cast import Company
from tests.core.cache.conftest import PASSWORD, url_of
from tests.core.cache.machines import Machine, until
from tests.core.cache.proxy import FAILURES, Mode, Proxy
from tests.core.cache.values import Value

LOST = PendingBump.objects.filter(namespace="test_values")


@pytest.fixture(params=FAILURES, ids=lambda mode: mode.value)
def failure(request: pytest.FixtureRequest) -> Mode:
    mode: Mode = request.param
    return mode


@pytest.fixture(params=[Mode.REFUSE, Mode.BLACK_HOLE, Mode.RESET], ids=lambda mode: mode.value)
def silence(request: pytest.FixtureRequest) -> Mode:
    """What ends a subscription; one that is slow still hears."""
    mode: Mode = request.param
    return mode


@pytest.fixture
def other_proxy(valkey: EmbeddedValkey) -> Iterator[Proxy]:
    with Proxy(valkey.port) as started:
        yield started


def use(machine: Machine, owner: Company | Value) -> str:
    """A read that asks Redis; an idle machine may not notice that Redis has become slow."""
    return str(machine.namespace().get(owner.tenant_id, "used", lambda: "v"))


# --- while it is away ----------------------------------------------------------------


def test_values_stay_right_and_nobody_is_refused(
    machine: Callable[..., Machine], proxy: Proxy, through: str, failure: Mode, value: Value
) -> None:
    here = machine(through).settle()
    old, writer = here.namespace(), here.namespace()
    value.read(old)
    proxy.mode = failure
    for number in range(1, 6):
        value.write(writer, str(number))
        for process in (old, writer, here.namespace()):
            assert value.read(process) == str(number)
            found = process.get_many(value.tenant_id, ["n"], lambda keys: {"n": value.load()})
            assert found == {"n": str(number)}
    proxy.mode = Mode.PASS
    here.settle()
    for process in (old, writer, here.namespace()):
        assert value.read(process) == "5"


def test_it_is_left_alone_after_three_failures(
    machine: Callable[..., Machine], proxy: Proxy, through: str, failure: Mode, acme: Company
) -> None:
    """Counted, not timed: who reads and writes makes no attempt any more."""
    here = machine(through).settle()
    asked, get_connection = [], here.redis.connection_pool.get_connection

    def counted(*args: object, **kwargs: object) -> object:
        if threading.current_thread().name != "cache-listener":
            asked.append(time.monotonic())
        return get_connection(*args, **kwargs)

    here.redis.connection_pool.get_connection = counted
    proxy.mode = failure
    for number in range(100):
        here.namespace().get(acme.tenant_id, str(number), lambda: "v")
    assert here.runtime.is_away
    assert len(asked) <= FAILURES_MAX  # fewer where the listener notices first
    asked.clear()
    connected = proxy.connections
    value = Value(acme)
    for number in range(20):
        value.write(here.namespace(), str(number))
        assert value.read(here.namespace()) == str(number)
    assert asked == []
    # Only the listener knocks, twice a second.
    assert proxy.connections - connected < 200


def test_it_is_used_again_when_it_is_back(
    machine: Callable[..., Machine], proxy: Proxy, through: str, failure: Mode, acme: Company
) -> None:
    here = machine(through).settle()
    proxy.mode = failure
    until(lambda: use(here, acme) and here.runtime.is_away)
    assert not here.runtime.is_shared
    proxy.mode = Mode.PASS
    until(lambda: here.runtime.is_shared and here.runtime.listener.hearing)
    here.namespace().get(acme.tenant_id, "k", lambda: "kept")
    assert here.namespace().get(acme.tenant_id, "k", lambda: "computed") == "kept"


def test_it_may_be_away_from_the_beginning(
    machine: Callable[..., Machine], proxy: Proxy, through: str, failure: Mode, value: Value
) -> None:
    proxy.mode = failure
    here = machine(through)
    assert value.read(here.namespace()) == "0"
    value.write(here.namespace(), "1")
    assert value.read(here.namespace()) == "1"
    proxy.mode = Mode.PASS
    here.settle()
    until(lambda: not LOST.exists())


def test_a_process_that_only_writes_notices_that_redis_is_back(
    machine: Callable[..., Machine], proxy: Proxy, through: str, value: Value
) -> None:
    proxy.mode = Mode.RESET
    here = machine(through)
    for number in range(FAILURES_MAX + 1):
        value.write(here.namespace(), str(number))
    assert here.runtime.is_away
    proxy.mode = Mode.PASS
    until(lambda: not here.runtime.is_away)
    until(lambda: not LOST.exists())


# --- other machines ------------------------------------------------------------------


def test_who_does_not_hear_does_not_believe_his_memory(
    machine: Callable[..., Machine], valkey: EmbeddedValkey, proxy: Proxy, through: str,
    silence: Mode, value: Value,
) -> None:  # fmt: skip
    """But for security data, which is asked for anew every few seconds anyway."""
    ours, theirs = machine(valkey.url).settle(), machine(through, "b").settle()
    ordinary = theirs.namespace()
    checked = theirs.namespace(Policy(3600, 10, rechecked_seconds=2.0))
    assert (value.read(ordinary), value.read(checked)) == ("0", "0")
    proxy.mode = silence
    value.write(ours.namespace(), "1")
    until(lambda: not theirs.runtime.listener.hearing)
    assert value.read(ordinary) == "1"
    value.write(ours.namespace(), "2")
    assert value.read(ordinary) == "2"  # not kept either, while nobody would tell
    until(lambda: value.read(checked) == "2", 4)
    proxy.mode = Mode.PASS
    theirs.settle()
    assert value.read(ordinary) == "2"


def test_what_another_machine_said_meanwhile_is_not_missed(
    machine: Callable[..., Machine], valkey: EmbeddedValkey, proxy: Proxy, through: str,
    value: Value,
) -> None:  # fmt: skip
    """The memory from before the interruption is not believed after it."""
    ours, theirs = machine(valkey.url).settle(), machine(through, "b").settle()
    process = theirs.namespace()
    value.read(process)
    proxy.mode = Mode.REFUSE
    value.write(ours.namespace(), "1")
    proxy.mode = Mode.PASS
    until(lambda: not theirs.runtime.listener.hearing)
    theirs.settle()
    assert value.read(process) == "1"


def test_a_lost_bump_waits_in_the_database_and_arrives_when_redis_is_back(
    machine: Callable[..., Machine], proxy: Proxy, through: str, failure: Mode, value: Value,
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    ours, theirs = machine(through).settle(), machine(through, "b").settle()
    process = theirs.namespace()
    value.read(process)
    proxy.mode = failure
    until(lambda: use(ours, value) and ours.runtime.is_away)
    value.write(ours.namespace(), "1")
    assert LOST.filter(scope=str(value.tenant_id)).exists()
    assert ours.runtime.board.is_behind
    proxy.mode = Mode.PASS
    took = until(lambda: not LOST.exists())
    record_property("replayed_after_seconds", round(took, 2))
    until(lambda: not ours.runtime.board.is_behind)
    until(lambda: value.read(process) == "1", 3)
    assert value.read(theirs.namespace()) == "1"
    assert value.read(ours.namespace()) == "1"


def test_the_bump_of_a_machine_that_died_is_made_good_by_another(
    machine: Callable[..., Machine], valkey: EmbeddedValkey, proxy: Proxy, through: str,
    value: Value,
) -> None:  # fmt: skip
    ours, theirs = machine(through).settle(), machine(valkey.url, "b").settle()
    process = theirs.namespace()
    value.read(process)
    proxy.mode = Mode.REFUSE
    value.write(ours.namespace(), "1")
    ours.end()
    until(lambda: value.read(process) == "1")
    until(lambda: not LOST.exists())
    assert value.read(theirs.namespace()) == "1"


def test_a_replay_ends_although_others_go_on_writing(
    machine: Callable[..., Machine], valkey: EmbeddedValkey, value: Value
) -> None:
    """Rows of bumps that are just being made are there all the time."""
    bumps = machine(valkey.url).settle().runtime.bumps
    send, sent = bumps._send, []
    row = {"namespace": "test_values", "scope": str(value.tenant_id)}

    def send_while_another_writes(waiting: QuerySet[PendingBump]) -> int:
        sent.append(send(waiting))
        PendingBump.objects.create(**row, created_at=timezone.now())
        assert len(sent) < 20
        return sent[-1]

    bumps._send = send_while_another_writes
    PendingBump.objects.create(**row, created_at=timezone.now())
    bumps.replay(everything=True)
    assert sum(sent) >= 1


def test_lost_bumps_are_caught_up_with_under_load(
    machine: Callable[..., Machine], proxy: Proxy, through: str, value: Value
) -> None:
    """Rows of bumps that are just being made lie there all the time; they are not waited for."""
    here = machine(through).settle()
    proxy.mode = Mode.RESET
    value.write(here.namespace(), "0")
    ended = threading.Event()

    def load() -> None:
        namespace, number = here.namespace(), 0
        try:
            while not ended.is_set():
                number += 1
                value.write(namespace, str(number))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        loads = [pool.submit(load) for _ in range(2)]
        try:
            proxy.mode = Mode.PASS
            until(lambda: here.runtime.is_shared and here.runtime.listener.hearing, 8)
        finally:
            ended.set()
        for one in loads:
            one.result(10)


# --- what Redis forgets --------------------------------------------------------------


def test_versions_that_are_evicted_alone_bring_no_old_value_back(
    machine: Callable[..., Machine], valkey: EmbeddedValkey, redis: Redis, acme: Company
) -> None:
    here = machine(valkey.url).settle()
    here.namespace().get(acme.tenant_id, "k", lambda: "old")
    for name in (f"erp:test_values:{acme.tenant_id}:version", "erp:test_values:version"):
        assert redis.delete(name) == 1
        assert here.namespace().get(acme.tenant_id, "k", lambda: "new") == "new"
        assert here.namespace().get(acme.tenant_id, "k", lambda: "newer") == "new"
        here.namespace().get(acme.tenant_id, "k", lambda: "old")
        redis.delete(f"erp:test_values:{acme.tenant_id}:value:k")
        here.namespace().get(acme.tenant_id, "k", lambda: "old")


def test_a_server_that_comes_back_with_what_it_knew_yesterday_is_not_believed(
    machine: Callable[..., Machine], tmp_path_factory: pytest.TempPathFactory, value: Value
) -> None:
    folder = tmp_path_factory.mktemp("yesterday")
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(0o711)
    with _server(folder) as server, Redis.from_url(server.url) as redis:
        here = machine(server.url).settle()
        value.read(here.namespace(name="items"))
        redis.save()
        value.write(here.namespace(name="items"), "1")
        assert value.read(here.namespace(name="items")) == "1"
        server.child.kill()
        server.child.wait()
        assert value.read(here.namespace(name="items")) == "1"
        until(lambda: not here.runtime.listener.hearing)
        server.start()
        here.settle()
        assert redis.exists("erp:items:version")
        assert value.read(here.namespace(name="items")) == "1"


def test_nobody_asks_a_server_from_yesterday_before_it_was_told(
    machine: Callable[..., Machine], valkey: EmbeddedValkey, redis: Redis, value: Value
) -> None:
    """What it knows is void before it is asked for anything."""
    here = machine(valkey.url).settle()
    value.read(here.namespace(name="items"))
    before = {name: redis.dump(name) for name in redis.keys("erp:items:*")}
    value.write(here.namespace(name="items"), "1")
    everywhere, seen = here.runtime.bumps.everywhere, []

    def look_first() -> None:
        with ThreadPoolExecutor(1) as pool:
            seen.append(pool.submit(_read_and_leave, value, here).result())
        everywhere()

    here.runtime.bumps.everywhere = look_first
    for name, dumped in before.items():
        redis.restore(name, 60_000, dumped, replace=True)
    redis.delete("erp:server")
    for client in redis.client_list(_type="pubsub"):
        redis.client_kill_filter(_id=client["id"])
    until(lambda: seen)
    assert seen == ["1"]
    here.settle()
    assert value.read(here.namespace(name="items")) == "1"


def _read_and_leave(value: Value, machine: Machine) -> str:
    try:
        return value.read(machine.namespace(name="items"))
    finally:
        connections.close_all()


class _server:  # noqa: N801  reads as a function
    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedValkey(folder, PASSWORD, None, durable=False)

    def __enter__(self) -> EmbeddedValkey:
        self._server.start()
        return self._server

    def __exit__(self, *_: object) -> None:
        self._server.stop()


def test_whatever_happens_to_redis_meanwhile_nobody_reads_what_is_older_than_an_answer(
    machine: Callable[..., Machine], redis: Redis, proxy: Proxy, other_proxy: Proxy, value: Value
) -> None:
    """Emptied and cut again and again, under three processes' reads and one's writes."""
    here = machine(url_of(proxy)).settle()
    processes = [here.namespace() for _ in range(3)]
    answered, ended = [0], threading.Event()
    wrong: list[tuple[int, int]] = []

    def read(number: int) -> None:
        try:
            while not ended.is_set():
                least = answered[0]
                found = int(value.read(processes[number]))
                if found < least:
                    wrong.append((least, found))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read, number) for number in range(3)]
        try:
            for number in range(1, 151):
                if number % 20 == 0:
                    redis.flushall()
                if number % 30 == 10:
                    proxy.mode = FAILURES[number // 30 % len(FAILURES)]
                if number % 30 == 20:
                    proxy.mode = Mode.PASS
                value.write(processes[0], str(number))
                answered[0] = number
                found = int(value.read(processes[number % 3]))
                assert found == number
        finally:
            ended.set()
        for one in readers:
            one.result(20)
    assert wrong == []
