"""Races, forced: one party is stopped between two steps while the other one runs."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections
from redis import Redis

from core.cache.counters import Count
from core.cache.models import PendingBump
from core.cache.namespaces import Namespace
from core.cache.policy import Policy
from core.cache.shared_tier import Away
from deploy.valkey import EmbeddedValkey
from tests.cast import Company
from tests.core.cache.machines import Machine, until
from tests.core.cache.proxy import Mode, Proxy
from tests.core.cache.values import Value

SECONDS = 10


class Halt:
    """Wrap a step; whoever comes to it first waits there until he is let go."""

    def __init__(self, step: Callable[..., Any]) -> None:
        self._step = step
        self.reached, self._go = threading.Event(), threading.Event()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        found = self._step(*args, **kwargs)
        if not self.reached.is_set():
            self.reached.set()
            assert self._go.wait(SECONDS)
        return found

    def let_go(self) -> None:
        self._go.set()


@contextmanager
def beside(work: Callable[[], Any]) -> Iterator[Any]:
    """Run `work` in another thread; yields its future."""

    def run() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(run)


# --- reader computes, writer commits, reader stores ----------------------------------


def test_a_slow_reader_does_not_bring_back_what_was_changed(here: Machine, value: Value) -> None:
    """Neither to his own process, nor to others, nor to who reads with him."""
    namespace, other = here.namespace(), here.namespace()
    halt = Halt(value.load)
    with beside(lambda: namespace.get(value.tenant_id, "name", halt)) as slow:
        assert halt.reached.wait(SECONDS)
        value.write(other, "1")
        assert value.read(other) == "1"
        assert value.read(namespace) == "1"  # the flight left before the change: he takes his own
        halt.let_go()
        assert slow.result(SECONDS) == "0"
    for process in (namespace, other, here.namespace()):
        assert value.read(process) == "1"


def test_a_slow_reader_of_many_does_not_either(here: Machine, value: Value) -> None:
    namespace = here.namespace()
    halt = Halt(lambda keys: {"name": value.load()})
    with beside(lambda: namespace.get_many(value.tenant_id, ["name"], halt)) as slow:
        assert halt.reached.wait(SECONDS)
        value.write(namespace, "1")
        halt.let_go()
        assert slow.result(SECONDS) == {"name": "0"}
    assert value.read(namespace) == "1"
    assert value.read(here.namespace()) == "1"


def test_a_slow_reader_on_another_machine_does_not_either(
    machine: Callable[..., Machine], valkey: EmbeddedValkey, value: Value
) -> None:
    ours, theirs = machine(valkey.url).settle(), machine(valkey.url, "b").settle()
    slow_one, halt = theirs.namespace(), Halt(value.load)
    with beside(lambda: slow_one.get(value.tenant_id, "name", halt)) as slow:
        assert halt.reached.wait(SECONDS)
        value.write(ours.namespace(), "1")
        halt.let_go()
        assert slow.result(SECONDS) == "0"
    assert value.read(ours.namespace()) == "1"
    assert value.read(theirs.namespace()) == "1"
    until(lambda: value.read(slow_one) == "1", 2)


def test_who_reads_between_the_steps_of_a_bump_keeps_nothing_old(
    here: Machine, value: Value, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The board and Redis hear of a change one after the other."""
    writer, reader = here.namespace(), here.namespace()
    value.read(here.namespace())  # the second tier has the old value, the reader has not
    board, tier, between = here.runtime.board, here.runtime.tier, []
    steps = {board: board.bump, tier: tier.bump}

    def look() -> None:
        between.append(value.read(reader))
        between.append(value.read(here.namespace()))

    def stepped(owner: Any) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            beside_look()
            found = steps[owner](*args)
            beside_look()
            return found

        return run

    def beside_look() -> None:
        with beside(look) as looking:
            looking.result(SECONDS)

    monkeypatch.setattr(board, "bump", stepped(board))
    monkeypatch.setattr(tier, "bump", stepped(tier))
    value.write(writer, "1")
    monkeypatch.undo()
    assert between
    assert [value.read(one) for one in (writer, reader, here.namespace())] == ["1"] * 3


