"""Raw SQL as one of the database's roles: what an attacker inside the process could send."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.database import connect

Connection = psycopg.Connection[Any]


@contextmanager
def raw(
    tenant_id: UUID | None = None, alias: str = "default", isolation: str = "READ COMMITTED"
) -> Iterator[Connection]:
    """A transaction of `alias`'s role, with the tenant set as the application sets it."""
    with connect(alias) as connection, connection.transaction():
        connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
        if tenant_id is not None:
            connection.execute(f"SET LOCAL app.tenant_id = '{tenant_id}'")
        yield connection


@contextmanager
def refused(*rules: str) -> Iterator[None]:
    """The block is refused, by one of the constraints, triggers or SQLSTATEs named, if any are."""
    with pytest.raises(psycopg.DatabaseError) as caught:
        yield
    said = {caught.value.diag.constraint_name, caught.value.sqlstate}
    assert not rules or said & set(rules), f"refused by {said}, not by {rules}: {caught.value}"


def rows(connection: Connection, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    return list(connection.execute(sql, parameters))


def one(connection: Connection, sql: str, *parameters: Any) -> Any:
    """The first column of the first row."""
    found = connection.execute(sql, parameters).fetchone()
    assert found is not None
    return found[0]
