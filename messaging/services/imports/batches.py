"""A few thousand messages at once, with all that belongs to them: whole, or not at all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from core.ids import uuid7
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_cursor
from messaging.models import Thread
from messaging.services.imports.ids import range_of, without_place
from messaging.services.imports.values import datetime_of

SQL = Path(__file__).parent / "sql"
KNOWN_SQL = (SQL / "messages_known.sql").read_text(encoding="utf-8")
MESSAGES_SQL = (SQL / "messages_insert.sql").read_text(encoding="utf-8")
PARTICIPANTS_SQL = (SQL / "participants_insert.sql").read_text(encoding="utf-8")
RECEIPTS_SQL = (SQL / "receipts_insert.sql").read_text(encoding="utf-8")
REACTIONS_SQL = (SQL / "reactions_insert.sql").read_text(encoding="utf-8")
THREADS_SQL = (SQL / "threads_move.sql").read_text(encoding="utf-8")
INBOXES_SQL = (SQL / "inboxes_ask.sql").read_text(encoding="utf-8")
CURSORS_SQL = (SQL / "cursors_move.sql").read_text(encoding="utf-8")
MESSAGES_MAX = 4_000
#: Receipts and reactions, which may be many more than messages.
CHILDREN_MAX = 20_000
NO_FILES = "[]"


@dataclass(frozen=True, slots=True)
class Line:
    """A message with everything resolved, as it is written."""

    id: UUID
    thread: UUID
    sender: UUID
    moment: int
    text: str
    reply_id: UUID | None
    reactions: list[tuple[UUID, str, int | None]]
    receipts: list[tuple[UUID, int | None]]
    attachments: list[dict[str, Any]]
    edited_at: int | None
    deleted_at: int | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where somebody has read a thread that ends in this batch."""

    thread: UUID
    user: UUID
    id: UUID
    moment: int


@dataclass(slots=True)
class Batch:
    lines: list[Line] = field(default_factory=list)
    #: Thread, user, and the moment from which he is in it.
    joining: list[tuple[UUID, UUID, int]] = field(default_factory=list)
    cursors: list[Cursor] = field(default_factory=list)
    #: Threads that earlier batches of this run added to.
    added_before: set[UUID] = field(default_factory=set)
    children: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.lines) >= MESSAGES_MAX or self.children >= CHILDREN_MAX


@dataclass(frozen=True, slots=True)
class Written:
    """How many of each; and ids that an earlier import gave to messages in this one."""

    messages: int
    receipts: int
    reactions: int
    threads: set[UUID]
    other_ids: dict[UUID, UUID]


@command
def messages_write(
    ctx: Context,
    *,
    batch: Batch,
    hidden_since: datetime | None = None,
    with_children: bool = True,
) -> Written:
    """Write what is not written yet.

    Locks the batch's threads, so that of two imports at once the second sees what the
    first has written, and nobody posts between. With `hidden_since`, who is new in a
    thread has left it at that moment, so that nobody sees it yet.
    """
    threads = sorted({line.thread for line in batch.lines})
    list(Thread.objects.select_for_update().filter(id__in=threads).order_by("id").values("id"))
    known = _known(ctx, threads, batch.lines)
    new = [line for line in batch.lines if without_place(line.id) not in known]
    other_ids = {
        line.id: known[without_place(line.id)]
        for line in batch.lines
        if known.get(without_place(line.id), line.id) != line.id
    }
    _join(ctx, batch.joining, hidden_since)
    _execute(ctx, INBOXES_SQL, threads, threads=threads)
    receipts = reactions = 0
    if new:
        _insert(ctx, new, other_ids)
    if with_children:
        receipts = _insert_receipts(ctx, new)
        reactions = _insert_reactions(ctx, new)
    changed = {line.thread for line in new}
    _move(ctx, batch, new, changed | batch.added_before, other_ids)
    return Written(len(new), receipts, reactions, changed, other_ids)


def _known(ctx: Context, threads: list[UUID], lines: list[Line]) -> dict[int, UUID]:
    first, last = range_of([line.id for line in lines])
    wanted = {"tenant": ctx.tenant_id, "threads": threads, "first": first, "last": last}
    with tenant_cursor() as cursor:
        cursor.execute(KNOWN_SQL, wanted)
        return {without_place(known): known for (known,) in cursor.fetchall()}