def test_who_reads_while_a_lost_bump_is_replayed_keeps_nothing_old(
    machine: Callable[..., Machine], redis: Redis, proxy: Proxy, through: str, value: Value
) -> None:
    """At each step of the replay; Redis has the old value until the last one."""
    here = machine(through).settle()
    writer = here.namespace()
    value.read(writer)
    proxy.mode = Mode.RESET
    value.write(writer, "1")
    bumps, board, tier = here.runtime.bumps, here.runtime.board, here.runtime.tier
    seen: list[str] = []

    def looked(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            with beside(lambda: value.read(here.namespace())) as before:
                seen.append(before.result(SECONDS))
            found = step(*args)
            with beside(lambda: value.read(here.namespace())) as after:
                seen.append(after.result(SECONDS))
            return found

        return run

    bumps._send, tier.bump, board.bump = looked(bumps._send), looked(tier.bump), looked(board.bump)
    proxy.mode = Mode.PASS
    until(lambda: not PendingBump.objects.filter(namespace="test_values").exists())
    until(lambda: not board.is_behind)
    assert seen
    assert set(seen) == {"1"}
    assert redis.exists(f"erp:test_values:{value.tenant_id}:version")


def test_two_processes_replay_and_none_believes_redis_too_early(
    machine: Callable[..., Machine], proxy: Proxy, through: str, value: Value
) -> None:
    """One holds the rows and has not sent them; the other finds nothing to do."""
    first, second = machine(through).settle(), machine(through).settle()
    value.read(first.namespace())
    proxy.mode = Mode.RESET
    value.write(first.namespace(), "1")
    halt_before = threading.Event()
    bump, reached = first.runtime.tier.bump, threading.Event()

    def late(*args: Any) -> None:
        reached.set()
        assert halt_before.wait(SECONDS)
        bump(*args)

    first.runtime.tier.bump = late
    second.runtime.tier.bump = late
    proxy.mode = Mode.PASS
    assert reached.wait(SECONDS)
    until(lambda: not (first.runtime.is_away and second.runtime.is_away))
    for _ in range(20):
        assert value.read(first.namespace()) == "1"
        assert value.read(second.namespace()) == "1"
    halt_before.set()
    until(lambda: not first.runtime.board.is_behind)
    assert value.read(second.namespace()) == "1"


# --- a slow reader whom no bump reaches ----------------------------------------------


def test_security_data_is_as_old_as_its_reading_not_as_its_keeping(
    machine: Callable[..., Machine], proxy: Proxy, through: str, value: Value
) -> None:
    """No bump arrives; a reader who was slow has no longer to live than if he had been quick."""
    here = machine(through).settle()
    policy = Policy(3600, 10, rechecked_seconds=1.0)
    namespace, halt = here.namespace(policy), Halt(value.load)
    with beside(lambda: namespace.get(value.tenant_id, "name", halt)) as slow:
        assert halt.reached.wait(SECONDS)
        proxy.mode = Mode.REFUSE
        elsewhere = here.namespace()  # a write on a machine that nobody hears
        here.runtime.bumps.on_board = lambda bumps: None
        value.write(elsewhere, "1")
        threading.Event().wait(1.2)
        halt.let_go()
        slow.result(SECONDS)
    assert value.read(namespace) == "1"


# --- single flight -------------------------------------------------------------------


def many_at_once(number: int, read: Callable[[], Any]) -> list[Any]:
    barrier = threading.Barrier(number)

    def run(_: int) -> Any:
        barrier.wait(SECONDS)
        try:
            return read()
        except LookupError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def test_two_hundred_misses_at_once_compute_once(here: Machine, acme: Company) -> None:
    namespace, entered = here.namespace(), threading.Event()
    loads: list[int] = []

    def load() -> str:
        loads.append(threading.get_ident())
        entered.wait(0.3)  # long enough for the others to arrive
        return "v"

    found = many_at_once(200, lambda: namespace.get(acme.tenant_id, "k", load))
    assert found == ["v"] * 200
    assert len(loads) == 1
    assert here.counted(Count.RECOMPUTES) == 1


def test_when_the_first_fails_the_others_get_answers_of_their_own(
    here: Machine, acme: Company
) -> None:
    namespace, lock, calls = here.namespace(), threading.Lock(), []

    def load() -> str:
        with lock:
            calls.append(1)
            is_first = len(calls) == 1
        if is_first:
            threading.Event().wait(0.2)
            raise LookupError("mine alone")
        return "v"

    found = many_at_once(20, lambda: namespace.get(acme.tenant_id, "k", load))
    assert sum(isinstance(one, LookupError) for one in found) == 1
    assert found.count("v") == 19


def test_processes_of_two_machines_compute_once_where_they_can_tell_each_other(
    machine: Callable[..., Machine], valkey: EmbeddedValkey, acme: Company
) -> None:
    processes = [machine(valkey.url, board).settle().namespace() for board in ("a", "a", "b", "b")]
    loads: list[int] = []
    barrier = threading.Barrier(len(processes))

    def load() -> str:
        loads.append(1)
        threading.Event().wait(0.03)
        return "v"

    def run(namespace: Namespace[Any]) -> Any:
        barrier.wait(SECONDS)
        return namespace.get(acme.tenant_id, "k", load)

    with ThreadPoolExecutor(len(processes)) as pool:
        assert list(pool.map(run, processes)) == ["v"] * 4
    assert len(loads) == 1


def test_a_lock_that_nobody_gives_back_holds_nobody_up(
    machine: Callable[..., Machine], valkey: EmbeddedValkey, redis: Redis, acme: Company
) -> None:
    here = machine(valkey.url).settle()
    redis.set(f"erp:test_values:{acme.tenant_id}:value:k:lock", b"1", px=60_000)
    assert here.namespace().get(acme.tenant_id, "k", lambda: "v") == "v"


# --- fork ----------------------------------------------------------------------------


def test_a_forked_child_has_a_cache_of_its_own(here: Machine, value: Value) -> None:
    """It hears, replays and counts for itself, and shares what its parent remembers."""
    namespace = here.namespace()
    value.read(namespace)
    reading, writing = os.pipe()
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            listener = here.runtime.listener
            assert value.read(namespace) == "0"
            here.runtime.listener.ensure()
            until(lambda: listener.hearing)
            value.write(namespace, "1")
            assert value.read(namespace) == "1"
            rows = PendingBump.objects.filter(namespace="test_values")
            until(lambda: not rows.exists())
            os.write(writing, b"done")
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    os.close(writing)
    assert os.waitstatus_to_exitcode(status) == 0
    assert os.read(reading, 10) == b"done"
    os.close(reading)
    assert value.read(namespace) == "1"
    value.write(namespace, "2")
    assert value.read(namespace) == "2"


def test_away_is_what_a_tier_says_not_what_a_reader_gets(here: Machine, value: Value) -> None:
    def away(*args: Any) -> Any:
        raise Away

    for name in ("read", "store", "lock", "unlock", "bump"):
        setattr(here.runtime.tier, name, away)
    namespace = here.namespace()
    assert value.read(namespace) == "0"
    value.write(namespace, "1")
    assert value.read(namespace) == "1"
