"""The months of conversations: the real tables, with their foreign keys and computed columns."""

from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.core.management import call_command
from django.db import connections
from psycopg.types.json import Jsonb

from core.ids import uuid7
from core.partitions import registry
from core.partitions.archives import archive_make
from core.partitions.restore import partitions_restore
from core.partitions.selectors import months_ahead, months_ahead_least, partitions_by_table
from core.partitions.services import partitions_ensure
from core.partitions.steps import step
from messaging.services.participants import participant_remove
from permissions.models import Membership, User
from tests.cast import Company, join, new_user
from tests.core.raw import one, raw, refused, rows
from tests.partitions.scratch import at, id_at, partitions

MESSAGE, REACTION = "messaging_message", "messaging_messagereaction"
LONG_AGO = date(2003, 2, 1)
WHEN = at(2003, 2, 28, 23, 59, 59)
FILES = Jsonb([{"name": 'a "b"', "size": 1}])
LATER = at(2026, 11, 1)
#: Months ahead of the family that has the fewest.
LEAST = min(family.months_ahead for family in registry.families())


def begin(company: Company, *others: User) -> UUID:
    thread_id = uuid7()
    with raw(company.tenant_id) as connection:
        connection.execute(
            "INSERT INTO messaging_thread (tenant_id, id, kind, visibility, subject, record_type, "
            "pair, created_by_id, created_at, is_closed, version) "
            "VALUES (%s, %s, 'group', 'internal', 'x', '', '', %s, now(), false, 1)",
            [company.tenant_id, thread_id, company.owner.pk],
        )
        for user in (company.owner, *others):
            connection.execute(
                "INSERT INTO messaging_participant (tenant_id, id, thread_id, user_id, role, "
                "joined_at, is_muted) VALUES (%s, %s, %s, %s, 'owner', now(), false)",
                [company.tenant_id, uuid7(), thread_id, user.pk],
            )
    return thread_id


def write(
    company: Company, thread_id: UUID, moment: datetime, body: str, by: User | None = None
) -> UUID:
    message_id = id_at(moment)
    with raw(company.tenant_id) as connection:
        connection.execute(
            "INSERT INTO messaging_message (tenant_id, id, thread_id, sender_id, body, attachments)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [company.tenant_id, message_id, thread_id, (by or company.owner).pk, body, FILES],
        )
        connection.execute(
            f"INSERT INTO {REACTION} (tenant_id, id, message_id, user_id, emoji, reacted_at) "
            "VALUES (%s, %s, %s, %s, '👍', now())",
            [company.tenant_id, uuid7(), message_id, (by or company.owner).pk],
        )
    return message_id


def everything(company: Company) -> list[list[tuple[Any, ...]]]:
    with raw(company.tenant_id) as connection:
        return [
            rows(connection, f"SELECT * FROM {table} ORDER BY id") for table in (MESSAGE, REACTION)
        ]


def test_a_new_database_takes_messages_of_now_and_of_the_year_ahead(acme: Company) -> None:
    now = datetime.now(at(2026, 1, 1).tzinfo)
    assert months_ahead_least(now) == LEAST
    tables = registry.family_of(MESSAGE).tables
    found = {table: partitions_by_table()[table] for table in tables}
    assert all(months_ahead(found[table], now) == 12 for table in found)
    assert all(len(found[table]) >= 16 for table in found)
    assert all(partition.statistics for table in found for partition in found[table])
    write(acme, begin(acme), now, "hello")


def test_a_month_of_conversation_is_archived_dropped_and_had_back(
    archive_dir: Path, acme: Company, globex: Company
) -> None:
    partitions_ensure(table=MESSAGE, moments=[WHEN])
    companies = (acme, globex)
    for company in companies:
        thread_id = begin(company)
        for body in ("", 'so "he" said\n,', "Übermut 😀"):
            write(company, thread_id, WHEN, body)
    before = [everything(company) for company in companies]
    tables = registry.family_of(MESSAGE).tables

    for table in tables:
        archive_make(table=table, month=LONG_AGO, moment=LATER)
    for table in tables:
        assert step("SELECT drop_partition(%s, %s::date)", [table, LONG_AGO]) == [True]
    assert [everything(company) for company in companies] == [[[], []]] * 2
    assert f"{MESSAGE}_p2003_02" not in partitions(MESSAGE)

    restored = partitions_restore(family="messaging", month=LONG_AGO, moment=LATER)
    assert restored[f"{MESSAGE}_p2003_02"] >= 6  # another test may have spoken then
    assert [everything(company) for company in companies] == before
    assert all(one_row[-1] is not None for one_row in before[0][0])


def test_what_somebody_thought_comes_back_after_he_has_left(
    archive_dir: Path, acme: Company
) -> None:
    """He has left the thread and the company; what he did while he was there is history."""
    partitions_ensure(table=MESSAGE, moments=[WHEN])
    bob = join(acme, new_user("bob"), "accountant")
    thread_id = begin(acme, bob)
    write(acme, thread_id, WHEN, "said", by=bob)
    before = everything(acme)
    participant_remove(acme.ctx(bob), thread_id=thread_id, user_id=bob.pk)
    Membership.objects.filter(tenant=acme.tenant_id, user=bob).update(is_active=False)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    tables = registry.family_of(MESSAGE).tables
    for table in tables:
        archive_make(table=table, month=LONG_AGO, moment=LATER)
    for table in tables:
        step("SELECT drop_partition(%s, %s::date)", [table, LONG_AGO])
    partitions_restore(family="messaging", month=LONG_AGO, moment=LATER)
    assert everything(acme) == before


def test_a_reaction_needs_its_message_in_whichever_month(acme: Company) -> None:
    with refused("23503"), raw(acme.tenant_id) as connection:
        connection.execute(
            f"INSERT INTO {REACTION} (tenant_id, id, message_id, user_id, emoji, reacted_at) "
            "VALUES (%s, %s, %s, %s, '👍', now())",
            [acme.tenant_id, uuid7(), uuid7(), acme.owner.pk],
        )


def test_a_message_prunes_to_its_month(acme: Company) -> None:
    message_id = write(acme, begin(acme), datetime.now(at(2026, 1, 1).tzinfo), "here")
    with raw(acme.tenant_id) as connection:
        wanted = f"tenant_id = '{acme.tenant_id}' AND id = '{message_id}'"
        plan = one(
            connection, f"EXPLAIN (FORMAT json) SELECT * FROM messaging_message WHERE {wanted}"
        )
    assert str(plan).count("'Relation Name'") == 1


def test_the_command_reports_in_json_and_plans_without_doing(capsys: Any) -> None:
    call_command("maintain_partitions", "--json")
    report = orjson.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert report["postponed"] == {}
    assert set(report["months_ahead"]) == set(registry.tables())
    call_command("maintain_partitions", "--dry-run", "--json")
    plan = orjson.loads(capsys.readouterr().out)
    assert plan["create"] == []


def test_the_command_says_what_it_did(capsys: Any) -> None:
    call_command("maintain_partitions")
    assert f"0 made, {LEAST} months ahead" in capsys.readouterr().out


def test_the_catalogue_is_read_in_one_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1, connection=connections["default"]):
        partitions_by_table()
