"""How much somebody has not read: mostly a difference of two numbers, else counted.

A thread knows how many messages were sent in it, a cursor how many there were when it was put
where it is. What lies between is unread, because one's own message moves one's cursor. Where that
does not hold, it is counted: from a cursor before something that was deleted or imported
(`counted_from_id`), from one whose number is not known, and from one as old as what may have been
archived.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from core.partitions.months import bounds, month_of, month_plus
from core.partitions.registry import family_of
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_row, tenant_rows
from messaging.months import window

SQL = Path(__file__).parent / "sql"
COUNTS_SQL = (SQL / "unread_counts.sql").read_text(encoding="utf-8")
TOTAL_SQL = (SQL / "unread_total.sql").read_text(encoding="utf-8")
#: Unread messages of one thread are counted up to here: "99+".
UNREAD_MAX = 100
#: Threads that the total looks at, newest first.
THREADS_MAX = 1_000
#: Of participant `p` in thread `t`: NULL where it must be counted.
UNREAD = f"""CASE
    WHEN t.last_message_id IS NULL OR t.last_message_id <= p.last_read_id THEN 0
    WHEN p.sent_read IS NOT NULL AND greatest(p.last_read_id, t.id) >= %(kept)s
         AND (t.counted_from_id IS NULL OR p.last_read_id >= t.counted_from_id)
    THEN least(t.sent - p.sent_read, {UNREAD_MAX}) END"""


def kept_since(moment: datetime) -> UUID:
    """The first id that no maintenance has archived: parameter `kept` of `UNREAD`."""
    months = family_of("messaging_message").months_kept_here
    return bounds(month_plus(month_of(moment), -months))[0]


def unread_counts(ctx: Context, cursors: Mapping[UUID, UUID | None]) -> dict[UUID, int]:
    """What others said in each of these threads after its cursor, up to `UNREAD_MAX`. Part of a
    query.
    """
    if not cursors:
        return {}
    known = [one for one in cursors.values() if one is not None]
    months = window(min(known) if len(known) == len(cursors) else None)
    counted = tenant_rows(
        COUNTS_SQL.format(unread=UNREAD_MAX, **months),
        {
            "tenant": ctx.tenant_id,
            "reader": ctx.acting_user,
            "threads": list(cursors),
            "cursors": list(cursors.values()),
        },
    )
    return dict(counted)


@query
def unread_total(ctx: Context) -> dict[str, Any]:
    """Unread messages and the threads that hold them, muted ones left out.

    Each thread counts up to `UNREAD_MAX`; `is_capped` says that one of them reached it.
    """
    messages, threads, is_capped, uncounted, cursors = tenant_row(
        TOTAL_SQL.format(unread=UNREAD, cap=UNREAD_MAX, threads=THREADS_MAX),
        {"tenant": ctx.tenant_id, "reader": ctx.acting_user, "kept": kept_since(ctx.now)},
    )
    counts = unread_counts(ctx, dict(zip(uncounted or (), cursors or (), strict=True))).values()
    return {
        "messages": messages + sum(counts),
        "threads": threads + sum(1 for count in counts if count),
        "is_capped": is_capped or UNREAD_MAX in counts,
    }
