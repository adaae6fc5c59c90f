"""What the log held cannot be changed unseen, not even by the owner of its tables."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from core.audit.archived import archive_faults
from core.audit.chain import audit_seal, audit_verify, chains
from core.audit.heads import Head, HeadsUnsigned, head_of, heads_read, heads_signed, public_key
from core.audit.publishing import heads_publish
from core.ids import uuid7, uuid7_floor
from core.partitions.archives import archive_make, archive_path
from core.partitions.models import PartitionArchive
from core.partitions.months import beginning, month_plus
from core.partitions.restore import partitions_restore
from core.partitions.services import partitions_ensure
from core.partitions.steps import PartitionRefused, step
from core.tenancy.context import PLATFORM
from tests.audit.log import entries, faults, seal, tamper, unsealed, verified
from tests.cast import Api, Company
from tests.core.raw import one, raw, refused, rows

TABLE = "audit_auditlog"
KEY = "a passphrase of the tests"

pytestmark = pytest.mark.usefixtures("own_database")


@pytest.fixture
def sealed(acme: Company, alice: Api) -> list[UUID]:
    """A company whose log is sealed in several blocks; the ids of its rows."""
    for number in range(5):
        alice.ok("POST", "contacts/", {"name": f"Contact {number}", "email": "c@example.test"})
    seal(acme.tenant_id, block_rows=7)
    assert faults(acme.tenant_id) == []
    found = [entry.id for entry in entries(acme.tenant_id)]
    assert verified(acme.tenant_id).rows == len(found) > 14
    return found


@pytest.mark.parametrize(
    "change",
    [
        "reason = 'x'",
        "operation = 'x'",
        "request_id = request_id || 'x'",
        "actor_id = uuidv7()",
        "session_id = uuidv7()",
        "address = '10.0.0.1'",
        "action = 'read'",
        "\"table\" = 'x'",
        "row_id = uuidv7()",
        "database_user = 'x'",
        'old = \'{"a": "b"}\'',
        'new = \'{"a": "b"}\'',
        "mark = '\\x00'",
        "personal_digest = '\\x00'",
        "personal = '{\"new\": {}}'",
    ],
)
def test_a_row_that_is_altered_is_named(acme: Company, sealed: list[UUID], change: str) -> None:
    altered = sealed[len(sealed) // 2]
    assert tamper(f"UPDATE audit_auditlog SET {change} WHERE id = %s", altered) == 1
    assert faults(acme.tenant_id) == [("altered", altered)]


def test_a_row_that_is_taken_away_is_named(acme: Company, sealed: list[UUID]) -> None:
    for gone in (sealed[0], sealed[8], sealed[-1]):
        tamper("DELETE FROM audit_auditlog WHERE id = %s", gone)
    assert faults(acme.tenant_id) == [
        ("missing", each) for each in (sealed[0], sealed[8], sealed[-1])
    ]


@pytest.mark.parametrize("where", ["now", "between"])
def test_a_row_that_is_put_in_is_named(acme: Company, sealed: list[UUID], where: str) -> None:
    """With the mark of another row, which is the best that a forger can do."""
    key = "uuidv7()" if where == "now" else f"'{UUID(int=sealed[3].int ^ 1)}'::uuid"
    columns = 'tenant_id, "table", row_id, action, actor_id, request_id, operation, reason, mark'
    with raw(alias="owner") as owner:
        [(forged,)] = rows(
            owner,
            f"INSERT INTO audit_auditlog (id, database_user, {columns}) "
            f"SELECT {key}, database_user, {columns} FROM audit_auditlog WHERE id = %s "
            "RETURNING id",
            sealed[3],
        )
    [(kind, row)] = faults(acme.tenant_id)
    assert (kind, row) == ("altered" if where == "now" else "inserted", forged)
    seal(acme.tenant_id)
    assert [row for _, row in faults(acme.tenant_id)] == [forged]


def test_a_block_that_is_changed_or_gone_is_named(acme: Company, sealed: list[UUID]) -> None:
    with raw(alias="owner") as owner:
        owner.execute(
            "UPDATE audit_auditblock SET row_ids = row_ids[2:], marks = substr(marks, 33) "
            "WHERE tenant_id = %s AND sequence = 2",
            (acme.tenant_id,),
        )
    found = faults(acme.tenant_id)
    assert found[0] == ("chain", 2)
    assert ("late", sealed[7]) in found
    tamper("DELETE FROM audit_auditblock WHERE tenant_id = %s AND sequence = 2", acme.tenant_id)
    assert ("chain", 2) in faults(acme.tenant_id)


def test_a_chain_made_anew_is_not_the_one_that_was_signed(
    acme: Company, sealed: list[UUID], tmp_path: Path
) -> None:
    """Whoever owns the tables can throw the chain away and seal again; the heads are elsewhere."""
    file = tmp_path / "heads.jsonl"
    with override_settings(AUDIT_SIGNING_KEY=KEY):
        head = head_of(acme.tenant_id)
        assert head is not None
        file.write_bytes(heads_signed(iter([head]), datetime.now(UTC)))
        call_command("verify_audit", tenant=acme.slug, heads=str(file), verbosity=0)
        tamper("DELETE FROM audit_auditlog WHERE id = %s", sealed[0])
        tamper("DELETE FROM audit_auditblock WHERE tenant_id = %s", acme.tenant_id)
        seal(acme.tenant_id)
        assert faults(acme.tenant_id) == []
        told = StringIO()
        with pytest.raises(CommandError):
            call_command("verify_audit", tenant=acme.slug, heads=str(file), stderr=told)
    assert "is not the one that was signed" in told.getvalue()


def test_rows_are_proven_before_they_are_sealed_too(acme: Company, alice: Api) -> None:
    alice.ok("POST", "contacts/", {"name": "Ada"})
    newest = entries(acme.tenant_id, "accounting_contact")[-1].id
    tamper("UPDATE audit_auditlog SET operation = 'x' WHERE id = %s", newest)
    assert ("altered", newest) in faults(acme.tenant_id)


# --- time ---------------------------------------------------------------------------


def test_a_row_that_commits_late_is_waited_for(acme: Company, alice: Api) -> None:
    alice.ok("POST", "contacts/", {"name": "Before"})
    with raw(acme.tenant_id) as slow:
        slow.execute("UPDATE accounting_account SET name = name || '!'")
        before = len(entries(acme.tenant_id, "accounting_account"))
        for _ in range(4):
            alice.ok("POST", "contacts/", {"name": "Meanwhile"})
            with raw(alias="owner") as owner:
                one(owner, "SELECT audit_seal(1000, 100000, '0 s')")
        with raw(alias="owner") as owner:
            assert unsealed(owner, acme.tenant_id) >= 4
    seal(acme.tenant_id)
    assert len(entries(acme.tenant_id, "accounting_account")) > before
    assert faults(acme.tenant_id) == []


def test_many_write_while_it_is_sealed_and_nothing_is_late(acme: Company) -> None:
    done = threading.Event()
    failed: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(40):
                with raw(acme.tenant_id) as connection:
                    connection.execute(
                        "UPDATE accounting_account SET name = %s WHERE id = (SELECT id FROM "
                        "accounting_account ORDER BY id OFFSET %s LIMIT 1)",
                        (f"{number} {turn}", number),
                    )
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    def prove() -> None:
        while not done.is_set():
            with raw(alias="owner") as owner:
                one(owner, "SELECT audit_seal(50, 100000, '0 s')")

    provers = [threading.Thread(target=prove) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in (*provers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in provers:
        thread.join()
    assert failed == []
    seal(acme.tenant_id)
    assert faults(acme.tenant_id) == []
    assert verified(acme.tenant_id).rows == len(entries(acme.tenant_id))


def test_the_tasks_own_function_seals_in_the_end(acme: Company, alice: Api) -> None:
    """Its margin is of seconds, so what is older than that is sealed by two calls."""
    audit_seal()
    tamper("UPDATE audit_tail SET bound = uuid7_floor(clock_timestamp()), bound_xid = '1'")
    audit_seal()
    assert audit_verify(acme.tenant_id).rows > 0


def test_a_bound_of_another_cluster_is_forgotten(acme: Company) -> None:
    """A database that was restored elsewhere counts transactions anew, from a smaller number."""
    tamper("UPDATE audit_tail SET bound_xid = '9000000000000000000'")
    seal(acme.tenant_id)
    assert faults(acme.tenant_id) == []


# --- persons ------------------------------------------------------------------------


def test_the_chain_holds_without_what_was_erased(acme: Company, sealed: list[UUID]) -> None:
    contacts = [e.row_id for e in entries(acme.tenant_id, "accounting_contact")]
    with raw(acme.tenant_id) as connection:
        assert one(connection, "SELECT audit_erase('accounting_contact', %s)", contacts) == 5
    found = entries(acme.tenant_id, "accounting_contact")
    assert [e.personal for e in found if e.action == "insert"] == [None] * 5
    assert [e.action for e in found if e.action == "erase"] == ["erase"] * 5
    assert "c@example.test" not in str(found)
    assert faults(acme.tenant_id) == []
    seal(acme.tenant_id)
    assert faults(acme.tenant_id) == []


# --- months -------------------------------------------------------------------------

#: A row as the trigger would have written it then.
OF_THEN = """
    INSERT INTO audit_auditlog (id, tenant_id, "table", row_id, action, request_id, operation,
        reason, database_user, old, new, personal, personal_digest, mark)
    SELECT r.id, r.tenant, 'accounting_contact', r.row, 'update', '', 'contact.update', '', 'x',
        r.old, r.new, r.personal, audit_digest(r.personal),
        audit_mark(k.secret, audit_head('accounting_contact', 'update', 'x', NULL, NULL, NULL,
            'contact.update', '', ''), r.id, r.tenant, r.row, r.old, r.new,
            audit_digest(r.personal))
    FROM (SELECT uuidv7(%s::timestamptz + n * interval '1 hour' - clock_timestamp()) AS id,
            %s::uuid AS tenant, uuidv7() AS row, jsonb_build_object('n', n::text) AS old,
            '{"n": "say \\"hi\\", \\\\ {x}"}'::jsonb AS new,
            '{"salt": "s", "old": {"name": "Ada"}}'::jsonb AS personal
          FROM generate_series(0, 30) AS n OFFSET 0) AS r, audit_key AS k
