"""Rows of the views as dictionaries, and two tables to look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.rows import dict_row

from tests.core.raw import Connection
from tests.database import connect

LOOKED, OTHER = "scratch_looked", "scratch_other"
DDL = f"""
    CREATE TABLE {OTHER} (id uuid PRIMARY KEY);
    CREATE TABLE {LOOKED} (
        id int PRIMARY KEY, name text, code text UNIQUE, other_id uuid REFERENCES {OTHER});
"""


def seen(connection: Connection, view: str, **values: Any) -> list[dict[str, Any]]:
    """Rows of `view` whose columns have these values."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(f"SELECT * FROM {view}").fetchall()
    return [row for row in found if all(row[name] == value for name, value in values.items())]


@contextmanager
def scratch() -> Iterator[Connection]:
    """The owner's connection while the two tables exist."""
    with connect("owner") as owner:
        owner.execute(DDL)
        try:
            yield owner
        finally:
            owner.execute(f"DROP TABLE {LOOKED}, {OTHER}")
