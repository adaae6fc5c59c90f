"""Archives: a month of a table read tenant by tenant, and read back before it is believed.

Nobody who may see all tenants takes part: each tenant's rows are read as the application,
within that tenant, and the owner of the tables only compares sums under a lock.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import sql

from core.ids import uuid7
from core.partitions.archive_file import (
    ArchiveBroken,
    ArchiveWriter,
    Contents,
    Digest,
    read_contents,
)
from core.partitions.models import PartitionArchive
from core.partitions.months import beginning, bounds, month_plus, partition_name
from core.partitions.steps import lift_time_limits
from core.tenancy.context import Context
from core.tenancy.router import primary_only
from core.tenancy.selectors import scope_ids
from core.tenancy.transactions import query, tenant_cursor

#: What the text of a value depends on.
PLAIN_TEXT = (
    "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; "
    "SET LOCAL intervalstyle = 'postgres'; SET LOCAL bytea_output = 'hex'; "
    "SET LOCAL extra_float_digits = 1"
)


def archive_make(*, table: str, month: date, moment: datetime) -> PartitionArchive:
    """A verified archive of what the month holds now."""
    partition = partition_name(table, month)
    # A name of its own for each, so that one that was found wanting is never written over.
    relative = f"{table}/{partition}.{moment:%Y%m%dT%H%M%S}.{uuid7().hex[-8:]}.csv.zst"
    path = archive_path(relative)
    columns = _columns_of(table)
    with ArchiveWriter(path, columns) as writer:
        for tenant_id in scope_ids():
            ctx = Context(tenant_id, None, moment, "partitions")
            _append_tenant(writer, ctx, table=table, month=month, columns=columns)
    archive = PartitionArchive.objects.create(
        table=table,
        partition=partition,
        month=month,
        path=relative,
        rows=0,
        bytes=path.stat().st_size,
        sha256=writer.sha256,
        columns=columns,
        created_at=moment,
    )
    try:
        _verify(archive, moment)
    except BaseException:  # whatever it was: what was not read back is no archive
        path.unlink(missing_ok=True)
        archive.delete()
        raise
    return archive


def archive_usable(partition: str, month: date) -> PartitionArchive | None:
    """The newest verified archive that was made after the month, of rows that are still there."""
    found = PartitionArchive.objects.filter(
        partition=partition,
        dropped_at=None,
        verified_at__gte=beginning(month_plus(month, 1)),
    )
    return found.order_by("created_at", "id").last()


def archive_check(archive: PartitionArchive) -> Contents:
    """The file as it is on the disk today; an error unless every byte is what was archived."""
    path = archive_path(archive.path)
    found = read_contents(path)
    if found.sha256 != archive.sha256:
        raise ArchiveBroken(f"{archive.path} has changed since it was written.")
    if found.columns != archive.columns:
        raise ArchiveBroken(f"{archive.path} has other columns than were archived.")
    if archive.verified_at is not None and found.whole != _digest_of(archive):
        raise ArchiveBroken(f"{archive.path} has other rows than were archived.")
    return found


def archive_path(relative: str) -> Path:
    if not settings.PARTITION_ARCHIVE_DIR:
        raise ArchiveBroken("There is no place for archives: set PARTITION_ARCHIVE_DIR.")
    return Path(settings.PARTITION_ARCHIVE_DIR) / relative


@query
def tenant_digest(ctx: Context, *, table: str, month: date, columns: list[str]) -> Digest:
    """The rows of the month that the context's tenant has in the database."""
    with tenant_cursor() as cursor:
        lift_time_limits(cursor)
        cursor.execute(
            "SELECT row_count, checksum FROM partition_digest(%s, %s::date, %s::text[])",
            [table, month, columns],
        )
        rows, checksum = cursor.fetchone()
    return Digest(rows, int(checksum))


def _verify(archive: PartitionArchive, moment: datetime) -> None:
    """Read it back, and compare every tenant's rows with the database's own sum of them."""
    found = archive_check(archive)
    archived = dict(found.tenants)
    columns = list(archive.columns)
    for tenant_id in scope_ids():
        ctx = Context(tenant_id, None, moment, "partitions")
        with _from_primary():
            there = tenant_digest(ctx, table=archive.table, month=archive.month, columns=columns)
        if there != archived.pop(str(tenant_id), Digest()):
            raise ArchiveBroken(f"{archive.partition}: rows changed while they were archived.")
    if archived:
        raise ArchiveBroken(f"{archive.partition}: rows of unknown tenants were archived.")
    archive.rows, archive.checksum = found.whole.rows, found.whole.checksum
    archive.verified_at = moment
    archive.save(update_fields=["rows", "checksum", "verified_at"])


def _digest_of(archive: PartitionArchive) -> Digest:
    return Digest(archive.rows, int(archive.checksum))


def _columns_of(table: str) -> list[str]:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT partition_columns(%s), partition_key(%s)", [table, table])
        return list(cursor.fetchone()[0])


def _append_tenant(
    writer: ArchiveWriter, ctx: Context, *, table: str, month: date, columns: list[str]
) -> None:
    key_sql = "SELECT partition_key(%s)"

    @query
    def _copied(ctx: Context) -> None:
        with tenant_cursor() as cursor:
            lift_time_limits(cursor)
            cursor.execute(key_sql, [table])
            [key] = cursor.fetchone()
            cursor.execute(PLAIN_TEXT)
            lines = _copy(cursor.connection, _copy_sql(table, key, month, columns))
            first = next(lines, None)
            if first is not None:
                writer.section(itertools.chain([first], lines))

    with _from_primary():
        _copied(ctx)


def _copy_sql(table: str, key: str, month: date, columns: list[str]) -> sql.Composed:
    since, until = bounds(month)
    return sql.SQL(
        "COPY (SELECT {columns} FROM {table} WHERE {key} >= {since} AND {key} < {until} "
        "ORDER BY {key}, id) TO STDOUT WITH (FORMAT csv, FORCE_QUOTE *)"
    ).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        table=sql.Identifier(table),
        key=sql.Identifier(key),
        since=sql.Literal(since),
        until=sql.Literal(until),
    )


def _copy(connection: Any, statement: sql.Composed) -> Iterator[bytes]:
    with connection.cursor() as cursor, cursor.copy(statement) as rows:
        for block in rows:
            yield bytes(block)


@contextmanager
def _from_primary() -> Iterator[None]:
    """A replica lags, and what it does not have yet would be missing from the archive."""
    token = primary_only.set(True)
    try:
        yield
    finally:
        primary_only.reset(token)
