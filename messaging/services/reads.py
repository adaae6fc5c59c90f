"""How far somebody has read."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from core.errors import NotFound
from core.jobs.outbox import outbox_row
from core.json import dumps
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_cursor
from messaging.errors import CursorAstray
from messaging.events import ThreadRead

READ_SQL = (Path(__file__).parent / "sql" / "thread_read.sql").read_text(encoding="utf-8")
#: Receipts written by one call: of the newest messages; the cursor says the rest.
RECEIPTS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class ReadUpTo:
    """Where the cursor stands now, and how many receipts that made."""

    last_read_id: UUID | None
    receipts: int


@command
def thread_read(ctx: Context, *, thread_id: UUID, message_id: UUID | None = None) -> ReadUpTo:
    """Mark as read up to a message, by default the thread's last. The cursor never moves back.

    Receipts are written for what is newly covered, of others and not deleted. One statement.
    """
    event = outbox_row(ctx, ThreadRead(thread_id, ctx.acting_user, thread_id))
    with tenant_cursor() as cursor:
        cursor.execute(
            READ_SQL.format(receipts=RECEIPTS_MAX),
            {
                "tenant": ctx.tenant_id,
                "thread": thread_id,
                "reader": ctx.acting_user,
                "message": message_id,
                "now": ctx.now,
                "request_id": ctx.request_id,
                "event": event.id,
                "event_name": event.name,
                "payload": dumps(event.payload).decode(),
            },
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound
    stood, target, receipts = row
    if target is None and message_id is not None:
        raise CursorAstray
    return ReadUpTo(max((one for one in (stood, target) if one), default=None), receipts)
