"""The chain of each tenant's log: sealed by the clock, verified by whoever doubts.

What is sealed, and what counts as a fault, is SQL (sql/chain.sql), with the rights of the
tables' owner: it compares, and answers with ids.
"""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections, transaction

from core.ids import uuid7_time
from core.partitions.models import PartitionArchive
from core.partitions.steps import lift_time_limits
from core.tenancy.router import write_alias

TABLE = "audit_auditlog"
#: Rows of a block, and of one transaction that seals.
BLOCK_ROWS = 1_000
SEALED_AT_ONCE = 20_000
#: Looked at in one statement.
BLOCKS_AT_ONCE = 20
#: Of one run of the task; the next one goes on.
SEALINGS_MAX = 200
#: Named of each tenant; the first one is what matters.
FAULTS_MAX = 20

SEALED_SQL = "SELECT * FROM audit_faults(%s, %s, %s, %s::date[])"
UNSEALED_SQL = "SELECT * FROM audit_faults_unsealed(%s)"

WORDS = {
    "chain": "was changed or taken away, or does not follow the block before it",
    "altered": "was changed after it was written",
    "missing": "was taken away",
    "inserted": "was not written by the trigger",
    "late": "came after its time had been sealed",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One block or row that is not what it was."""

    tenant_id: UUID
    kind: str
    block: int | None
    row: UUID | None
    table: str | None
    row_id: UUID | None

    def __str__(self) -> str:
        if self.row is None:
            return f"Block {self.block} {WORDS[self.kind]}."
        about = f" about {self.table} {self.row_id}" if self.table else ""
        at = f"{uuid7_time(self.row):%Y-%m-%d %H:%M:%S} UTC"
        return f"Row {self.row} of {at}{about} {WORDS[self.kind]}."


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at of one tenant, and what is wrong with it."""

    tenant_id: UUID
    blocks: int
    rows: int
    faults: list[Fault]


def audit_seal() -> int:
    """Seal what every transaction has finished writing; how many rows were sealed. Global.

    What one call finds was written before the call before it, so a row is proven two runs
    after it was written at the latest.
    """
    sealed = 0
    for _ in range(SEALINGS_MAX):
        with connections[write_alias()].cursor() as cursor:
            cursor.execute("SELECT audit_seal(%s, %s)", [BLOCK_ROWS, SEALED_AT_ONCE])
            [count] = cursor.fetchone()
        sealed += count
        if count < SEALED_AT_ONCE:
            break
    return sealed


def audit_verify(
    tenant_id: UUID, progress: Callable[[int], object] | None = None, pause_seconds: float = 0
) -> Verified:
    """Look at every block and row of a tenant, sealed or not. On the primary: a replica lags."""
    blocks, rows = _extent(tenant_id)
    gone = [archive.month for archive in archives_of_dropped_months()]
    faults: list[Fault] = []
    for first in range(1, blocks + 1, BLOCKS_AT_ONCE):
        last = min(first + BLOCKS_AT_ONCE - 1, blocks)
        faults += _faults(tenant_id, SEALED_SQL, first, last, gone)
        if progress:
            progress(last - first + 1)
        if len(faults) >= FAULTS_MAX:
            return Verified(tenant_id, blocks, rows, faults[:FAULTS_MAX])
        time.sleep(pause_seconds)
    faults += _faults(tenant_id, UNSEALED_SQL)
    return Verified(tenant_id, blocks, rows, faults[:FAULTS_MAX])


def sealed_until() -> datetime | None:
    """The moment up to which all chains are sealed, or will be by the next run; None at first."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute("SELECT audit_sealed_until()")
        [until] = cursor.fetchone()
    found: datetime | None = until
    return found


def chains() -> list[UUID]:
    """Every company's chain and the platform's, also of companies that are gone."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute("SELECT audit_chains()")
        return [tenant_id for (tenant_id,) in cursor.fetchall()]


def blocks_count(tenant_ids: Collection[UUID]) -> int:
    """How much there is to verify."""
    return sum(_extent(tenant_id)[0] for tenant_id in tenant_ids)


def _faults(tenant_id: UUID, statement: str, *parameters: Any) -> list[Fault]:
    alias = write_alias()
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        lift_time_limits(cursor)  # what is not sealed may be much, where nothing seals it
        cursor.execute(statement, [tenant_id, *parameters])
        return [Fault(tenant_id, *row) for row in cursor.fetchall()]


def _extent(tenant_id: UUID) -> tuple[int, int]:
    """The last block's number and the rows of all."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute("SELECT blocks, covered FROM audit_extent(%s)", [tenant_id])
        blocks, rows = cursor.fetchone()
        return blocks, rows


def archives_of_dropped_months() -> list[PartitionArchive]:
    """What stands for the rows of months that are gone; without one they are missing."""
    dropped = PartitionArchive.objects.filter(table=TABLE, dropped_at__isnull=False)
    found = {archive.month: archive for archive in dropped.order_by("dropped_at", "id")}
    return list(found.values())


def faults_in_order(found: Collection[Verified]) -> Iterator[Fault]:
    """Of all tenants, the earliest first; broken blocks before rows."""
    faults = [fault for one in found for fault in one.faults]
    return iter(sorted(faults, key=lambda f: (f.row is not None, f.row or UUID(int=0))))
