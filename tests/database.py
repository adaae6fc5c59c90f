"""Test databases: migrated once as the owner, copied per worker, used as the application."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from core.cache.listener import Listener
from core.ops.watch import Watch

TEMPLATE = "test_erp_template"
END_SESSIONS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = %s AND usename = current_user
"""


def build_template(run_directory: Path, worker_id: str) -> None:
    """Create and migrate the template, once per test run, whichever worker comes first."""
    shared = run_directory if worker_id == "master" else run_directory.parent
    with (shared / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = shared / "template.done"
        if done.exists():
            return
        _create(TEMPLATE)
        _use("owner", TEMPLATE)
        _use("default", TEMPLATE)
        with nobody_watching():  # a database that somebody is connected to cannot be copied
            call_command("migrate", verbosity=0, interactive=False)
        connections.close_all()
        done.touch()


def copy_template(worker_id: str) -> None:
    """A database of this worker's own."""
    name = f"test_erp_{worker_id}"
    connections.close_all()
    _create(name, template=TEMPLATE)
    for alias in settings.DATABASES:
        _use(alias, name)


@contextmanager
def nobody_watching() -> Iterator[None]:
    """Without the threads that a process of the system starts by itself, and which stay."""
    with mock.patch.object(Listener, "ensure"), mock.patch.object(Watch, "ensure"):
        yield


@contextmanager
def another_copy(purpose: str) -> Iterator[str]:
    """In place of this worker's database, one where no other test has left companies behind."""
    usual = settings.DATABASES["default"]["NAME"]
    name = f"{usual}_{purpose}"
    _create(name, template=TEMPLATE)
    for alias in settings.DATABASES:
        _use(alias, name)
    try:
        yield name
    finally:
        for alias in settings.DATABASES:
            _use(alias, usual)
            with connect(alias) as connection:  # threads are still there, and come back to ours
                connection.execute(END_SESSIONS, [name])
        with connect("owner", "postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def connect(alias: str, database: str | None = None) -> psycopg.Connection[Any]:
    """A raw connection with the role of `alias`, for tests that attack the database."""
    values = settings.DATABASES[alias]
    return psycopg.connect(
        dbname=database or values["NAME"],
        user=values["USER"],
        password=values["PASSWORD"],
        host=values["HOST"],
        port=values["PORT"] or None,
        autocommit=True,
    )


def _create(name: str, template: str = "template1") -> None:
    with connect("owner", "postgres") as connection:
        target = sql.Identifier(name)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(target))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(target, sql.Identifier(template))
        )
        # As deploy/sql/database.sql leaves it: nobody connects or makes temporary tables
        # who was not told that he may.
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(target))
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO erp_app, erp_backup, erp_monitor").format(
                target
            )
        )


def _use(alias: str, name: str) -> None:
    connections[alias].close()
    connections[alias].settings_dict["NAME"] = name
    settings.DATABASES[alias]["NAME"] = name