"""


@pytest.fixture
def long_ago(tmp_path: Path, acme: Company) -> Iterator[datetime]:
    """A month of which the company has a sealed log, older than everything else in it."""
    with override_settings(PARTITION_ARCHIVE_DIR=str(tmp_path / "archive")):
        moment = datetime(2024, 1, 10, tzinfo=UTC)
        partitions_ensure(table=TABLE, moments=[moment])
        with raw(alias="owner") as owner:
            owner.execute(
                "DELETE FROM audit_auditlog WHERE id < %s", (uuid7_floor(moment + timedelta(90)),)
            )
            owner.execute(OF_THEN, (moment, acme.tenant_id))
        seal(acme.tenant_id)
        yield moment
        step("SELECT create_partition(%s, %s::date)", [TABLE, moment.date().replace(day=1)])
        tamper("DELETE FROM audit_auditlog WHERE id < %s", uuid7_floor(moment + timedelta(90)))
        PartitionArchive.objects.filter(table=TABLE).delete()


def test_the_chain_survives_archive_drop_and_restore(acme: Company, long_ago: datetime) -> None:
    month = long_ago.date().replace(day=1)
    before = entries(acme.tenant_id)
    assert len(before) == verified(acme.tenant_id).rows > 31
    assert faults(acme.tenant_id) == []
    moment = datetime.now(UTC)
    archive_make(table=TABLE, month=month, moment=moment)
    assert step("SELECT drop_partition(%s, %s::date, %s)", [TABLE, month, moment]) == [True]
    assert len(entries(acme.tenant_id)) == len(before) - 31
    assert faults(acme.tenant_id) == []

    call_command("verify_audit", tenant=acme.slug, verbosity=0)
    [archive] = PartitionArchive.objects.filter(table=TABLE)
    file = archive_path(archive.path)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(CommandError):
        call_command("verify_audit", tenant=acme.slug, verbosity=0, stderr=StringIO())
    file.write_bytes(whole)

    assert sum(partitions_restore(family="audit", month=month, moment=moment).values()) == 31
    assert entries(acme.tenant_id) == before
    assert faults(acme.tenant_id) == []
    assert sum(partitions_restore(family="audit", month=month, moment=moment).values()) == 0


def test_a_month_that_is_gone_without_an_archive_is_missing(
    acme: Company, long_ago: datetime
) -> None:
    gone = [e.id for e in entries(acme.tenant_id)][:31]
    tamper("DELETE FROM audit_auditlog WHERE id < %s", uuid7_floor(long_ago + timedelta(90)))
    assert faults(acme.tenant_id) == [("missing", each) for each in gone[:20]]


def test_a_month_ends_the_same_day_everywhere(long_ago: datetime) -> None:
    assert month_plus(long_ago.date().replace(day=1), 1).isoformat() == "2024-02-01"


def test_an_archive_that_somebody_made_himself_is_no_proof(
    acme: Company, long_ago: datetime
) -> None:
    """With the right checksum of the wrong rows, as who holds the application's role can note."""
    month = long_ago.date().replace(day=1)
    moment = datetime.now(UTC)
    altered = [entry.id for entry in entries(acme.tenant_id)][:31]
    with raw(alias="owner") as owner:
        owner.execute("UPDATE audit_auditlog SET reason = 'x' WHERE id = %s", (altered[3],))
        owner.execute("DELETE FROM audit_auditlog WHERE id = %s", (altered[9],))
    archive = archive_make(table=TABLE, month=month, moment=moment)
    assert step("SELECT drop_partition(%s, %s::date, %s)", [TABLE, month, moment]) == [True]
    found = [f for f in archive_faults(archive) if f.tenant_id == acme.tenant_id]
    assert [(f.kind, f.row) for f in found] == [
        ("altered", altered[3]),
        ("missing", altered[9]),
    ]
    told = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", tenant=acme.slug, verbosity=0, stderr=told)
    assert str(altered[3]) in told.getvalue()


