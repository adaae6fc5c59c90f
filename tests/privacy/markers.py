"""Looking for a word in every column of every table, as the superuser, who sees all tenants.

For modules with a database of their own: in that of all tests there are millions of rows.
"""

import os
from typing import Any

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

COLUMNS = """
    SELECT c.relname, a.attname
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY 1, 2
"""


def places_of(*words: str, table: str = "") -> set[str]:
    """`table.column` of each place that holds one of `words`, whatever its type and tenant."""
    if not os.environ.get("POSTGRES_SOCKET_DIR"):
        pytest.skip("needs the server that the tests bring along")
    values = settings.DATABASES["default"]
    with psycopg.connect(
        host=os.environ["POSTGRES_SOCKET_DIR"],
        port=values["PORT"],
        dbname=values["NAME"],
        user="postgres",
    ) as superuser:
        columns = [row for row in superuser.execute(COLUMNS) if table in ("", row[0])]
        assert columns
        return {f"{t}.{c}" for t, c in columns if _holds(superuser, t, c, words)}


def _holds(
    superuser: psycopg.Connection[Any], table: str, column: str, words: tuple[str, ...]
) -> bool:
    """As text, and in hexadecimal: answers are kept as bytes."""
    asked = sql.SQL(
        "SELECT EXISTS (SELECT FROM {table}, unnest(%(words)s::text[]) AS word"
        " WHERE position(word IN lower({column}::text)) > 0)"
    ).format(table=sql.Identifier(table), column=sql.Identifier(column))
    lower = [word.lower() for word in words]
    wanted = lower + [word.encode().hex() for word in (*words, *lower)]
    row = superuser.execute(asked, {"words": wanted}).fetchone()
    return bool(row and row[0])
