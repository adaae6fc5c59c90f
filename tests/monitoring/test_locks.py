"""Who waits for whom, while it is so."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from django.test import Client

from tests.cast import Company
from tests.core.raw import Connection, one
from tests.database import connect
from tests.monitoring.looking import seen

LIMIT_SECONDS = 20


@contextmanager
def session(company: Company, name: str) -> Iterator[Connection]:
    """A transaction of the company that waits longer than the application would."""
    with connect("default") as connection, connection.transaction(force_rollback=True):
        connection.execute(f"SET LOCAL app.tenant_id = '{company.tenant_id}'")
        connection.execute(f"SET LOCAL application_name = '{name}'")
        for limit in ("lock", "statement", "idle_in_transaction_session", "transaction"):
            connection.execute(f"SET LOCAL {limit}_timeout = '60s'")
        yield connection


def grab(company: Company, session: Connection, mark: str) -> None:
    session.execute(
        f"UPDATE accounting_companysettings SET version = version WHERE '{mark}' <> '' "
        f"AND tenant_id = '{company.tenant_id}'"
    )


class Waiting(threading.Thread):
    """Wants the row that somebody holds, and gives it back at once."""

    def __init__(self, company: Company, name: str) -> None:
        super().__init__(daemon=True)
        self.company, self.title, self.pid = company, name, 0
        self.start()

    def run(self) -> None:
        with session(self.company, self.title) as connection:
            self.pid = one(connection, "SELECT pg_backend_pid()")
            grab(self.company, connection, "Waiting Ltd")


def until(found: Any) -> Any:
    """What `found()` returns once that is something."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.02)
    pytest.fail("It did not happen.")


def test_a_session_that_waits_is_there_with_its_blocker_until_it_is_over(
    monitor: Connection, acme: Company
) -> None:
    with session(acme, "month end") as holder:
        grab(acme, holder, "Holding Ltd")
        pid = one(holder, "SELECT pg_backend_pid()")
        waiting = Waiting(acme, "posting")
        [row] = until(lambda: seen(monitor, "v_locks", pid=waiting.pid))
        assert row["application"] == "posting"
        assert (row["blocker"], row["blockers"]) == (pid, [pid])
        assert row["chain"] == [waiting.pid, pid]
        assert row["blocker_application"] == "month end"
        assert row["blocker_state"] == "idle in transaction"
        assert row["relation"] == "accounting_companysettings"
        assert row["waiting_seconds"] >= 0
        assert row["blocker_transaction_seconds"] >= 0
        assert row["statement"].startswith("UPDATE accounting_companysettings")
        for data in (str(acme.tenant_id), "Waiting", "Holding"):
            assert data not in str(row)
        metrics = Client().get("/metrics").content.decode()
        assert "erp_database_lock_waits 1.0" in metrics
    waiting.join(LIMIT_SECONDS)
    assert seen(monitor, "v_locks") == []


def test_a_queue_leads_to_the_one_that_holds(monitor: Connection, acme: Company) -> None:
    with session(acme, "holder") as holder:
        grab(acme, holder, "x")
        pid = one(holder, "SELECT pg_backend_pid()")
        queue = []
        for n in range(4):
            queue.append(Waiting(acme, f"waiter {n}"))
            until(lambda: len(seen(monitor, "v_locks")) == len(queue))
        found = {row["pid"]: row for row in seen(monitor, "v_locks")}
        assert {row["chain"][-1] for row in found.values()} == {pid}
        assert found[queue[0].pid]["chain"] == [queue[0].pid, pid]
        assert len(found[queue[3].pid]["chain"]) > 2
    for waiting in queue:
        waiting.join(LIMIT_SECONDS)
    assert seen(monitor, "v_locks") == []


def test_two_that_wait_for_each_other_do_not_keep_the_view_walking(monitor: Connection) -> None:
    """It is so for a second: then PostgreSQL ends one of them."""
    with connect("owner") as first, connect("owner") as second:
        first.execute("BEGIN; SELECT pg_advisory_xact_lock(71)")
        second.execute("BEGIN; SELECT pg_advisory_xact_lock(72)")
        threads = [
            threading.Thread(target=locks, args=(first, 72)),
            threading.Thread(target=locks, args=(second, 71)),
        ]
        for thread in threads:
            thread.start()
        found = until(lambda: len(waits := seen(monitor, "v_locks")) == 2 and waits)
        assert {len(row["chain"]) for row in found} == {2}
        for thread in threads:
            thread.join(LIMIT_SECONDS)


def locks(connection: Connection, number: int) -> None:
    with suppress(psycopg.errors.DeadlockDetected):
        connection.execute(f"SELECT pg_advisory_xact_lock({number})")
    connection.execute("ROLLBACK")
