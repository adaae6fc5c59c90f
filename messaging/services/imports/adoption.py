"""From the old shape to this one: copied out of sight, compared, and only then shown.

The threads that are made have nobody in them who has not left at HIDDEN, so nobody
sees them while they are filled. When every thread has the messages, texts, senders,
moments, replies, receipts and reactions of the table, one statement brings everybody
in. Where anything differs nothing is shown, and another run goes on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from itertools import islice
from operator import add
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from core.errors import Conflict
from core.partitions.steps import lift_time_limits
from core.tenancy.context import Context
from core.tenancy.transactions import command, query, tenant_cursor
from messaging.models import Thread
from messaging.services.imports.adoption_source import ROWS_AT_ONCE, TableSource
from messaging.services.imports.batches import INBOXES_SQL
from messaging.services.imports.ids import digest, hash_of, imported_id, thread_id
from messaging.services.imports.messages import (
    EARLIEST,
    Manner,
    records_examine,
    records_import,
)
from messaging.services.imports.people import people_ensure
from messaging.services.imports.records import Person, Record, Said
from messaging.services.imports.report import Progress, Summary, no_progress
from messaging.services.imports.values import microseconds

SQL = Path(__file__).parent / "sql"
DIGEST_SQL = (SQL / "adoption_digest.sql").read_text(encoding="utf-8")
SWAP_SQL = (SQL / "adoption_swap.sql").read_text(encoding="utf-8")
#: No human has left a thread then.
HIDDEN = datetime(1970, 1, 1, tzinfo=UTC)
THREADS_AT_ONCE = 200
DIFFERENCES_SHOWN = 20
#: Of an id: its moment, to the microsecond.
MOMENT_CHARACTERS = 18


class AdoptionDiffers(Conflict):
    """What was copied is not what the table has; nothing is shown to anybody."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """What is asked for. `name` tells this table from another that was adopted."""

    dsn: str
    table: str
    name: str
    earliest: datetime = EARLIEST
    #: Rows that no message can be made of do not stop it; the report has them.
    accepts_refused: bool = False
    #: Receipts and reactions are left to the SQL functions.
    with_children: bool = True
    #: The old table's new name; empty leaves it.
    rename_to: str = ""


class Digest(NamedTuple):
    """A thread, in numbers."""

    messages: int = 0
    replies: int = 0
    checksum: int = 0
    receipts: int = 0
    reactions: int = 0
    edited: int = 0
    deleted: int = 0


NOTHING = Digest()


@dataclass(slots=True)
class Adopted:
    """What became of it. `shown` are people brought into their threads."""

    summary: Summary
    threads: int = 0
    compared: Digest = NOTHING
    shown: int = 0
    is_shown: bool = False


def table_adopt(
    ctx: Context, *, adoption: Adoption, report_path: Path, progress: Progress = no_progress
) -> Adopted:
    """Copy, compare, show. Run again it goes on where it was; shown, it adds what is new.

    With a new name for the old table, its writers are kept out while what they wrote in
    the meantime is copied and all of it is compared; then it has that name.
    """
    with TableSource(dsn=adoption.dsn, table=adoption.table) as source:
        adopted = Adopted(_copy(ctx, source, adoption, report_path, progress))
        if adoption.rename_to:
            source.lock()
            before, adopted.summary = (
                adopted.summary,
                _copy(ctx, source, adoption, report_path, progress),
            )
            adopted.summary.added += before.added
            adopted.summary.known -= before.added
            for what, count in before.created.items():
                adopted.summary.create(what, count)
        _require_whole(adopted.summary, adoption)
        threads = _compare(ctx, source, adoption, adopted, progress)
        adopted.shown = adoption_show(ctx, threads=threads)
        adopted.is_shown = True
        if adoption.rename_to:
            source.rename(adoption.rename_to)
    return adopted


def table_examine(ctx: Context, *, adoption: Adoption, report_path: Path) -> Adopted:
    """What an adoption would find; writes nothing but the report."""
    with TableSource(dsn=adoption.dsn, table=adoption.table) as source:
        summary = records_examine(
            ctx, records=source.records(), manner=_manner(adoption), report_path=report_path
        )
        return Adopted(summary)


@command
def adoption_show(ctx: Context, *, threads: list[UUID]) -> int:
    """Bring everybody into threads that were filled out of sight, all at once; locks them."""
    locked = Thread.objects.select_for_update(no_key=True).filter(id__in=threads)
    list(locked.order_by("id").values("id"))
    with tenant_cursor() as cursor:
        lift_time_limits(cursor)
        wanted = {"tenant": ctx.tenant_id, "threads": threads, "hidden": HIDDEN}
        cursor.execute(SWAP_SQL, wanted)
        shown = int(cursor.rowcount)
        cursor.execute(INBOXES_SQL, {"tenant": ctx.tenant_id, "threads": threads})
        return shown


@query
def digests_get(ctx: Context, *, threads: list[UUID]) -> dict[UUID, Digest]:
    """What there is of these threads."""
    with tenant_cursor() as cursor:
        lift_time_limits(cursor)
        cursor.execute(DIGEST_SQL, {"tenant": ctx.tenant_id, "threads": threads})
        return {thread: Digest(*map(int, row)) for thread, *row in cursor.fetchall()}


def _manner(adoption: Adoption) -> Manner:
    return Manner(
        adoption.name,
        adoption.earliest,
        keys_are_ids=True,
        with_children=adoption.with_children,
        hidden_since=HIDDEN,
    )


def _copy(
    ctx: Context, source: TableSource, adoption: Adoption, report_path: Path, progress: Progress
) -> Summary:
    total = source.count()
    return records_import(
        ctx,
        records=source.records(lambda done: progress("reading", done, total)),
        manner=_manner(adoption),
        report_path=report_path,
        progress=progress,
    )


def _require_whole(summary: Summary, adoption: Adoption) -> None:
    if summary.refused and not adoption.accepts_refused:
        raise AdoptionDiffers(
            f"{summary.refused:,} rows became no messages; the report says why. "
            "Nothing is shown yet: correct them, or accept that they are left behind."
        )


def _compare(
    ctx: Context, source: TableSource, adoption: Adoption, adopted: Adopted, progress: Progress
) -> list[UUID]:
    """The threads, after each was found to be the table's."""
    expected = _expected(ctx, source, adoption)
    keys = {thread_id(ctx.tenant_id, adoption.name, key): key for key in expected}
    ids = list(keys)
    differences: list[str] = []
    for start in range(0, len(ids), THREADS_AT_ONCE):
        found = digests_get(ctx, threads=ids[start : start + THREADS_AT_ONCE])
        for thread in ids[start : start + THREADS_AT_ONCE]:
            wanted, is_there = expected[keys[thread]], found.get(thread, Digest())
            differences += _differences(keys[thread], wanted, is_there)
            adopted.compared = Digest(
                *(a + b for a, b in zip(adopted.compared, is_there, strict=True))
            )
        progress("comparing", min(start + THREADS_AT_ONCE, len(ids)), len(ids))
    adopted.threads = len(ids)
    if differences:
        shown = "\n".join(differences[:DIFFERENCES_SHOWN])
        raise AdoptionDiffers(f"{len(differences):,} differences, nothing is shown:\n{shown}")
    return ids


