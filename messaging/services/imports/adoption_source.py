"""The old shape: a table of messages with `readBy` and `reactions` in jsonb.

Its columns are found by name, in the spellings that such tables have. Everything
is read as text, so that one odd value is a fault of its row and of no other.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import sql

from core.imports import SourceUnusable
from messaging.services.imports.attachments import attachments_of
from messaging.services.imports.records import BadValue, Fault, Record, Said
from messaging.services.imports.values import (
    key_of,
    moment_of,
    optional_moment,
    reactions_of,
    receipts_of,
    text_of,
)

ROWS_AT_ONCE = 5_000
#: Each of ours, by its names in the wild, lower case and without underscores.
COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "messageid"),
    "thread": ("threadid", "thread", "conversationid"),
    "sender": ("senderid", "sender", "userid", "authorid", "author"),
    "content": ("content", "body", "text", "message"),
    "created_at": ("createdat", "sentat", "timestamp"),
    "edited": ("editedat", "isedited", "edited"),
    "updated_at": ("updatedat",),
    "deleted": ("deletedat", "isdeleted", "deleted"),
    "parent": ("parentid", "parentmessageid", "parent", "replytoid", "replyto"),
    "read_by": ("readby",),
    "reactions": ("reactions",),
    "attachments": ("attachments", "files"),
}
REQUIRED = ("id", "thread", "sender", "content", "created_at")
#: Markers that are no moments.
YES, NO = ("t", "true", "1"), ("f", "false", "0", "")
Row = dict[str, str | None]
TABLE = re.compile(r"[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?")


class TableSource:
    """One table, in a database of its own or in this one (`dsn` empty), read as a stream.

    Raises SourceUnusable when it cannot be reached or lacks a column.
    """

    def __init__(self, *, dsn: str, table: str) -> None:
        if not TABLE.fullmatch(table):
            raise SourceUnusable(f"{table!r} is no name of a table.")
        self.table = sql.Identifier(*table.split("."))
        self.name = table
        self.is_locked = False
        try:
            self._connection = psycopg.connect(dsn or _own_dsn())
            # Of this session only; what is copied takes as long as there are rows.
            self._connection.execute(
                "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET statement_timeout = 0;"
                "SET transaction_timeout = 0; SET idle_in_transaction_session_timeout = 0"
            )
            self._connection.commit()
            self.columns = self._find_columns()
        except psycopg.Error as error:
            raise SourceUnusable(f"{table}: {str(error).strip()}.") from error

    def __enter__(self) -> "TableSource":
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def count(self) -> int:
        query = sql.SQL("SELECT count(*) FROM {}").format(self.table)
        [count] = self._connection.execute(query).fetchone() or (0,)
        return int(count)

    def records(self, rows_read: Callable[[int], None] = lambda count: None) -> Iterator[Record]:
        """Every row, in the order of its id."""
        wanted = sql.SQL(", ").join(
            sql.SQL("{}::text").format(sql.Identifier(self.columns[name]))
            if name in self.columns
            else sql.SQL("NULL")
            for name in COLUMNS
        )
        query = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(
            wanted, self.table, sql.Identifier(self.columns["id"])
        )
        try:
            with self._connection.cursor(name="adoption") as cursor:
                cursor.itersize = ROWS_AT_ONCE
                cursor.execute(query)
                for position, row in enumerate(cursor, start=1):
                    yield _record(position, dict(zip(COLUMNS, row, strict=True)))
                    if position % ROWS_AT_ONCE == 0:
                        rows_read(position)
        except psycopg.Error as error:
            raise SourceUnusable(f"{self.name}: {str(error).strip()}.") from error
        finally:
            # The cursor's own transaction, unless a lock is held by it.
            if not self.is_locked:
                self._connection.rollback()

    def lost_replies(self) -> set[str]:
        """Ids of rows that answer one that is not in their thread."""
        if "parent" not in self.columns:
            return set()
        names = {ours: sql.Identifier(name) for ours, name in self.columns.items()}
        query = sql.SQL(
            "SELECT t.{id}::text FROM {table} t LEFT JOIN {table} p"
            " ON p.{id}::text = t.{parent}::text AND p.{thread} = t.{thread}"
            " WHERE t.{parent} IS NOT NULL AND p.{id} IS NULL"
        ).format(table=self.table, **names)
        found = {row[0] for row in self._connection.execute(query)}
        if not self.is_locked:
            self._connection.rollback()
        return found

    def lock(self) -> None:
        """Nobody writes to it any more, until `rename` or the end."""
        query = sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(self.table)
        try:
            self._connection.execute("SET LOCAL lock_timeout = '10s'")
            self._connection.execute(query)
        except psycopg.Error as error:
            raise SourceUnusable(f"{self.name} cannot be locked: {str(error).strip()}.") from error
        self.is_locked = True

    def rename(self, name: str) -> None:
        query = sql.SQL("ALTER TABLE {} RENAME TO {}").format(self.table, sql.Identifier(name))
        try:
            self._connection.execute(query)
            self._connection.commit()
        except psycopg.Error as error:
            raise SourceUnusable(f"{self.name} cannot be renamed: {str(error).strip()}.") from error
        self.is_locked = False

    def _find_columns(self) -> dict[str, str]:
        found = self._connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(self.table))
        names = [column.name for column in found.description or ()]
        self._connection.rollback()
        by_spelling = {name.lower().replace("_", ""): name for name in names}
        columns = {
            ours: by_spelling[spelling]
            for ours, spellings in COLUMNS.items()
            for spelling in reversed(spellings)
            if spelling in by_spelling
        }
        missing = [name for name in REQUIRED if name not in columns]
        if missing:
            raise SourceUnusable(
                f"{self.name} lacks {', '.join(missing)}; its columns are {', '.join(names)}."
            )
        return columns


def _own_dsn() -> str:
    """This database, as the application."""
    values = connections[DEFAULT_DB_ALIAS].settings_dict
    return psycopg.conninfo.make_conninfo(
        dbname=values["NAME"],
        user=values["USER"],
        password=values["PASSWORD"] or None,
        host=values["HOST"] or None,
        port=values["PORT"] or None,
    )


def _record(position: int, row: Row) -> Said | Fault:
    try:
        return _said(position, row)
    except BadValue as error:
        return Fault(position, row["id"] or "", str(error), row["content"] or "")


def _said(position: int, row: Row) -> Said:
    moment = moment_of(row["created_at"], "created_at")
    updated_at = optional_moment(row["updated_at"], "updated_at")
    notes: list[str] = []
    receipts = _from_json(row, "read_by", receipts_of, (), notes)
    reactions, foreign = _from_json(row, "reactions", reactions_of, ((), ()), notes)
    deleted_at = _marked(row["deleted"], "deleted", updated_at, moment)
    return Said(
        line=position,
        thread=key_of(row["thread"], "thread"),
        key=key_of(row["id"], "id"),
        sender=key_of(row["sender"], "sender"),
        moment=moment,
        text=text_of("" if deleted_at is not None else row["content"], "content"),
        reply_to=row["parent"] or "",
        reactions=reactions,
        receipts=receipts,
        attachments=_from_json(row, "attachments", attachments_of, (), notes),
        edited_at=_marked(row["edited"], "edited", updated_at, moment),
        deleted_at=deleted_at,
        knows_readers=row["read_by"] is not None,
        notes=(*notes, *foreign),
    )


def _from_json(
    row: Row,
    name: str,
    read: Callable[[Any], Any],
    nothing: Any,
    notes: list[str],
) -> Any:
    """What `read` makes of a column; malformed, the message is kept without, and noted."""
    text = row[name]
    if not text:
        return nothing
    try:
        return read(orjson.loads(text))
    except (orjson.JSONDecodeError, BadValue) as error:
        notes.append(f"{name} is malformed, kept without: {error}: {text[:500]}")
        return nothing


def _marked(value: str | None, what: str, updated_at: int | None, moment: int) -> int | None:
    """A moment, or a marker, for which the moment of the last change stands."""
    if value is None or value.lower() in NO:
        return None
    if value.lower() in YES:
        return moment if updated_at is None else updated_at
    return moment_of(value, what)
