"""Connections as those who watch, and as the superuser who prepares a database."""

import os
from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from tests.core.raw import Connection
from tests.database import connect


@pytest.fixture
def monitor(database: None) -> Iterator[Connection]:
    """The monitoring role, in this test's database."""
    if "monitor" not in settings.DATABASES:
        pytest.skip("needs DATABASE_MONITOR_URL")
    with connect("monitor") as connection:
        yield connection


@pytest.fixture(autouse=True)
def kept_closed(database: None) -> Iterator[None]:
    """The application's own connection as that role is not left for the next test."""
    yield
    if "monitor" in settings.DATABASES:
        connections["monitor"].close()


@pytest.fixture
def superuser(monitor: Connection) -> Iterator[Connection]:
    """Who runs deploy/sql; of the embedded server only."""
    if not os.environ.get("POSTGRES_SOCKET_DIR"):
        pytest.skip("needs the server that the tests bring along")
    values = settings.DATABASES["default"]
    with psycopg.connect(
        host=os.environ["POSTGRES_SOCKET_DIR"],
        port=values["PORT"],
        dbname=values["NAME"],
        user="postgres",
        autocommit=True,
    ) as connection:
        yield connection