def _differences(key: str, wanted: Digest, found: Digest) -> list[str]:
    return [
        f"thread {key}: {name} {a:,} in the table, {b:,} here"
        for name, a, b in zip(Digest._fields, wanted, found, strict=True)
        if a != b
    ]


def _expected(ctx: Context, source: TableSource, adoption: Adoption) -> dict[str, Digest]:
    """The table read once more, row by row: independent of what the copy has spooled."""
    lost = source.lost_replies()
    first, last = microseconds(adoption.earliest), microseconds(ctx.now)
    users: dict[str, UUID] = {}
    found: dict[str, Digest] = {}
    for records in _chunks(source.records()):
        kept = [one for one in records if first <= one.moment <= last]
        new = [Person(key) for key in {one.sender for one in kept} - set(users)]
        users |= people_ensure(ctx, name=adoption.name, persons=new, keys_are_ids=True).users
        for said in kept:
            before = found.get(said.thread, Digest())
            one = _digest(said, users[said.sender], adoption, is_lost=said.key in lost)
            found[said.thread] = Digest(*map(add, before, one))
    return found


def _chunks(records: Iterable[Record]) -> Iterator[list[Said]]:
    said = (record for record in records if isinstance(record, Said))
    while chunk := list(islice(said, ROWS_AT_ONCE)):
        yield chunk


def _digest(said: Said, sender: UUID, adoption: Adoption, *, is_lost: bool) -> Digest:
    """One message, as `adoption_digest.sql` sums it up."""
    moment = str(imported_id(said.moment, 0, 0))[:MOMENT_CHARACTERS]
    own = _tail(adoption.name, said.thread, said.key)
    answered = "" if is_lost or not said.reply_to else said.reply_to
    reply = _tail(adoption.name, said.thread, answered) if answered else ""
    line = "|".join((said.text, moment, str(sender), own, reply))
    checksum = int(md5(line.encode(), usedforsecurity=False).hexdigest()[:15], 16)
    return Digest(
        1,
        bool(answered),
        checksum,
        len(said.receipts) if adoption.with_children else 0,
        len(said.reactions) if adoption.with_children else 0,
        said.edited_at is not None,
        said.deleted_at is not None,
    )


def _tail(name: str, thread: str, key: str) -> str:
    """The end of the id of the message that has this key."""
    return f"{hash_of(digest(name, thread, 'id', key)):x}".zfill(11)[-10:]