def test_a_month_of_the_last_year_is_never_dropped(acme: Company, tmp_path: Path) -> None:
    month = month_plus(datetime.now(UTC).date().replace(day=1), -2)
    partitions_ensure(table=TABLE, moments=[beginning(month)])
    with override_settings(PARTITION_ARCHIVE_DIR=str(tmp_path)):
        archive_make(table=TABLE, month=month, moment=datetime.now(UTC))
    archived = PartitionArchive.objects.filter(table=TABLE, month=month)
    with pytest.raises(PartitionRefused, match="younger than a year"):
        step("SELECT drop_partition(%s, %s::date)", [TABLE, month])
    archived.delete()


def test_what_was_erased_stays_so_when_its_month_comes_back(
    acme: Company, long_ago: datetime
) -> None:
    """Even where the entry that tells of the erasure is archived itself by then."""
    month = long_ago.date().replace(day=1)
    moment = datetime.now(UTC)
    erased = [e.row_id for e in entries(acme.tenant_id)][:31]
    archive_make(table=TABLE, month=month, moment=moment)
    assert step("SELECT drop_partition(%s, %s::date, %s)", [TABLE, month, moment]) == [True]
    with raw(acme.tenant_id) as connection:
        connection.execute("SELECT audit_erase('accounting_contact', %s)", (erased,))
    tamper("DELETE FROM audit_auditlog WHERE action = 'erase' AND tenant_id = %s", acme.tenant_id)
    assert sum(partitions_restore(family="audit", month=month, moment=moment).values()) == 31
    assert [e.personal for e in entries(acme.tenant_id)][:31] == [None] * 31


