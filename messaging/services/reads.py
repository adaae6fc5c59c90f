"""How far somebody has read."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from core.errors import NotFound, require
from core.jobs.outbox import outbox_row
from core.json import dumps
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_row
from messaging.errors import CursorAstray
from messaging.events import ThreadRead
from messaging.months import window

SQL = Path(__file__).parent / "sql"
LOCK_SQL = (SQL / "read_lock.sql").read_text(encoding="utf-8")
READ_SQL = (SQL / "thread_read.sql").read_text(encoding="utf-8")
#: Receipts written by one call: of the newest messages; the cursor says the rest.
RECEIPTS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class ReadUpTo:
    """Where the cursor stands now, and how many receipts that made."""

    last_read_id: UUID | None
    receipts: int


class Stand(NamedTuple):
    """Somebody in a thread, locked: his cursor, what he sees or has read up to, and its end."""

    cursor: UUID | None
    after: UUID | None
    last_message_id: UUID | None
    sent: int
    is_known: bool


@command
def thread_read(ctx: Context, *, thread_id: UUID, message_id: UUID | None = None) -> ReadUpTo:
    """Mark as read up to a message, by default the thread's last. The cursor never moves back.

    Receipts are written for what is newly covered, of others and not deleted. Two statements,
    one where there is nothing new.
    """
    stand = _stand(ctx, thread_id, message_id)
    require(stand.is_known, CursorAstray())
    target = message_id or stand.last_message_id
    if target is None or (stand.cursor is not None and target <= stand.cursor):
        return ReadUpTo(stand.cursor, 0)
    return ReadUpTo(target, _move(ctx, thread_id, stand, target))


def _stand(ctx: Context, thread_id: UUID, message_id: UUID | None) -> Stand:
    asked = {
        "tenant": ctx.tenant_id,
        "thread": thread_id,
        "reader": ctx.acting_user,
        "message": message_id,
    }
    row = tenant_row(LOCK_SQL, asked)
    if row is None:
        raise NotFound
    return Stand(*row)


def _move(ctx: Context, thread_id: UUID, stand: Stand, target: UUID) -> int:
    event = outbox_row(ctx, ThreadRead(thread_id, ctx.acting_user, target))
    [receipts] = tenant_row(
        READ_SQL.format(receipts=RECEIPTS_MAX, **window(stand.after, target)),
        {
            "tenant": ctx.tenant_id,
            "thread": thread_id,
            "reader": ctx.acting_user,
            "target": target,
            "after": stand.after,
            "sent": stand.sent if target == stand.last_message_id else None,
            "now": ctx.now,
            "request_id": ctx.request_id,
            "event": event.id,
            "event_name": event.name,
            "payload": dumps(event.payload).decode(),
        },
    )
    return int(receipts)
