"""Maintenance among readers and writers: it waits for nobody for long, and nobody for it."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from core.partitions import registry
from core.partitions.registry import Family
from core.partitions.services import partitions_ensure, partitions_maintain
from core.partitions.steps import only_maintainer, step
from tests.cast import Company
from tests.core.raw import raw
from tests.database import connect
from tests.partitions.scratch import HEARD, SAID, at, partitions, say, sayings

NOW = at(2027, 3, 10)
CREATE = "SELECT create_partition(%s, %s::date)"


def at_once(*works: Callable[[], Any]) -> list[Any]:
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@contextmanager
def long_reader(tenant_id: Any, table: str = SAID) -> Iterator[None]:
    """Somebody who has read all of the table and does not end his transaction."""
    with connect("default") as connection:
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.execute("SET transaction_timeout = 0")
        with connection.transaction():
            connection.execute(f"SET LOCAL app.tenant_id = '{tenant_id}'")
            connection.execute(f"SELECT count(*) FROM {table}")
            yield


@contextmanager
def writer(tenant_id: Any) -> Iterator[list[float]]:
    """Somebody who writes all the time; how long each took."""
    took: list[float] = []
    failures: list[BaseException] = []
    stop = threading.Event()

    def run() -> None:
        try:
            while not stop.is_set():
                started = time.monotonic()
                say(tenant_id, NOW)
                took.append(time.monotonic() - started)
        except BaseException as error:  # noqa: BLE001  told to the test
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield took
    finally:
        stop.set()
        thread.join()
    assert failures == []


def test_two_maintainers_at_once_make_everything_once(scratch: None) -> None:
    reports = at_once(*[lambda: partitions_maintain(moment=NOW)] * 4)
    created = [name for report in reports for name in report.created]
    assert sorted(created) == sorted(partitions() + partitions(HEARD))
    assert len(created) == 32
    assert [report.postponed for report in reports] == [{}] * 4
    assert all(report.created == [] for report in reports if report.is_skipped)


def test_who_comes_second_does_nothing(scratch: None) -> None:
    with only_maintainer() as is_ours:
        assert is_ours
        [report] = at_once(lambda: partitions_maintain(moment=NOW))
        assert report.is_skipped
        assert report.created == []
    assert not partitions_maintain(moment=NOW).is_skipped


def test_even_the_same_step_twice_at_once_is_harmless(scratch: None) -> None:
    for month in range(1, 7):
        day = date(2027, month, 1)
        made = at_once(*[lambda day=day: step(CREATE, [SAID, day])] * 3)
        assert sorted(made, key=str) == [[f"{SAID}_p2027_{month:02}"], [None], [None]]


def test_a_maintainer_that_died_leaves_no_lock(scratch: None) -> None:
    held = only_maintainer()
    assert held.__enter__()
    held.gen.close()  # type: ignore[attr-defined]
    assert not partitions_maintain(moment=NOW).is_skipped


def test_a_long_reader_is_no_obstacle_to_new_months(scratch: None, acme: Company) -> None:
    partitions_ensure(table=SAID, moments=[NOW])
    with long_reader(acme.tenant_id), long_reader(acme.tenant_id, HEARD):
        report = partitions_maintain(moment=NOW)
    assert report.postponed == {}
    assert len(partitions()) == 16


def test_a_long_reader_postpones_a_drop_and_is_not_waited_for_by_writers(
    scratch: None, archive_dir: Path, acme: Company, impatient: None
) -> None:
    registry.declare(Family("scratch", (HEARD, SAID), months_ahead=1, months_back=0))
    old = at(2025, 5, 5)
    partitions_ensure(table=SAID, moments=[old])
    partitions_ensure(table=SAID, moments=[NOW])
    say(acme.tenant_id, old)
    with long_reader(acme.tenant_id, HEARD), writer(acme.tenant_id) as took:
        report = partitions_maintain(moment=NOW)
    assert "locks" in report.postponed["scratch 2025-05"]
    assert f"{SAID}_p2025_05" in partitions()
    assert len(sayings(acme.tenant_id)) == len(took) + 1
    assert max(took) < 1.5, f"a writer waited {max(took):.2f} s"

    report = partitions_maintain(moment=NOW)
    assert report.postponed == {}
    assert f"{SAID}_p2025_05" not in partitions()
    assert len(sayings(acme.tenant_id)) == len(took)


def test_writing_goes_on_while_months_are_made(scratch: None, acme: Company) -> None:
    partitions_ensure(table=SAID, moments=[NOW])
    with writer(acme.tenant_id) as took:
        for year in range(2028, 2031):
            partitions_maintain(moment=at(year, 6, 1))
        while not took:
            time.sleep(0.01)
    assert len(partitions()) == 1 + 3 * 16 - 2 * 4
    assert max(took) < 1.5, f"a writer waited {max(took):.2f} s"


def test_an_insert_that_is_under_way_is_waited_for_no_longer_than_the_limit(
    scratch: None, acme: Company
) -> None:
    """Its row's partition is attached to; the new one is not in its way at all."""
    partitions_ensure(table=SAID, moments=[NOW])
    with raw(acme.tenant_id) as connection:
        connection.execute(
            f"INSERT INTO {SAID} (tenant_id, id) VALUES (%s, uuid7_floor(%s))",
            [acme.tenant_id, NOW],
        )
        started = time.monotonic()
        assert step(CREATE, [SAID, date(2027, 4, 1)]) == [f"{SAID}_p2027_04"]
        assert time.monotonic() - started < 1
    assert len(sayings(acme.tenant_id)) == 1


def test_a_referred_table_that_is_being_written_makes_the_step_try_again(
    scratch: None, acme: Company
) -> None:
    """A new month of hearings locks sayings against writing, so an open insert is in its way."""
    partitions_ensure(table=SAID, moments=[NOW])
    opened, done = threading.Event(), threading.Event()

    def insert_slowly() -> None:
        with raw(acme.tenant_id) as connection:
            connection.execute(
                f"INSERT INTO {SAID} (tenant_id, id) VALUES (%s, uuid7_floor(%s))",
                [acme.tenant_id, NOW],
            )
            opened.set()
            time.sleep(0.7)
        done.set()

    thread = threading.Thread(target=insert_slowly)
    thread.start()
    opened.wait()
    made = step(CREATE, [HEARD, date(2027, 4, 1)])
    assert done.is_set()
    thread.join()
    assert made == [f"{HEARD}_p2027_04"]


@pytest.mark.parametrize("table", [SAID, HEARD])
def test_steps_do_not_join_a_transaction(scratch: None, table: str) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        step(CREATE, [table, date(2027, 4, 1)])
