"""One change of the schema at a time, each in a transaction of its own, tried again after a wait.

The SQL functions give up a lock after 200 ms, so that nobody waits behind them for
longer; here they are called again after a pause, and given up for today in the end.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction

from core.errors import Conflict
from core.tenancy.transactions import sqlstate

ATTEMPTS_MAX = 8
PAUSE_SECONDS = 0.1
PAUSE_SECONDS_MAX = 2.0
#: A lock that did not come in time, a deadlock, a serialization failure.
IN_THE_WAY = {"55P03", "40P01", "40001"}
#: The functions that refuse name their rule as a constraint.
REFUSED = {"55000", "42809", "22008", "22023"}
LIMIT_SECONDS = 3 * 3600

log = structlog.get_logger(__name__)


class PartitionBusy(Conflict):
    """Somebody held a lock through every attempt; nothing was changed."""


class PartitionRefused(Conflict):
    """The database's own rule of partitions said no."""

    def __init__(self, message: str, rule: str) -> None:
        super().__init__(message)
        self.rule = rule


def step(sql: str, parameters: list[Any]) -> list[Any]:
    """The first column of what `sql` answers, committed."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return _once(sql, parameters)
        except DatabaseError as error:
            state = sqlstate(error)
            if state in REFUSED:
                raise _refusal(error) from error
            if state not in IN_THE_WAY:
                raise
            log.info("partition_step_waits", sql=sql, attempt=attempt, sqlstate=state)
        if attempt < ATTEMPTS_MAX:
            pause = min(PAUSE_SECONDS * 2 ** (attempt - 1), PAUSE_SECONDS_MAX)
            time.sleep(pause * (0.5 + random.random()))  # noqa: S311  jitter only
    raise PartitionBusy("Others held the table's locks; it is tried again at the next maintenance.")


def lift_time_limits(cursor: Any) -> None:
    """For what takes as long as there are rows; the locks' own limit stays."""
    cursor.execute(f"SET LOCAL statement_timeout = '{LIMIT_SECONDS}s'")
    cursor.execute(f"SET LOCAL transaction_timeout = '{LIMIT_SECONDS}s'")
    cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{LIMIT_SECONDS}s'")


@contextmanager
def only_maintainer() -> Iterator[bool]:
    """Whether nobody else maintains at this moment; if so, nobody will until the end.

    A connection of its own, whose transaction does nothing but hold the lock: a lock of a
    session would be lost, or kept for ever, behind a pooler that shares sessions.
    """
    connection = connections[DEFAULT_DB_ALIAS].copy()
    try:
        connection.set_autocommit(False)
        with connection.cursor() as cursor:
            lift_time_limits(cursor)
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('partitions', 0))")
            [is_ours] = cursor.fetchone()
            yield is_ours
    finally:
        connection.close()


def _once(sql: str, parameters: list[Any]) -> list[Any]:
    # Durable: inside somebody's transaction the locks would be held until its end.
    with transaction.atomic(durable=True), connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        lift_time_limits(cursor)
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]


def _refusal(error: DatabaseError) -> PartitionRefused:
    diagnostic = getattr(error.__cause__, "diag", None)
    rule = getattr(diagnostic, "constraint_name", None) or ""
    return PartitionRefused(getattr(diagnostic, "message_primary", None) or str(error), rule)
