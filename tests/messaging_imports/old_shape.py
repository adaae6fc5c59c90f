"""Tables of the old shape, made by the owner of the test database in a schema of their own."""

import json
import secrets
from collections.abc import Iterable
from typing import Any

from tests.database import connect


class OldTable:
    """`thread_messages` as it is in the wild; the application may read it."""

    def __init__(self, key: str = "uuid") -> None:
        self.schema = f"old_{secrets.token_hex(6)}"
        self.name = f"{self.schema}.thread_messages"
        self.run(
            f"CREATE SCHEMA {self.schema};"
            f"CREATE TABLE {self.name} (id {key} PRIMARY KEY, thread_id text, sender_id text,"
            " content text, created_at timestamptz, edited_at timestamptz, is_deleted boolean,"
            f' updated_at timestamptz, parent_id {key}, "readBy" jsonb, reactions jsonb);'
            f"GRANT USAGE ON SCHEMA {self.schema} TO erp_app;"
            f"GRANT SELECT ON {self.name} TO erp_app"
        )

    @property
    def dsn(self) -> str:
        with connect("owner") as connection:
            return f"{connection.info.dsn} password={connection.info.password}"

    def run(self, sql: str, *values: Any) -> None:
        with connect("owner") as connection:
            connection.execute(sql, values or None)

    def add(self, rows: Iterable[dict[str, Any]]) -> "OldTable":
        with connect("owner") as connection, connection.cursor() as cursor:
            for row in rows:
                names = ", ".join(f'"{name}"' for name in row)
                marks = ", ".join(["%s"] * len(row))
                values = [
                    json.dumps(value) if name in ("readBy", "reactions") else value
                    for name, value in row.items()
                ]
                cursor.execute(f"INSERT INTO {self.name} ({names}) VALUES ({marks})", values)
        return self
