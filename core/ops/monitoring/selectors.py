"""The monitoring views, read as erp_monitor on a connection of its own, without a tenant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections

from core.errors import NotFound, ServiceUnavailable
from core.tenancy.transactions import sqlstate

ALIAS = "monitor"
COUNTED = "counted"
Row = dict[str, Any]

#: Each view, and what it is ordered by: what somebody should look at comes first.
VIEWS = {
    "v_locks": "SELECT * FROM v_locks ORDER BY waiting_seconds DESC NULLS LAST, pid",
    "v_slow_queries": "SELECT * FROM v_slow_queries ORDER BY total_ms DESC, queryid",
    "v_slow_queries_by_table": (
        "SELECT * FROM v_slow_queries_by_table ORDER BY total_ms DESC, table_name"
    ),
    "v_table_access_patterns": (
        "SELECT * FROM v_table_access_patterns"
        " ORDER BY seq_rows_read + index_rows_read DESC, table_name"
    ),
    "v_index_use": (
        "SELECT * FROM v_index_use ORDER BY duplicate_of IS NULL, covered_by IS NULL,"
        " NOT is_unused, NOT is_bloated, bytes DESC, index_name"
    ),
    "v_partitions": "SELECT * FROM v_partitions ORDER BY table_name, month, partition",
}
STATE_SQL = "SELECT statements, statements_since, tables_since, has_widths FROM v_monitoring_state"
LOCKS_SQL = "SELECT count(*), coalesce(max(waiting_seconds), 0) FROM v_locks"


class MonitoringUnavailable(ServiceUnavailable):
    """The views could not be read: no connection, no rights, no time."""


@dataclass(frozen=True, slots=True)
class State:
    """Whether statements are counted, else why not; since when; whether bloat can be estimated."""

    statements: str
    statements_since: datetime | None
    tables_since: datetime | None
    has_widths: bool

    @property
    def is_counted(self) -> bool:
        return self.statements == COUNTED


def is_configured() -> bool:
    """Whether settings name a connection for monitoring."""
    return ALIAS in settings.DATABASES


def monitoring_state() -> State:
    [row] = asked(STATE_SQL)
    return State(**row)


def view_rows(view: str, *, limit: int) -> list[Row]:
    """The first rows of one of VIEWS, in its order."""
    if view not in VIEWS:
        raise NotFound("There is no such view.")
    return asked(f"{VIEWS[view]} LIMIT %s", [limit])


def lock_waits() -> tuple[int, float]:
    """How many sessions wait for a lock, and for how many seconds the longest."""
    [row] = asked(LOCKS_SQL)
    count, longest = row.values()
    return count, float(longest)


def asked(sql: str, parameters: list[Any] | None = None) -> list[Row]:
    """What the monitoring connection answers, whose role limits how long it may take."""
    if not is_configured():
        raise MonitoringUnavailable("DATABASE_MONITOR_URL is not set.")
    try:
        with connections[ALIAS].cursor() as cursor:
            cursor.execute(sql, parameters)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except DatabaseError as error:
        state = sqlstate(error) or "no connection"
        raise MonitoringUnavailable(f"PostgreSQL did not answer ({state}).") from error
