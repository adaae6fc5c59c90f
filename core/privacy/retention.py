"""The register of retention beside the tables themselves: how old the oldest row is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.ids import uuid7_time
from core.privacy.register import Retention, retention
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_cursor

#: Owner's tables, of which the application sees nothing.
HIDDEN = {"audit_erasure", "audit_key", "audit_tail"}


@dataclass(frozen=True, slots=True)
class Kept:
    """What is promised of a table, and what it holds; `oldest` is None where it has no rows."""

    promise: Retention
    oldest: datetime | None


@query
def retention_list(ctx: Context) -> list[Kept]:
    """Every table by name. Of a company's own tables, this company's oldest row."""
    promised = retention()
    dated = [one for one in promised if one.dated_by and one.table not in HIDDEN]
    # Names come from the register, which tests compare with the database.
    texts = " UNION ALL ".join(
        f"SELECT '{one.table}', (SELECT {one.dated_by}::text FROM {one.table}"  # noqa: S608
        f" ORDER BY {one.dated_by} LIMIT 1)"
        for one in dated
    )
    with tenant_cursor() as cursor:
        cursor.execute(texts, [])
        found = dict(cursor.fetchall())
    return [Kept(one, _moment(found.get(one.table))) for one in promised]


def table_text() -> str:
    """The register as the rows of docs/privacy.md."""
    rows = [(one.table, one.kept, one.purged_by or " ") for one in retention()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _moment(text: Any) -> datetime | None:
    """What a UUIDv7, a date or a moment says in PostgreSQL's own words."""
    if text is None:
        return None
    try:
        return uuid7_time(UUID(text))
    except ValueError:
        return datetime.fromisoformat(text)
