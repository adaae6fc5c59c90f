"""Dropped rows back into their partitions: twice does no harm, and a changed file does nothing."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import sql

from core.errors import Conflict, NotFound, require
from core.partitions import registry
from core.partitions.archive_file import Contents, rows_by_tenant
from core.partitions.archives import archive_check, archive_path, tenant_digest
from core.partitions.models import PartitionArchive
from core.partitions.months import partition_name
from core.partitions.steps import PartitionBusy, only_maintainer, step
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_cursor

BATCH_ROWS = 2000
File = tuple[PartitionArchive, Contents]

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
    """The rows that were dropped with one month of the family's tables; how many were missing.

    A table whose month was not dropped, or is back, is left alone: what is missing from it was
    removed while it was there. Not beside a maintenance, which would find half of it and drop it.
    """
    with only_maintainer() as is_ours:
        require(is_ours, PartitionBusy("Maintenance is at work; try again when it is done."))
        return _restore_all(family, month, moment, progress)


def _restore_all(family: str, month: date, moment: datetime, progress: Any) -> dict[str, int]:
    tables = next((f.tables for f in registry.families() if f.name == family), None)
    if tables is None:
        known = ", ".join(f.name for f in registry.families())
        raise NotFound(f"There is no family of tables {family}; there are {known}.")
    archived = {table: found for table in reversed(tables) if (found := _verified(table, month))}
    if not archived:
        raise NotFound(f"There is no verified archive of {family} for {month:%Y-%m}.")
    # All of them, before the first row is written.
    dropped = {
        table: [(one, archive_check(one)) for one in found if one.dropped_at]
        for table, found in archived.items()
    }
    return {
        partition_name(table, month): _restore(table, month, files, moment, progress)
        for table, files in dropped.items()
    }


def _verified(table: str, month: date) -> list[PartitionArchive]:
    found = PartitionArchive.objects.filter(table=table, month=month).exclude(verified_at=None)
    return list(found.order_by("created_at", "id"))


def _restore(table: str, month: date, files: list[File], moment: datetime, progress: Any) -> int:
    """More than one file where rows were imported into a month that had been dropped before."""
    if not files:
        return 0
    step("SELECT create_partition(%s, %s::date)", [table, month])
    inserted = 0
    less: set[str] = set()
    for archive, _ in files:
        missing, of = _write_all(archive, moment, progress)
        inserted, less = inserted + missing, less | of
    # They are back, even where they are not alone: another run must not bring them a second time.
    for archive, _ in files:
        archive.restored_at, archive.dropped_at = moment, None
        archive.save(update_fields=["restored_at", "dropped_at"])
    # What takes its rows back itself knows them by more than a sum, and may leave something out;
    # and of whoever has had something deleted since, less is there than was archived.
    if len(files) == 1 and not registry.family_of(table).restored_by:
        _require_alone(*files[0], less, moment)
    return inserted


def _write_all(archive: PartitionArchive, moment: datetime, progress: Any) -> tuple[int, set[str]]:
    """How many rows were missing, and which tenants have had some of the month deleted."""
    table, columns = archive.table, list(archive.columns)
    statement = _statement(table, _types(table, columns), columns)
    forget = registry.family_of(table).forget
    inserted = 0
    less: set[str] = set()
    for tenant, rows in rows_by_tenant(archive_path(archive.path), BATCH_ROWS):
        ctx = Context(UUID(tenant), None, moment, "partitions")
        written = _write(ctx, statement, rows, archive.month, forget)
        inserted += written.missing
        if written.is_less:
            less.add(tenant)
        if progress:
            progress(len(rows))
    return inserted, less


def _require_alone(
    archive: PartitionArchive, found: Contents, less: set[str], moment: datetime
) -> None:
    """Every tenant has what was archived and nothing else; but for those of `less`."""
    for tenant, digest in found.tenants.items():
        if tenant in less:
            continue
        ctx = Context(UUID(tenant), None, moment, "partitions")
        there = tenant_digest(
            ctx, table=archive.table, month=archive.month, columns=list(archive.columns)
        )
        if there != digest:
            raise RowsDiffer(
                f"{archive.partition} was restored, but holds other rows of {tenant} as well."
            )


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
