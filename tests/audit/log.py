"""Reading the log behind everybody's back, sealing and tampering with it."""

import time
from typing import Any, NamedTuple
from uuid import UUID

from core.audit.chain import Verified, audit_verify
from tests.core.raw import Connection, one, raw, rows

COLUMNS = (
    "id", '"table"', "row_id", "action", "actor_id", "session_id", "host(address)", "request_id",
    "operation", "reason", "database_user", "old", "new", "personal",
)  # fmt: skip
PATIENCE_SECONDS = 30


class Entry(NamedTuple):
    id: UUID
    table: str
    row_id: UUID | None
    action: str
    actor_id: UUID | None
    session_id: UUID | None
    address: str | None
    request_id: str
    operation: str
    reason: str
    database_user: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    personal: dict[str, Any] | None


def entries(
    tenant_id: UUID, table: str = "", row_id: Any = None, connection: Connection | None = None
) -> list[Entry]:
    """What the log says of a table or row, oldest first, as its owner sees it."""
    sql = f"SELECT {', '.join(COLUMNS)} FROM audit_auditlog WHERE tenant_id = %s "
    parameters = [tenant_id]
    if table:
        sql, parameters = sql + 'AND "table" = %s ', [*parameters, table]
    if row_id:
        sql, parameters = sql + "AND row_id = %s ", [*parameters, row_id]
    if connection is not None:
        return [Entry(*row) for row in rows(connection, sql + "ORDER BY id", *parameters)]
    with raw(alias="owner") as own:
        return [Entry(*row) for row in rows(own, sql + "ORDER BY id", *parameters)]


def unsealed(connection: Connection, tenant_id: UUID) -> int:
    found: int = one(
        connection,
        "SELECT count(*) FROM audit_auditlog WHERE tenant_id = %(tenant)s AND id > coalesce("
        "(SELECT until_id FROM audit_auditblock WHERE tenant_id = %(tenant)s "
        " ORDER BY sequence DESC LIMIT 1), audit_platform())".replace(
            "%(tenant)s", f"'{tenant_id}'"
        ),
    )
    return found


def seal(tenant_id: UUID, block_rows: int = 1000) -> None:
    """Until nothing of this tenant waits; others' transactions may delay it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with raw(alias="owner") as owner:
            one(owner, "SELECT audit_seal(%s, 100000, '0 s')", block_rows)
        with raw(alias="owner") as owner:
            if not unsealed(owner, tenant_id):
                return
        assert time.monotonic() < deadline, "nothing was sealed"
        time.sleep(0.02)


def tamper(sql: str, *parameters: Any) -> int:
    """As the owner of the tables, whom no policy and no grant of the log keeps out."""
    with raw(alias="owner") as owner:
        return owner.execute(sql, parameters).rowcount


def verified(tenant_id: UUID) -> Verified:
    return audit_verify(tenant_id)


def faults(tenant_id: UUID) -> list[tuple[str, Any]]:
    """(kind, row or block) of everything that is wrong."""
    return [(fault.kind, fault.row or fault.block) for fault in verified(tenant_id).faults]
