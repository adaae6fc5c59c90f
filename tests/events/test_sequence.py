"""Each company's own numbers: from 1, without gaps, in the order of commits, never filled in."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from core.ids import uuid7
from core.jobs import positions
from core.jobs.positions import Tail, place, place_all, tenant_tail
from core.jobs.purge import outbox_purge
from tests import database
from tests.cast import Company
from tests.core.raw import one, raw, refused, rows
from tests.database import connect
from tests.events.happening import happen, notes_commits, numbered, old_id, sequences, write

WRITERS, TURNS = 6, 30


def from_one(company: Company) -> list[int]:
    return list(range(1, tenant_tail(company.tenant_id).position + 1))


def test_every_event_of_a_company_has_a_number_whatever_it_is_about(
    acme: Company, globex: Company
) -> None:
    """Also what opening the company announced."""
    for company in (acme, globex, acme):
        happen(company.ctx(), times=3)
    place_all()
    for company in (acme, globex):
        assert sequences(company.tenant_id) == from_one(company)
        with raw() as connection:
            count = one(
                connection,
                "SELECT count(*) FROM jobs_outboxevent WHERE tenant_id = %s",
                company.tenant_id,
            )
        assert count == tenant_tail(company.tenant_id).position


def test_who_commits_late_is_numbered_late_though_nobody_looked_in_between(acme: Company) -> None:
    """A long transaction announced first, with the older id, and commits last."""
    if not notes_commits():
        pytest.skip("needs track_commit_timestamp")
    with connect("default") as slow, connect("default") as quick:
        slow.execute("BEGIN")
        late = write(slow, acme.tenant_id)
        early = [write(quick, acme.tenant_id) for _ in range(3)]
        slow.execute("COMMIT")
        last = write(quick, acme.tenant_id)
    told = [payment for _, payment in numbered(acme.tenant_id)]
    assert told == [str(payment) for payment in (*early, late, last)]


def test_a_long_transaction_holds_nobody_up_and_leaves_no_gap(acme: Company) -> None:
    with connect("default") as slow:
        slow.execute("BEGIN")
        late = write(slow, acme.tenant_id)
        happen(acme.ctx(), times=2)
        before = numbered(acme.tenant_id)
        assert len(before) == 2
        slow.execute("COMMIT")
    after = numbered(acme.tenant_id)
    assert after[:2] == before
    assert after[2:] == [(before[-1][0] + 1, str(late))]


def test_what_was_rolled_back_leaves_no_gap(acme: Company) -> None:
    with connect("default") as fails:
        fails.execute("BEGIN")
        write(fails, acme.tenant_id)
        happen(acme.ctx())
        fails.execute("ROLLBACK")
    happen(acme.ctx())
    assert len(numbered(acme.tenant_id)) == 2
    assert sequences(acme.tenant_id) == from_one(acme)


def test_a_transaction_is_numbered_in_the_order_in_which_it_announced(acme: Company) -> None:
    ids = happen(acme.ctx(), times=50)
    assert [payment for _, payment in numbered(acme.tenant_id)] == [str(id_) for id_ in ids]


def test_a_backlog_is_numbered_in_order_however_few_at_a_time(acme: Company) -> None:
    if not notes_commits():
        pytest.skip("needs track_commit_timestamp")
    place_all()
    with connect("default") as slow:
        slow.execute("BEGIN")
        late = [write(slow, acme.tenant_id) for _ in range(4)]
        early = [*happen(acme.ctx(), times=4), *happen(acme.ctx(), times=5)]
        slow.execute("COMMIT")
    while place(2) != place(2):
        pass
    told = [payment for _, payment in numbered(acme.tenant_id)]
    assert told == [str(payment) for payment in (*early, *late)]


def test_many_writers_and_many_who_number_leave_no_gap_and_no_number_behind_a_reader(
    acme: Company, globex: Company
) -> None:
    """Readers keep what they saw: later numbers were appended, none was filled in before."""
    seen: dict[Any, list[int]] = {acme.tenant_id: [], globex.tenant_id: []}
    done = threading.Event()
    faults: list[str] = []

    def writes(company: Company) -> None:
        with connect("default") as connection:
            for turn in range(TURNS):
                connection.execute("BEGIN")
                for _ in range(1 + turn % 3):
                    write(connection, company.tenant_id)
                connection.execute("ROLLBACK" if turn % 7 == 6 else "COMMIT")

    def numbers() -> None:
        while not done.is_set():
            positions.place(5)
        connections.close_all()

    def reads() -> None:
        while not done.is_set():
            for tenant_id, before in seen.items():
                now = sequences(tenant_id)
                if now[: len(before)] != before or now != list(range(1, len(now) + 1)):
                    faults.append(f"{before[-3:]} became {now[-5:]}")
                seen[tenant_id] = now

    writers = [
        threading.Thread(target=writes, args=[(acme, globex)[number % 2]])
        for number in range(WRITERS)
    ]
    others = [threading.Thread(target=work) for work in (numbers, numbers, reads)]
    for thread in (*writers, *others):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in others:
        thread.join()
    place_all()
    assert faults == []
    for company in (acme, globex):
        assert sequences(company.tenant_id) == from_one(company)
    assert any(seen.values())


def test_each_client_who_waits_for_his_answer_is_numbered_in_the_order_of_answers(
    acme: Company,
) -> None:
    """Of two connections one after the other, the first has the smaller number. Always."""
    with connect("default") as first, connect("default") as second:
        told = [write((first, second)[turn % 2], acme.tenant_id) for turn in range(20)]
    assert [payment for _, payment in numbered(acme.tenant_id)] == [str(id_) for id_ in told]


def test_purging_moves_the_floor_of_those_companies_that_it_took_from(
    acme: Company, globex: Company
) -> None:
    now = datetime.now(UTC)
    place_all()
    before = tenant_tail(acme.tenant_id).position
    with connect("default") as connection:
        for _ in range(3):
            write(connection, acme.tenant_id, old_id(now, days=9))
    happen(acme.ctx())
    assert outbox_purge(now, awaited=()) >= 3
    assert tenant_tail(acme.tenant_id) == Tail(before + 4, before + 3)
    assert tenant_tail(globex.tenant_id).purged == 0
    happen(acme.ctx())
    place_all()
    assert tenant_tail(acme.tenant_id).position == before + 5


def test_the_database_refuses_two_of_one_number_and_half_a_place(acme: Company) -> None:
    happen(acme.ctx(), times=2)
    [(first, _), (second, _)] = numbered(acme.tenant_id)[-2:]
    change = "UPDATE jobs_outboxevent SET sequence = %s WHERE tenant_id = %s AND sequence = %s"
    for value, rule in ((first, "jobs_outbox_sequence"), (None, "jobs_outbox_placed_whole")):
        with refused(rule), raw() as connection:
            connection.execute(change, [value, acme.tenant_id, second])


def test_where_commits_are_not_noted_numbers_still_have_no_gaps(acme: Company) -> None:
    """A server that is not ours may have it switched off; the order is then that of writing."""
    with raw(alias="owner") as connection:
        body = one(connection, "SELECT prosrc FROM pg_proc WHERE proname = 'outbox_place'")
    assert "current_setting('track_commit_timestamp')" in body
    plain = body.replace("current_setting('track_commit_timestamp')::boolean", "false")
    with raw(alias="owner") as connection:
        connection.execute(
            "CREATE FUNCTION outbox_place_plain(batch integer) RETURNS bigint LANGUAGE plpgsql"
            f" AS $$ {plain} $$"
        )
        connection.execute("GRANT EXECUTE ON FUNCTION outbox_place_plain(integer) TO erp_app")
    try:
        ids = happen(acme.ctx(), times=5)
        with raw() as connection:
            connection.execute("SELECT outbox_place_plain(1000)")
        assert [payment for _, payment in numbered(acme.tenant_id)] == [str(id_) for id_ in ids]
        assert sequences(acme.tenant_id) == from_one(acme)
    finally:
        with raw(alias="owner") as connection:
            connection.execute("DROP FUNCTION outbox_place_plain(integer)")


@pytest.fixture
def of_before(tmp_path: Path) -> Any:
    """A copy of the database as it was before events had numbers."""
    current = connections["owner"].settings_dict["NAME"]
    copied = f"{current}_before"
    database._create(copied, template=database.TEMPLATE)
    try:
        database._use("owner", copied)
        call_command("migrate", "jobs", "0003", database="owner", verbosity=0)
        yield copied
    finally:
        database._use("owner", current)
        with connect("owner", "postgres") as connection:
            connection.execute(f'DROP DATABASE "{copied}" WITH (FORCE)')


def test_events_of_before_get_numbers_in_the_order_of_their_places(of_before: str) -> None:
    first, second = uuid7(), uuid7()
    with connect("default", of_before) as connection:
        for tenant_id in (first, second, first, first):
            write(connection, tenant_id)
        connection.execute("SELECT outbox_place(100)")
        waits = write(connection, second)
    call_command("migrate", "jobs", database="owner", verbosity=0)
    with connect("default", of_before) as connection:
        found = rows(
            connection,
            "SELECT tenant_id, sequence FROM jobs_outboxevent"
            " WHERE position IS NOT NULL ORDER BY position",
        )
        assert found == [(first, 1), (second, 1), (first, 2), (first, 3)]
        write(connection, first)
        connection.execute("SELECT outbox_place(100)")
        found = rows(
            connection,
            "SELECT tenant_id, sequence, payload->>'payment_id' = %s FROM jobs_outboxevent"
            " WHERE position > 4 ORDER BY position",
            str(waits),
        )
        assert found == [(second, 2, True), (first, 4, False)]