def test_what_was_thrown_away_of_persons_is_no_erasure(acme: Company, sealed: list[UUID]) -> None:
    [gone, *_] = [e.id for e in entries(acme.tenant_id, "accounting_contact")]
    tamper("UPDATE audit_auditlog SET personal = NULL WHERE id = %s", gone)
    assert faults(acme.tenant_id) == [("altered", gone)]


def test_the_chain_of_a_company_that_is_gone_is_verified(acme: Company, sealed: list[UUID]) -> None:
    nobodys = uuid7()
    with raw(alias="owner") as owner:
        for table in ("audit_auditlog", "audit_auditblock"):
            owner.execute(
                f"UPDATE {table} SET tenant_id = %s WHERE tenant_id = %s",  # type: ignore[arg-type]
                (nobodys, acme.tenant_id),
            )
    assert nobodys in chains()
    assert faults(nobodys)[0] == ("chain", 1)
    tamper("DELETE FROM audit_auditlog WHERE tenant_id = %s", nobodys)
    tamper("DELETE FROM audit_auditblock WHERE tenant_id = %s", nobodys)


def test_nothing_is_sealed_before_its_time(acme: Company) -> None:
    for asked in ("1000, 1000, '-1 year'", "0, 1000, '0 s'", "1000, 0, '0 s'"):
        with raw(acme.tenant_id) as connection, refused("audit_seal_bounds"):
            connection.execute(f"SELECT audit_seal({asked})")  # type: ignore[arg-type]


