"""Counting anew. Nothing else of the system is changed from here."""

import structlog

from core.ops.monitoring.selectors import asked
from core.tenancy.context import Context

#: Of this database only. Tables and indexes keep their counts, which autovacuum goes by.
RESET_SQL = """
    SELECT pg_stat_statements_reset(
        0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)
"""

log = structlog.get_logger(__name__)


def statements_reset(ctx: Context) -> None:
    """Forget what was counted of this database's statements. Raises MonitoringUnavailable."""
    asked(RESET_SQL)
    log.info("statements_reset", actor_id=str(ctx.actor_id))
