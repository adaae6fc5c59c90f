"""Looking at the log is an entry of the log."""

from typing import Any

from core.json import dumps
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_cursor


@command
def audit_look(ctx: Context, *, looked_at: dict[str, Any]) -> None:
    """Write down who looks, and at what: the filters, or the record's `table` and `row_id`."""
    with tenant_cursor() as cursor:
        cursor.execute("SELECT audit_note_read(%s::jsonb)", [dumps(looked_at).decode()])
