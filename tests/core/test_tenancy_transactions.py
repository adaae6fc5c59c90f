"""`@command` and `@query`: whole or not at all, for one tenant, within their time."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

import pytest
from django.db import DatabaseError, OperationalError, connections, transaction
from psycopg.pq import Trace

from accounting.models import Contact
from core.errors import Conflict, DomainError, OperationTimeout, ServiceUnavailable
from core.ids import uuid7
from core.jobs import outbox
from core.jobs.models import OutboxEvent
from core.tenancy.context import Context
from core.tenancy.scope import (
    OutsideTransaction,
    TenantSwitched,
    WriteInQuery,
    current_scope,
)
from core.tenancy.transactions import (
    command,
    query,
    rehearse,
    staff_transaction,
    tenant_cursor,
)
from tests.cast import Company
from tests.core.raw import one, raw
from tests.database import connect


@dataclass(frozen=True)
class SomethingHappened(outbox.Event):
    name: ClassVar[str] = "something.happened"
    what: str


def sql(statement: str, *parameters: Any) -> Any:
    with tenant_cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchone() if cursor.description else None


@command
def contact_add(ctx: Context, name: str = "Ada") -> Contact:
    return Contact.objects.create(name=name)


@query
def names(ctx: Context) -> list[str]:
    return list(Contact.objects.order_by("name").values_list("name", flat=True))


@query
def backend(ctx: Context) -> int:
    found: int = sql("SELECT pg_backend_pid()")[0]
    return found


def fail_with(state: str) -> None:
    sql(f"DO $$ BEGIN RAISE EXCEPTION 'forced' USING ERRCODE = '{state}'; END $$")


def kill(process_id: int) -> None:
    """What an administrator, a failover or an idle time-out does to a connection."""
    with connect("default") as connection:
        assert one(connection, "SELECT pg_terminate_backend(%s, 5000)", process_id)


# --- whole or not at all ------------------------------------------------------------


def test_a_command_commits_and_a_query_sees_it(acme: Company) -> None:
    contact_add(acme.ctx())
    assert names(acme.ctx()) == ["Ada"]


def test_nothing_is_written_when_a_command_fails(acme: Company) -> None:
    @command
    def half_done(ctx: Context) -> None:
        contact_add(ctx)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done(acme.ctx())
    assert names(acme.ctx()) == []


def test_a_nested_command_does_not_survive_the_outer_one(acme: Company) -> None:
    @command
    def outer(ctx: Context) -> None:
        contact_add(ctx, "inner")
        with suppress(ZeroDivisionError):
            inner_that_fails(ctx)
        raise Conflict("in the end")

    @command
    def inner_that_fails(ctx: Context) -> None:
        raise ZeroDivisionError

    with pytest.raises(Conflict):
        outer(acme.ctx())
    assert names(acme.ctx()) == []


def test_nested_calls_share_one_transaction(acme: Company) -> None:
    @command
    def outer(ctx: Context) -> tuple[int, int, int]:
        return transaction_id(ctx), transaction_id(ctx), seen(ctx)

    @command
    def transaction_id(ctx: Context) -> int:
        found: int = sql("SELECT pg_current_xact_id()::text::bigint")[0]
        return found

    @query
    def seen(ctx: Context) -> int:
        found: int = sql("SELECT pg_current_xact_id()::text::bigint")[0]
        return found

    assert len(set(outer(acme.ctx()))) == 1


def test_an_event_exists_if_and_only_if_the_change_does(acme: Company) -> None:
    @command
    def announce(ctx: Context, fail: bool) -> None:
        outbox.announce(ctx, SomethingHappened("it did"))
        if fail:
            raise Conflict("no")

    with pytest.raises(Conflict):
        announce(acme.ctx(), True)
    events = OutboxEvent.objects.filter(tenant_id=acme.tenant_id, name="something.happened")
    assert events.count() == 0
    announce(acme.ctx(), False)
    [event] = events
    assert event.payload == {"what": "it did"}
    assert (event.actor_id, event.request_id) == (acme.owner.pk, "test")
    assert event.published_at is None


def test_a_rehearsal_returns_its_result_and_leaves_nothing(acme: Company) -> None:
    ctx = acme.ctx()

    def work() -> list[str]:
        contact_add(ctx)
        outbox.announce(ctx, SomethingHappened("in a rehearsal"))
        return names(ctx)

    assert rehearse(ctx, work) == ["Ada"]
    assert names(ctx) == []
    assert not OutboxEvent.objects.filter(payload__what="in a rehearsal", tenant_id=ctx.tenant_id)


def test_a_rehearsal_passes_errors_on(acme: Company) -> None:
    with pytest.raises(ZeroDivisionError):
        rehearse(acme.ctx(), lambda: 1 / 0)


def test_a_rehearsal_inside_a_command_is_refused_because_it_could_not_roll_back(
    acme: Company,
) -> None:
    @command
    def careless(ctx: Context) -> None:
        rehearse(ctx, lambda: contact_add(ctx))

    with pytest.raises(RuntimeError, match="rehearsal"):
        careless(acme.ctx())
    assert names(acme.ctx()) == []


# --- one tenant ---------------------------------------------------------------------


@pytest.mark.parametrize("inner", [contact_add, names])
@pytest.mark.parametrize("outer", [command, query])
def test_a_tenant_switched_inside_a_transaction_is_refused(
    acme: Company, globex: Company, outer: Callable[..., Any], inner: Callable[..., Any]
) -> None:
    @outer
    def switch(ctx: Context) -> None:
        inner(globex.ctx())

    with pytest.raises(TenantSwitched):
        switch(acme.ctx())
    assert names(globex.ctx()) == []


def test_a_rehearsal_for_another_tenant_is_refused(acme: Company, globex: Company) -> None:
    with pytest.raises(TenantSwitched):
        rehearse(acme.ctx(), lambda: contact_add(globex.ctx()))


def test_after_a_refused_switch_the_next_call_is_for_the_right_tenant(
    acme: Company, globex: Company
) -> None:
    @command
    def switch(ctx: Context) -> None:
        contact_add(globex.ctx())

    with pytest.raises(TenantSwitched):
        switch(acme.ctx())
    contact_add(globex.ctx(), "Grace")
    assert (names(acme.ctx()), names(globex.ctx())) == ([], ["Grace"])
    assert current_scope.get() is None


def test_a_command_inside_a_query_is_refused(acme: Company) -> None:
    @query
    def sneaky(ctx: Context) -> None:
        contact_add(ctx)

    with pytest.raises(WriteInQuery, match=r"contact\.add"):
        sneaky(acme.ctx())


@pytest.mark.parametrize(
    "write",
    [
        lambda: Contact.objects.create(name="Eve"),
        lambda: sql("INSERT INTO jobs_outboxevent DEFAULT VALUES"),
        lambda: sql("SELECT 1 FROM accounting_account FOR UPDATE"),
        lambda: sql("SELECT nextval('django_migrations_id_seq')"),
    ],
)
def test_the_database_refuses_to_write_in_a_query(acme: Company, write: Callable[[], Any]) -> None:
    @query
    def sneaky(ctx: Context) -> None:
        write()

    with pytest.raises(DatabaseError, match=r"read-only|permission denied"):
        sneaky(acme.ctx())


@pytest.mark.parametrize(
    "forged",
    [
        "'; DROP TABLE accounting_contact; --",
        "00000000-0000-0000-0000-000000000000'; SELECT 1; --",
        "",
        None,
        "not-a-uuid",
    ],
)
def test_a_tenant_that_is_no_uuid_never_reaches_the_database(acme: Company, forged: Any) -> None:
    with pytest.raises((ValueError, AttributeError)):
        names(acme.ctx(tenant_id=forged))
    assert names(acme.ctx()) == []


def test_tenant_data_outside_of_a_transaction_is_an_error(acme: Company) -> None:
    @query
    def lazy(ctx: Context) -> Any:
        return Contact.objects.all()

    for attempt in (
        lambda: list(Contact.objects.all()),
        lambda: Contact.objects.count(),
        lambda: Contact.objects.update(name="x"),
        lambda: list(lazy(acme.ctx())),
        lambda: sql("SELECT 1"),
    ):
        with pytest.raises(OutsideTransaction):
            attempt()


def test_a_row_without_a_transaction_is_refused_by_the_database(acme: Company) -> None:
    with pytest.raises(DatabaseError, match=r"row-level security|null value"):
        Contact(name="Eve").save(force_insert=True)


def test_a_thread_starts_outside_of_the_transaction(acme: Company) -> None:
    seen: list[Any] = []

    @query
    def starter(ctx: Context) -> None:
        thread = threading.Thread(target=lambda: seen.append(current_scope.get()))
        thread.start()
        thread.join()

    starter(acme.ctx())
    assert seen == [None]


def test_a_transaction_that_never_began_leaves_no_tenant_for_the_next_one(acme: Company) -> None:
    """An ordinary `atomic()` afterwards must not open as the last tenant."""
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        contact_add(acme.ctx())
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounting_account")
        assert cursor.fetchone() == (0,)


def test_a_failed_connection_leaves_no_tenant_for_the_next_one(acme: Company) -> None:
    names(acme.ctx())
    wrapper = connections["default"]
    good = dict(wrapper.settings_dict)
    wrapper.close()
    wrapper.settings_dict["PORT"] = "1"
    with pytest.raises(OperationalError):
        names(acme.ctx())
    wrapper.settings_dict.update(good)
    with transaction.atomic(), wrapper.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounting_account")
        assert cursor.fetchone() == (0,)


def test_the_tenant_is_gone_after_commit_and_after_rollback(acme: Company) -> None:
    @command
    def fails(ctx: Context) -> None:
        raise ZeroDivisionError

    names(acme.ctx())
    with pytest.raises(ZeroDivisionError):
        fails(acme.ctx())
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT NULLIF(current_setting('app.tenant_id', true), '')")
        assert cursor.fetchone() == (None,)


# --- staff pages --------------------------------------------------------------------


def test_on_a_staff_page_a_failed_command_leaves_the_page_alive(acme: Company) -> None:
    @command
    def fails(ctx: Context) -> None:
        Contact.objects.create(name="half")
        sql("SELECT 1 / 0")

    ctx = acme.ctx()
    with staff_transaction(ctx, read_only=False):
        contact_add(ctx, "before")
        with pytest.raises(DatabaseError):
            fails(ctx)
        contact_add(ctx, "after")
    assert names(ctx) == ["after", "before"]


def test_a_staff_page_belongs_to_one_tenant_too(acme: Company, globex: Company) -> None:
    with staff_transaction(acme.ctx(), read_only=False), pytest.raises(TenantSwitched):
        contact_add(globex.ctx())


def test_a_staff_page_for_reading_does_not_write(acme: Company) -> None:
    with staff_transaction(acme.ctx(), read_only=True), pytest.raises(WriteInQuery):
        contact_add(acme.ctx())


# --- again, and not for ever --------------------------------------------------------


@pytest.mark.parametrize(("state", "attempts"), [("40001", 3), ("40P01", 3), ("55P03", 2)])
def test_a_conflict_is_tried_again_from_the_start(acme: Company, state: str, attempts: int) -> None:
    tries: list[int] = []

    @command
    def unlucky(ctx: Context) -> None:
        tries.append(len(tries))
        Contact.objects.create(name=f"try {len(tries)}")
        if len(tries) < attempts:
            fail_with(state)

    unlucky(acme.ctx())
    assert len(tries) == attempts
    assert names(acme.ctx()) == [f"try {attempts}"]


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_conflict_that_stays_is_given_up_after_three_attempts(acme: Company, state: str) -> None:
    tries: list[int] = []

    @command
    def thing_do(ctx: Context) -> None:
        tries.append(1)
        Contact.objects.create(name="never")
        fail_with(state)

    with pytest.raises(ServiceUnavailable, match=r"thing\.do") as caught:
        thing_do(acme.ctx())
    assert len(tries) == 3
    assert (caught.value.status, caught.value.code) == (503, "SERVICE_UNAVAILABLE")
    assert caught.value.retry_after_seconds
    assert names(acme.ctx()) == []


def test_other_errors_are_not_tried_again(acme: Company) -> None:
    tries: list[int] = []

    @command
    def broken(ctx: Context) -> None:
        tries.append(1)
        sql("SELECT 1 / 0")

    with pytest.raises(DatabaseError):
        broken(acme.ctx())
    assert len(tries) == 1


def test_a_real_deadlock_ends_well_for_both(acme: Company) -> None:
    first, second = contact_add(acme.ctx(), "a").id, contact_add(acme.ctx(), "b").id
    meet = threading.Barrier(2, timeout=5)
    tries: list[str] = []

    @command
    def rename(ctx: Context, name: str, order: list[UUID]) -> None:
        tries.append(name)
        for contact_id in order:
            Contact.objects.filter(pk=contact_id).update(name=name)
            if len(tries) <= 2 and contact_id == order[0]:
                meet.wait()

    def work(name: str, order: list[UUID]) -> None:
        try:
            rename(acme.ctx(), name, order)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=work, args=("x", [first, second])),
        threading.Thread(target=work, args=("y", [second, first])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tries) == 3, "one of the two was the victim, and tried again"
    assert names(acme.ctx()) in (["x", "x"], ["y", "y"])


# --- within its time ----------------------------------------------------------------


def test_the_limits_of_the_contract_are_the_roles_own() -> None:
    """A connection that forgets to set them still has them."""
    with raw() as connection:
        limits = {
            name: one(connection, f"SHOW {name}")
            for name in (
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
                "transaction_timeout",
            )
        }
    assert list(limits.values()) == ["5s", "2s", "10s", "15s"]


def test_a_lock_that_does_not_come_is_an_operation_timeout(acme: Company) -> None:
    contact_id = contact_add(acme.ctx()).id
    tries: list[int] = []

    @command
    def contact_rename(ctx: Context) -> None:
        tries.append(1)
        sql("SET LOCAL lock_timeout = '30ms'")
        Contact.objects.filter(pk=contact_id).update(name="Bea")

    with raw(acme.tenant_id) as holder:
        holder.execute("SELECT 1 FROM accounting_contact FOR UPDATE")
        with pytest.raises(OperationTimeout, match=r"contact\.rename") as caught:
            contact_rename(acme.ctx())
    assert len(tries) == 2
    assert (caught.value.operation, caught.value.status) == ("contact.rename", 503)
    assert names(acme.ctx()) == ["Ada"]


@pytest.mark.parametrize(
    ("limit", "slow"),
    [
        ("statement_timeout", lambda: sql("SELECT pg_sleep(5)")),
        ("transaction_timeout", lambda: sql("SELECT pg_sleep(5)")),
        ("idle_in_transaction_session_timeout", lambda: time.sleep(0.5)),
    ],
)
def test_what_takes_too_long_is_stopped_and_leaves_nothing(
    acme: Company, limit: str, slow: Callable[[], Any]
) -> None:
    @command
    def contact_import(ctx: Context) -> None:
        Contact.objects.create(name="half")
        slow()
        sql("SELECT 1")

    with connections["default"].cursor() as cursor:
        cursor.execute(f"SET {limit} = '100ms'")
    with pytest.raises(OperationTimeout, match=r"contact\.import"):
        contact_import(acme.ctx())
    connections["default"].close()
    assert names(acme.ctx()) == []


def test_after_a_transaction_was_ended_by_the_server_the_next_call_works(acme: Company) -> None:
    @command
    def contact_import(ctx: Context) -> None:
        sql("SET LOCAL idle_in_transaction_session_timeout = '30ms'")
        time.sleep(0.2)
        sql("SELECT 1")

    with pytest.raises(OperationTimeout):
        contact_import(acme.ctx())
    contact_add(acme.ctx())
    assert names(acme.ctx()) == ["Ada"]


def test_the_operation_that_was_asked_for_is_named(acme: Company) -> None:
    @command
    def order_ship(ctx: Context) -> None:
        stock_move(ctx)

    @command
    def stock_move(ctx: Context) -> None:
        raise Conflict("not enough")

    with pytest.raises(DomainError) as caught:
        order_ship(acme.ctx())
    assert caught.value.operation == "order.ship"


# --- connections that die -----------------------------------------------------------


def test_a_connection_that_died_while_idle_is_replaced_silently(acme: Company) -> None:
    before = backend(acme.ctx())
    kill(before)
    contact_add(acme.ctx())
    assert names(acme.ctx()) == ["Ada"]
    assert backend(acme.ctx()) != before


def test_a_replaced_connection_has_the_right_tenant(acme: Company, globex: Company) -> None:
    contact_add(acme.ctx())
    contact_add(globex.ctx(), "Grace")
    kill(backend(acme.ctx()))
    assert names(globex.ctx()) == ["Grace"]


@pytest.mark.parametrize("after", ["a statement", "the last statement"])
def test_a_connection_that_dies_in_the_middle_leaves_nothing(acme: Company, after: str) -> None:
    @command
    def interrupted(ctx: Context) -> None:
        Contact.objects.create(name="half")
        kill(sql("SELECT pg_backend_pid()")[0])
        if after == "a statement":
            Contact.objects.create(name="other half")

    with pytest.raises(OperationalError):
        interrupted(acme.ctx())
    assert names(acme.ctx()) == []


# --- one round trip -----------------------------------------------------------------


@contextmanager
def traced() -> Iterator[list[str]]:
    """The messages that the client sends, as libpq traces them."""
    sent: list[str] = []
    pgconn = connections["default"].connection.pgconn
    with tempfile.TemporaryFile("w+") as file:
        pgconn.trace(file.fileno())
        pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield sent
        finally:
            pgconn.untrace()
        file.seek(0)
        sent.extend(line.strip() for line in file if line.startswith("F"))


def test_begin_and_the_tenant_travel_in_one_message(acme: Company) -> None:
    names(acme.ctx())
    with traced() as sent:
        contact_add(acme.ctx())
    [begin] = [line for line in sent if "BEGIN" in line]
    assert f"BEGIN; SET LOCAL app.tenant_id = '{acme.tenant_id}'" in begin
    assert f"SET LOCAL app.audit = '{acme.ctx().actor_id}|" in begin  # who does it, for the log
    assert "Query" in begin
    assert sum("app.tenant_id" in line for line in sent) == 1


def test_a_query_with_one_statement_makes_three_round_trips(acme: Company) -> None:
    """BEGIN with the tenant, the statement, COMMIT."""
    for _ in range(3):
        names(acme.ctx())
    with traced() as sent:
        names(acme.ctx())
    assert sum("\tSync" in line or "\tQuery" in line for line in sent) == 3


def test_a_scope_is_no_longer_open_after_any_outcome(acme: Company) -> None:
    for work in (lambda: names(acme.ctx()), lambda: rehearse(acme.ctx(), lambda: None)):
        work()
        assert current_scope.get() is None
    with pytest.raises(TypeError):
        contact_add(acme.ctx(), unknown=uuid7())  # type: ignore[call-arg]
    assert current_scope.get() is None
