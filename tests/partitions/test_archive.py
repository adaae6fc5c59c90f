"""Nothing is dropped without an archive that is whole; what is archived can be had back."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from core.errors import DomainError
from core.partitions import archives
from core.partitions.archive_file import ArchiveBroken, read_contents, rows_by_tenant, values_of
from core.partitions.archives import archive_check, archive_make, archive_path, tenant_digest
from core.partitions.models import PartitionArchive
from core.partitions.restore import RowsDiffer, partitions_restore
from core.partitions.services import partitions_ensure, partitions_maintain
from core.partitions.steps import PartitionBusy, PartitionRefused, only_maintainer, step
from core.tenancy.models import Tenant
from tests.cast import Company
from tests.core.raw import raw
from tests.partitions.scratch import HEARD, SAID, at, partitions, say, sayings

MONTH = date(2027, 2, 1)
WHEN = at(2027, 2, 14, 12)
LATER = at(2028, 6, 1)

NASTY: list[dict[str, Any]] = [
    {"body": None},
    {"body": ""},
    {"body": "\\N"},
    {"body": "\\."},
    {"body": 'he said "no", twice'},
    {"body": "two\nlines\r\nand\ta tab"},
    {"body": '"\n"\n"'},
    {"body": ",,,"},
    {"body": "NULL"},
    {"body": "Grüße 😀 \u2028 done"},
    {"body": "x" * 20_000},
    {"body": "j", "extra": Jsonb({"a": ['"', None, 1.5, {"b": "\n"}]})},
    {"body": "n", "price": "12345678.9012", "is_loud": True},
    {"body": "f", "is_loud": False},
]


@pytest.fixture
def february(scratch: None, archive_dir: Path, acme: Company, globex: Company) -> None:
    """Both companies have spoken; and one of them is closed."""
    partitions_ensure(table=SAID, moments=[WHEN])
    for values in NASTY:
        say(acme.tenant_id, WHEN, **values)
    say(globex.tenant_id, WHEN)
    Tenant.objects.filter(pk=globex.tenant_id).update(is_active=False)


def archived(table: str) -> PartitionArchive:
    return archive_make(table=table, month=MONTH, moment=LATER)


def drop(table: str) -> list[Any]:
    return step("SELECT drop_partition(%s, %s::date, %s)", [table, MONTH, LATER])


def drop_both() -> None:
    for table in (HEARD, SAID):
        archived(table)
    for table in (HEARD, SAID):
        assert drop(table) == [True]


def restore() -> dict[str, int]:
    return partitions_restore(family="scratch", month=MONTH, moment=LATER)


def test_every_value_of_every_company_comes_back_as_it_was(
    february: None, acme: Company, globex: Company
) -> None:
    before = {c.slug: (sayings(c.tenant_id), sayings(c.tenant_id, HEARD)) for c in (acme, globex)}
    drop_both()
    assert partitions() == []
    assert partitions(HEARD) == []

    assert restore() == {f"{SAID}_p2027_02": 15, f"{HEARD}_p2027_02": 15}
    after = {c.slug: (sayings(c.tenant_id), sayings(c.tenant_id, HEARD)) for c in (acme, globex)}
    assert after == before
    assert len(before[acme.slug][0]) == len(NASTY)
    assert len(before[globex.slug][0]) == 1

    assert restore() == {f"{SAID}_p2027_02": 0, f"{HEARD}_p2027_02": 0}


def test_the_row_says_what_the_file_holds(february: None, acme: Company) -> None:
    archive = archived(SAID)
    path = archive_path(archive.path)
    assert (archive.rows, archive.verified_at) == (len(NASTY) + 1, LATER)
    assert archive.bytes == path.stat().st_size
    assert path.stat().st_mode & 0o077 == 0
    assert "shout" not in archive.columns
    assert [name for name in path.parent.iterdir() if name.name.startswith(".")] == []
    ours = [row for tenant, batch in rows_by_tenant(path, 4) for row in batch
            if UUID(tenant) == acme.tenant_id]  # fmt: skip
    bodies = [row[archive.columns.index("body")] for row in ours]
    assert sorted(map(repr, bodies)) == sorted(repr(values["body"]) for values in NASTY)


def test_values_are_told_apart() -> None:
    assert values_of(b'"a","",,"b""c",') == ["a", "", None, 'b"c', None]
    assert values_of(b'"a"') == ["a"]
    assert values_of(b",") == [None, None]


def test_a_file_with_one_changed_byte_is_refused_whichever_it_is(february: None) -> None:
    archive = archived(HEARD)
    path = archive_path(archive.path)
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :])
        with pytest.raises(ArchiveBroken):
            archive_check(archive)
    path.write_bytes(whole)
    archive_check(archive)


@pytest.mark.parametrize("damage", ["byte", "cut", "longer", "gone", "empty"])
def test_a_damaged_archive_drops_nothing_and_restores_nothing(
    february: None, acme: Company, damage: str
) -> None:
    archived(HEARD)
    path = archive_path(archived(SAID).path)
    whole = path.read_bytes()
    spoil(path, damage)
    report = partitions_maintain(moment=LATER)
    assert "scratch 2027-02" in report.postponed
    assert f"{SAID}_p2027_02" in partitions()
    assert len(sayings(acme.tenant_id)) == len(NASTY)

    path.write_bytes(whole)
    partitions_maintain(moment=LATER)
    assert f"{SAID}_p2027_02" not in partitions()
    spoil(path, damage)
    with pytest.raises(ArchiveBroken):
        restore()
    assert f"{HEARD}_p2027_02" not in partitions(HEARD)


def spoil(path: Path, damage: str) -> None:
    whole = path.read_bytes()
    match damage:
        case "byte":
            path.write_bytes(whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:])
        case "cut":
            path.write_bytes(whole[:-1])
        case "longer":
            path.write_bytes(whole + b"\0")
        case "gone":
            path.unlink()
        case "empty":
            path.write_bytes(b"")


def test_without_an_archive_nothing_is_dropped(february: None) -> None:
    with pytest.raises(PartitionRefused) as refusal:
        drop(HEARD)
    assert refusal.value.rule == "partitions_no_archive"


def test_an_archive_that_was_not_verified_does_not_count(february: None) -> None:
    archive = archived(HEARD)
    PartitionArchive.objects.filter(pk=archive.pk).update(verified_at=None)
    with pytest.raises(PartitionRefused) as refusal:
        drop(HEARD)
    assert refusal.value.rule == "partitions_no_archive"


def test_an_archive_from_before_the_month_was_over_does_not_count(february: None) -> None:
    archive_make(table=HEARD, month=MONTH, moment=at(2027, 2, 28, 23, 59))
    with pytest.raises(PartitionRefused) as refusal:
        drop(HEARD)
    assert refusal.value.rule == "partitions_no_archive"


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE {HEARD} SET who = 'carol'",
        f"DELETE FROM {HEARD}",
        f"INSERT INTO {HEARD} SELECT tenant_id, gen_random_uuid(), said_id, 'eve' FROM {HEARD}",
    ],
)
def test_what_changed_since_is_not_dropped(february: None, acme: Company, change: str) -> None:
    archived(HEARD)
    with raw(acme.tenant_id) as connection:
        connection.execute(change)
    with pytest.raises(PartitionRefused) as refusal:
        drop(HEARD)
    assert refusal.value.rule == "partitions_archive_differs"


def test_maintenance_archives_again_what_changed_since(february: None, acme: Company) -> None:
    archived(HEARD)
    with raw(acme.tenant_id) as connection:
        connection.execute(f"UPDATE {HEARD} SET who = 'carol'")
    report = partitions_maintain(moment=LATER)
    assert report.postponed == {}
    assert report.dropped == [f"{HEARD}_p2027_02", f"{SAID}_p2027_02"]
    restore()
    assert {row[3] for row in sayings(acme.tenant_id, HEARD)} == {"carol"}


def test_what_others_refer_to_is_dropped_after_them(february: None) -> None:
    archived(SAID)
    with pytest.raises(PartitionRefused) as refusal:
        drop(SAID)
    assert refusal.value.rule == "partitions_referred_to"


def test_sql_alone_drops_in_order_and_only_what_is_old(february: None) -> None:
    partitions_ensure(table=SAID, moments=[at(2028, 5, 1)])
    for table in (HEARD, SAID):
        archived(table)
    for table in (HEARD, SAID):
        dropped = step("SELECT drop_old_partitions(%s, 12, %s)", [table, LATER])
        assert dropped == [f"{table}_p2027_02"]
        assert partitions(table) == [f"{table}_p2028_05"]


def one_row_more(ctx: Any, **values: Any) -> Any:
    found = tenant_digest(ctx, **values)
    found.rows += 1
    return found


def stopped(ctx: Any, **values: Any) -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("digest", "raised"), [(one_row_more, ArchiveBroken), (stopped, KeyboardInterrupt)]
)
def test_an_archive_that_cannot_be_verified_leaves_nothing_behind(
    february: None, archive_dir: Path, monkeypatch: pytest.MonkeyPatch, digest: Any, raised: Any
) -> None:
    monkeypatch.setattr(archives, "tenant_digest", digest)
    with pytest.raises(raised):
        archived(SAID)
    assert not PartitionArchive.objects.filter(table=SAID, month=MONTH).exists()
    assert [path for path in archive_dir.rglob("*") if path.is_file()] == []


def test_a_write_that_fails_half_way_leaves_no_file(
    february: None, archive_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        archived(SAID)
    monkeypatch.undo()
    assert not any(path.suffix == ".zst" for path in archive_dir.rglob("*"))


def test_restoring_beside_other_rows_says_so_and_is_done_with_it(
    february: None, acme: Company
) -> None:
    drop_both()
    partitions_ensure(table=SAID, moments=[WHEN])
    say(acme.tenant_id, WHEN, body="imported since")
    with pytest.raises(RowsDiffer):
        restore()
    with raw(acme.tenant_id) as connection:
        connection.execute(f"DELETE FROM {HEARD}")
        connection.execute(f"DELETE FROM {SAID} WHERE body = 'x'")
    left = len(sayings(acme.tenant_id))
    assert restore()[f"{SAID}_p2027_02"] == 0
    assert len(sayings(acme.tenant_id)) == left


def test_what_was_removed_while_the_month_was_there_does_not_come_back(
    february: None, acme: Company
) -> None:
    """Archived, but not dropped; or dropped and had back."""
    for table in (HEARD, SAID):
        archived(table)
    remove_one(acme, "bob")
    assert restore() == {f"{SAID}_p2027_02": 0, f"{HEARD}_p2027_02": 0}
    assert len(sayings(acme.tenant_id, HEARD)) == len(NASTY) - 1

    drop_both()
    assert restore()[f"{HEARD}_p2027_02"] == len(NASTY)
    remove_one(acme, "bob")
    assert restore() == {f"{SAID}_p2027_02": 0, f"{HEARD}_p2027_02": 0}
    assert len(sayings(acme.tenant_id, HEARD)) == len(NASTY) - 2


def test_both_times_that_a_month_was_dropped_come_back(february: None, acme: Company) -> None:
    """Somebody imported history into a month that was gone, and it went again."""
    drop_both()
    partitions_ensure(table=SAID, moments=[WHEN])
    say(acme.tenant_id, WHEN, body="imported since")
    drop_both()
    assert restore() == {f"{SAID}_p2027_02": 16, f"{HEARD}_p2027_02": 16}
    assert len(sayings(acme.tenant_id)) == len(NASTY) + 1
    assert restore() == {f"{SAID}_p2027_02": 0, f"{HEARD}_p2027_02": 0}


def remove_one(company: Company, who: str) -> None:
    with raw(company.tenant_id) as connection:
        connection.execute(
            f"DELETE FROM {HEARD} WHERE ctid = (SELECT min(ctid) FROM {HEARD} WHERE who = %s)",
            [who],
        )


def test_nothing_is_restored_beside_a_maintenance_nor_dropped_beside_a_restore(
    february: None, acme: Company
) -> None:
    drop_both()
    with only_maintainer(), pytest.raises(PartitionBusy):
        restore()
    assert partitions() == []
    reports = []
    partitions_restore(
        family="scratch",
        month=MONTH,
        moment=LATER,
        progress=lambda rows: reports.append(partitions_maintain(moment=LATER)),
    )
    assert len(reports) == 4, "each table, each company"
    assert all(report.is_skipped for report in reports)
    assert len(sayings(acme.tenant_id, HEARD)) == len(NASTY)


def test_a_restored_month_is_not_dropped_the_next_day(february: None) -> None:
    drop_both()
    restore()
    assert partitions_maintain(moment=LATER).dropped == []
    dropped = partitions_maintain(moment=at(2028, 7, 2)).dropped
    assert f"{SAID}_p2027_02" in dropped


def test_what_is_not_archived_cannot_be_restored(scratch: None, archive_dir: Path) -> None:
    with pytest.raises(DomainError, match="no verified archive"):
        restore()
    with pytest.raises(DomainError, match=r"no family of tables scratched; there are .*scratch"):
        partitions_restore(family="scratched", month=MONTH, moment=LATER)


def test_by_default_nothing_is_archived_or_dropped(february: None, settings: Any) -> None:
    settings.PARTITION_ARCHIVE_DIR = ""
    report = partitions_maintain(moment=LATER)
    assert (report.archived, report.dropped, report.kept) == ([], [], ["scratch 2027-02"])


def test_with_a_place_alone_it_is_archived_once_and_kept(february: None, settings: Any) -> None:
    settings.PARTITION_DROP = False
    assert len(partitions_maintain(moment=LATER).archived) == 2
    report = partitions_maintain(moment=LATER)
    assert (report.archived, report.dropped, report.kept) == ([], [], ["scratch 2027-02"])


def test_another_tool_reads_the_file(february: None) -> None:
    """The first row of a frame at a time: nothing but CSV in zstd."""
    contents = read_contents(archive_path(archived(SAID).path))
    assert len(contents.tenants) == 2
    assert contents.whole.rows == len(NASTY) + 1
