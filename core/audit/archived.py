"""Months of the log that were dropped: their archives, row by row against the chain."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connections
from psycopg import sql

from core.audit.chain import TABLE, Fault, chains
from core.partitions.archive_file import rows_by_tenant
from core.partitions.archives import archive_check, archive_path
from core.partitions.models import PartitionArchive
from core.partitions.months import bounds
from core.partitions.restore import archived_rows
from core.tenancy.router import write_alias

BATCH_ROWS = 2_000


def archive_faults(archive: PartitionArchive) -> Iterator[Fault]:
    """What the file holds otherwise than it was sealed. Raises ArchiveBroken where it is not whole.

    The file and the note of its checksum could both be somebody's work; the marks could not.
    """
    archive_check(archive)
    begin, end = bounds(archive.month)
    entries = archived_rows(TABLE, list(archive.columns))
    statement = sql.SQL("SELECT * FROM audit_archive_faults(%s, %s, %s, ({entries}))")
    reached: dict[UUID, UUID] = {}
    key = list(archive.columns).index("id")
    for tenant, rows in rows_by_tenant(archive_path(archive.path), BATCH_ROWS):
        tenant_id, last = UUID(tenant), UUID(str(rows[-1][key]))
        columns = [list(column) for column in zip(*rows, strict=True)]
        after = reached.get(tenant_id, begin)
        yield from _faults(
            tenant_id, statement.format(entries=entries), [tenant_id, after, last, *columns]
        )
        reached[tenant_id] = last
    for tenant_id in {*chains(), *reached}:
        rest = [tenant_id, reached.get(tenant_id, begin), end]
        yield from _faults(tenant_id, statement.format(entries=sql.SQL("'{}'")), rest)


def _faults(tenant_id: UUID, statement: sql.Composed, parameters: list[Any]) -> list[Fault]:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(statement, parameters)
        return [Fault(tenant_id, *row) for row in cursor.fetchall()]