# --- commands and heads ---------------------------------------------------------------


def test_the_command_says_that_all_is_well(acme: Company, sealed: list[UUID]) -> None:
    out = StringIO()
    call_command("verify_audit", tenant=acme.slug, stdout=out)
    assert f"{len(sealed)} rows" in out.getvalue()
    out = StringIO()
    call_command("verify_audit", tenant=acme.slug, json=True, stdout=out)
    report = orjson.loads(out.getvalue())
    assert (report["rows"], report["faults"]) == (len(sealed), [])


def test_the_command_names_what_is_wrong_and_fails(acme: Company, sealed: list[UUID]) -> None:
    tamper("UPDATE audit_auditlog SET reason = 'x' WHERE id = %s", sealed[4])
    told = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", tenant=acme.slug, stderr=told, stdout=StringIO())
    assert f"Row {sealed[4]}" in told.getvalue()
    assert "was changed after it was written" in told.getvalue()


def test_an_unknown_company_is_an_error() -> None:
    with pytest.raises(CommandError, match="no company"):
        call_command("verify_audit", tenant="nobody")


@override_settings(AUDIT_SIGNING_KEY=KEY)
def test_heads_are_read_only_as_they_were_signed(acme: Company, sealed: list[UUID]) -> None:
    head = head_of(acme.tenant_id)
    assert isinstance(head, Head)
    assert head.rows == len(sealed)
    signed = heads_signed(iter([head]), datetime.now(UTC))
    assert heads_read(signed, public_key()) == [head]
    for position in range(0, len(signed), 7):
        changed = signed[:position] + bytes([signed[position] ^ 1]) + signed[position + 1 :]
        try:
            read: Any = heads_read(changed, public_key())
        except HeadsUnsigned:
            continue
        assert read == [head]  # only what is not signed: the key that the file itself names
    with override_settings(AUDIT_SIGNING_KEY="another"), pytest.raises(HeadsUnsigned):
        heads_read(signed, public_key())


def test_without_a_key_nothing_is_signed(tmp_path: Path) -> None:
    with override_settings(AUDIT_SIGNING_KEY=""), pytest.raises(HeadsUnsigned):
        public_key()
    with override_settings(AUDIT_SIGNING_KEY="", AUDIT_HEADS_DIR=str(tmp_path)):
        assert heads_publish(moment=datetime.now(UTC)) == ""
    assert list(tmp_path.iterdir()) == []


def test_the_days_heads_are_a_file(acme: Company, sealed: list[UUID], tmp_path: Path) -> None:
    with override_settings(AUDIT_SIGNING_KEY=KEY, AUDIT_HEADS_DIR=str(tmp_path / "new")):
        path = heads_publish(moment=datetime(2026, 3, 1, tzinfo=UTC))
        heads = heads_read(Path(path).read_bytes(), public_key())
    assert path.endswith("audit-heads-2026-03-01.jsonl")
    assert acme.tenant_id in {head.tenant_id for head in heads}
    assert [p.name for p in Path(path).parent.iterdir()] == ["audit-heads-2026-03-01.jsonl"]


def test_the_platform_has_a_chain_of_its_own(acme: Company) -> None:
    seal(PLATFORM)
    assert verified(PLATFORM).rows > 0
