"""Archived rows back into their partitions: twice does no harm, and a changed file does nothing."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import sql

from core.errors import Conflict, NotFound
from core.partitions import registry
from core.partitions.archive_file import Contents, rows_by_tenant
from core.partitions.archives import archive_check, archive_path, tenant_digest
from core.partitions.models import PartitionArchive
from core.partitions.months import month_of_partition
from core.partitions.steps import step
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_cursor

BATCH_ROWS = 2000

COLUMNS_SQL = """
    SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = format('public.%%I', %s::text)::regclass
      AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    ORDER BY attnum
"""


class RowsDiffer(Conflict):
    """The partition now holds something else than its archive did."""


def partitions_restore(
    *, family: str, month: date, moment: datetime, progress: Any = None
) -> dict[str, int]:
    """The newest archive of every table of the family for one month; how many rows were missing."""
    tables = next((f.tables for f in registry.families() if f.name == family), ())
    archives = [found for table in reversed(tables) if (found := _newest(table, month))]
    if not archives:
        raise NotFound(f"There is no verified archive of {family} for {month:%Y-%m}.")
    # All of them, before the first row is written.
    contents = [archive_check(archive) for archive in archives]
    return {
        archive.partition: _restore(archive, found, moment, progress)
        for archive, found in zip(archives, contents, strict=True)
    }


def _newest(table: str, month: date) -> PartitionArchive | None:
    found = PartitionArchive.objects.filter(table=table, month=month).exclude(verified_at=None)
    return found.order_by("created_at", "id").last()


def _restore(archive: PartitionArchive, found: Contents, moment: datetime, progress: Any) -> int:
    table, columns = archive.table, list(archive.columns)
    month = month_of_partition(archive.partition)
    statement = _statement(table, _types(table, columns), columns)
    step("SELECT create_partition(%s, %s::date)", [table, month])
    family = registry.family_of(table)
    inserted, less = 0, set()
    for tenant, rows in rows_by_tenant(archive_path(archive.path), BATCH_ROWS):
        ctx = Context(UUID(tenant), None, moment, "partitions")
        written = _write(ctx, statement, rows, month, family.forget)
        inserted += written.missing
        if written.is_less:
            less.add(tenant)
        if progress:
            progress(len(rows))
    # What takes its rows back itself knows them by more than a sum, and may leave something out;
    # and of whoever has had something deleted since, less is there than was archived.
    summed = {} if family.restored_by else found.tenants
    for tenant, digest in summed.items():
        if tenant in less:
            continue
        ctx = Context(UUID(tenant), None, moment, "partitions")
        if tenant_digest(ctx, table=table, month=month, columns=columns) != digest:
            raise RowsDiffer(
                f"{archive.partition} was restored, but holds other rows of {tenant} as well."
            )
    archive.restored_at, archive.dropped_at = moment, None
    archive.save(update_fields=["restored_at", "dropped_at"])
    return inserted


def _types(table: str, columns: list[str]) -> dict[str, str]:
    """The table's columns of today with their types; one that is gone cannot be restored."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(COLUMNS_SQL, [table])
        types = dict(cursor.fetchall())
    missing = [name for name in columns if name not in types]
    if missing:
        raise Conflict(f"{table} no longer has the columns {', '.join(missing)} of the archive.")
    return types


class Written(NamedTuple):
    """How many rows were missing, and whether their tenant has had some of the month deleted."""

    missing: int
    is_less: bool


@command
def _write(
    ctx: Context,
    statement: sql.Composed,
    rows: list[list[str | None]],
    month: date,
    forget: registry.Forget | None,
) -> Written:
    """Nobody sees what is forgotten again: it goes in the transaction that brings it."""
    with tenant_cursor() as cursor:
        cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])
        [missing] = cursor.fetchone()
    return Written(int(missing), forget is not None and forget(ctx, month))


def _statement(table: str, types: dict[str, str], columns: list[str]) -> sql.Composed:
    """Takes an array of texts for each archived column; columns that came later are NULL."""
    restored_by = registry.family_of(table).restored_by
    if restored_by:
        return sql.SQL("SELECT {by}(({rows}))").format(
            by=sql.Identifier(restored_by), rows=archived_rows(table, columns)
        )
    return sql.SQL(
        "WITH missing AS (INSERT INTO {table} ({names}) SELECT {values} FROM {rows} "
        "ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM missing"
    ).format(
        table=sql.Identifier(table),
        names=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(_value(name, types[name]) for name in columns),
        rows=_texts(columns),
    )


def archived_rows(table: str, columns: list[str]) -> sql.Composed:
    """One array of the table's rows; takes an array of texts for each archived column."""
    values = sql.SQL(", ").join(
        _value(name, kind) if name in columns else sql.NULL
        for name, kind in _types(table, columns).items()
    )
    return sql.SQL("SELECT array_agg(ROW({values})::{table}) FROM {rows}").format(
        values=values, table=sql.Identifier(table), rows=_texts(columns)
    )


def _texts(columns: list[str]) -> sql.Composed:
    return sql.SQL("unnest({arrays}) AS r ({names})").format(
        arrays=sql.SQL(", ").join(sql.SQL("%s::text[]") for _ in columns),
        names=sql.SQL(", ").join(map(sql.Identifier, columns)),
    )


def _value(name: str, kind: str) -> sql.Composed:
    return sql.SQL("r.{name}::{kind}").format(name=sql.Identifier(name), kind=sql.SQL(kind))