def _join(
    ctx: Context, joining: Sequence[tuple[UUID, UUID, int]], hidden_since: datetime | None
) -> None:
    # In the order of people, because the guard locks each: two imports wait, and do not deadlock.
    ordered = sorted(joining, key=lambda one: (one[1], one[0]))
    _execute(
        ctx,
        PARTICIPANTS_SQL,
        ordered,
        ids=(uuid7() for _ in ordered),
        threads=(thread for thread, _, _ in ordered),
        users=(user for _, user, _ in ordered),
        joined=(datetime_of(moment) for _, _, moment in ordered),
        left=hidden_since,
    )


def _insert(ctx: Context, new: Sequence[Line], other_ids: dict[UUID, UUID]) -> None:
    _execute(
        ctx,
        MESSAGES_SQL,
        new,
        ids=(line.id for line in new),
        threads=(line.thread for line in new),
        senders=(line.sender for line in new),
        bodies=("" if line.deleted_at is not None else line.text for line in new),
        replies=(other_ids.get(line.reply_id, line.reply_id) for line in new),  # type: ignore[arg-type]
        attachments=map(_files, new),
        edited=(_moment(line.edited_at) for line in new),
        deleted=(_moment(line.deleted_at) for line in new),
    )


def _insert_receipts(ctx: Context, new: Sequence[Line]) -> int:
    rows = [(line, user, at) for line in new for user, at in line.receipts]
    return _execute(
        ctx,
        RECEIPTS_SQL,
        rows,
        ids=(uuid7() for _ in rows),
        messages=(line.id for line, _, _ in rows),
        users=(user for _, user, _ in rows),
        at=(datetime_of(line.moment if at is None else at) for line, _, at in rows),
    )


def _insert_reactions(ctx: Context, new: Sequence[Line]) -> int:
    rows = [(line, *reaction) for line in new for reaction in line.reactions]
    return _execute(
        ctx,
        REACTIONS_SQL,
        rows,
        ids=(uuid7() for _ in rows),
        messages=(line.id for line, _, _, _ in rows),
        users=(user for _, user, _, _ in rows),
        emoji=(emoji for _, _, emoji, _ in rows),
        at=(datetime_of(line.moment if at is None else at) for line, _, _, at in rows),
    )


def _move(
    ctx: Context,
    batch: Batch,
    new: Sequence[Line],
    changed: set[UUID],
    other_ids: dict[UUID, UUID],
) -> None:
    """The last message of each thread, and how far its people have read."""
    last = {line.thread: line for line in new}
    _execute(
        ctx,
        THREADS_SQL,
        last,
        threads=last,
        ids=(line.id for line in last.values()),
        at=(datetime_of(line.moment) for line in last.values()),
    )
    cursors = [cursor for cursor in batch.cursors if cursor.thread in changed]
    _execute(
        ctx,
        CURSORS_SQL,
        cursors,
        threads=(cursor.thread for cursor in cursors),
        users=(cursor.user for cursor in cursors),
        ids=(other_ids.get(cursor.id, cursor.id) for cursor in cursors),
        at=(datetime_of(cursor.moment) for cursor in cursors),
    )


def _execute(
    ctx: Context,
    sql: str,
    rows: Sequence[Any] | dict[Any, Any],
    *,
    left: Any = None,
    **columns: Iterable[Any],
) -> int:
    """Run `sql` with a list for each column, unless there are no rows; how many it wrote."""
    if not rows:
        return 0
    values = {name: list(column) for name, column in columns.items()}
    with tenant_cursor() as cursor:
        cursor.execute(sql, {"tenant": ctx.tenant_id, "left": left, **values})
        return int(cursor.rowcount)


def _moment(count: int | None) -> datetime | None:
    return None if count is None else datetime_of(count)


def _files(line: Line) -> str:
    if line.deleted_at is not None or not line.attachments:
        return NO_FILES
    return orjson.dumps(line.attachments).decode()
