"""A stack of our own: what it guarantees about safety, roles and surviving `kill -9`."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from deploy import envfile, process
from deploy.errors import StackError
from deploy.stack import Stack

Environment = dict[str, str]
pytestmark = pytest.mark.usefixtures("no_servers_named")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack") / "a long name, with spaces, for the socket's limit"


@pytest.fixture(scope="module")
def stack(no_servers_named: None, data_dir: Path) -> Iterator[Environment]:
    with Stack(data_dir) as environment:
        yield environment


def ask(url: str, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(sql.encode()).fetchall()


def test_a_durable_stack_does_not_lose_what_it_confirmed(stack: Environment) -> None:
    names = ("data_checksums", "fsync", "synchronous_commit", "full_page_writes")
    for name in names:
        assert ask(stack["DATABASE_URL"], f"SHOW {name}") == [("on",)], name


def test_the_server_is_reached_through_its_socket_only(stack: Environment) -> None:
    assert ask(stack["DATABASE_URL"], "SHOW listen_addresses") == [("",)]
    assert Path(stack["POSTGRES_SOCKET_DIR"]).stat().st_mode & 0o777 == 0o700


def test_locale_and_time_do_not_depend_on_the_machine(stack: Environment) -> None:
    sql = """
        SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding)
          FROM pg_database WHERE datname = 'erp'"""
    assert ask(stack["DATABASE_URL"], sql) == [("b", "C.UTF-8", "UTF8")]
    assert ask(stack["DATABASE_URL"], "SHOW timezone") == [("UTC",)]


def test_statements_are_counted(stack: Environment) -> None:
    assert ask(stack["DATABASE_OWNER_URL"], "SELECT count(*) > 0 FROM pg_stat_statements") == [
        (True,)
    ]


def test_searches_may_use_their_index_under_row_level_security(stack: Environment) -> None:
    sql = """
        SELECT bool_and(proleakproof)
          FROM pg_proc WHERE proname IN ('ts_match_vq', 'jsonb_contains', 'texticlike')"""
    assert ask(stack["DATABASE_URL"], sql) == [(True,)]


def test_roles_have_exactly_these_attributes(stack: Environment) -> None:
    sql = """
        SELECT rolname, rolcanlogin, rolsuper, rolinherit,
               rolcreatedb, rolcreaterole, rolreplication, rolbypassrls
          FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname"""
    assert ask(stack["DATABASE_OWNER_URL"], sql) == [
        ("erp_app", True, False, False, False, False, False, False),
        ("erp_backup", True, False, True, False, False, False, True),
        ("erp_monitor", True, False, True, False, False, False, False),
        ("erp_owner", True, False, True, True, False, False, False),
        ("postgres", True, True, True, True, True, True, True),
    ]


def test_only_who_reads_across_tenants_or_sessions_belongs_to_another(stack: Environment) -> None:
    sql = """
        SELECT member::regrole::text, roleid::regrole::text
          FROM pg_auth_members WHERE member::regrole::text LIKE 'erp%' ORDER BY 1"""
    assert ask(stack["DATABASE_OWNER_URL"], sql) == [
        ("erp_backup", "pg_read_all_data"),
        ("erp_monitor", "pg_read_all_stats"),
    ]


def test_the_application_role_carries_its_time_limits(stack: Environment) -> None:
    limits = {
        "statement_timeout": "5s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "10s",
        "transaction_timeout": "15s",
    }
    for name, limit in limits.items():
        assert ask(stack["DATABASE_URL"], f"SHOW {name}") == [(limit,)], name


def test_the_owner_owns_and_the_application_cannot_create(stack: Environment) -> None:
    with psycopg.connect(stack["DATABASE_OWNER_URL"]) as owner:
        owner.execute("CREATE TABLE owned (id int)")
    with psycopg.connect(stack["DATABASE_URL"]) as app:
        for statement in (b"CREATE TABLE mine (id int)", b"CREATE TEMP TABLE mine (id int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)
            app.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):  # nothing is granted by default
            app.execute("SELECT * FROM owned")


def test_the_backup_role_reads_and_does_not_write(stack: Environment) -> None:
    with psycopg.connect(stack["DATABASE_OWNER_URL"]) as owner:
        owner.execute("CREATE TABLE dumped AS SELECT 1 AS id")
    assert ask(stack["DATABASE_BACKUP_URL"], "SELECT id FROM dumped") == [(1,)]
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        ask(stack["DATABASE_BACKUP_URL"], "INSERT INTO dumped VALUES (2)")


def test_the_monitoring_role_reads_no_table_and_is_in_nobodys_way(stack: Environment) -> None:
    with psycopg.connect(stack["DATABASE_OWNER_URL"]) as owner:
        owner.execute("CREATE TABLE secret AS SELECT 1 AS id")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(stack["DATABASE_MONITOR_URL"], "SELECT id FROM secret")
    limits = {"default_transaction_read_only": "on", "statement_timeout": "3s"}
    limits |= {"lock_timeout": "500ms", "transaction_timeout": "10s"}
    for name, limit in limits.items():
        assert ask(stack["DATABASE_MONITOR_URL"], f"SHOW {name}") == [(limit,)], name


def test_a_password_is_needed(stack: Environment) -> None:
    wrong = psycopg.conninfo.make_conninfo(stack["DATABASE_URL"], password="guess")
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(wrong)
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(stack["REDIS_URL"].replace("//:", "//:x")).ping()


def test_the_broker_forgets_nothing(stack: Environment) -> None:
    with redis.Redis.from_url(stack["REDIS_URL"], decode_responses=True) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_secrets_are_private(stack: Environment, data_dir: Path) -> None:
    assert (data_dir / "secrets").stat().st_mode & 0o777 == 0o600
    for directory in ("postgres", "valkey"):
        assert (data_dir / directory).stat().st_mode & 0o777 == 0o700


def test_a_second_start_is_refused_and_disturbs_nothing(stack: Environment, data_dir: Path) -> None:
    with pytest.raises(StackError, match="already running"), Stack(data_dir):
        pass
    assert ask(stack["DATABASE_URL"], "SELECT 1") == [(1,)]
    assert redis.Redis.from_url(stack["REDIS_URL"]).ping()


def write_something(environment: Environment) -> None:
    with psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 42 AS id")
    redis.Redis.from_url(environment["REDIS_URL"]).set("kept", "42")


def assert_it_is_there(environment: Environment) -> None:
    assert ask(environment["DATABASE_OWNER_URL"], "SELECT id FROM kept") == [(42,)]
    assert redis.Redis.from_url(environment["REDIS_URL"]).get("kept") == b"42"


def test_servers_killed_with_9_come_back_with_their_data(tmp_path: Path) -> None:
    first = Stack(tmp_path / "data")
    with first as environment:
        write_something(environment)
        for server in (first.postgres, first.valkey):
            assert server is not None
            assert server.child is not None
            server.child.kill()
            server.child.wait()
    with Stack(tmp_path / "data") as environment:
        assert_it_is_there(environment)


def test_a_postmaster_that_is_now_a_zombie_or_somebody_else_is_no_obstacle(tmp_path: Path) -> None:
    first = Stack(tmp_path)
    with first as environment:
        write_something(environment)
        assert first.postgres
        assert first.postgres.child
        pid_file = tmp_path / "postgres" / "postmaster.pid"
        (tmp_path / "run").mkdir(exist_ok=True)
        _, *rest = pid_file.read_text().splitlines(keepends=True)
        first.postgres.child.kill()
        first.postgres.child.wait()
    zombie = subprocess.Popen(["true"])
    process.wait_until(lambda: not process.command_line(zombie.pid), 5)
    for pid in (zombie.pid, os.getpid()):
        pid_file.write_text("".join([f"{pid}\n", *rest]))
        (tmp_path / "run" / ".s.PGSQL.5432.lock").write_text("".join([f"{pid}\n", *rest]))
        with Stack(tmp_path) as environment:
            assert_it_is_there(environment)
    zombie.wait()


SUPERVISOR = """
import sys, time
from pathlib import Path
from deploy import envfile
from deploy.stack import Stack
data_dir = Path(sys.argv[1])
with Stack(data_dir) as environment:
    envfile.write(data_dir / "env", environment)
    time.sleep(60)
"""


def test_a_killed_supervisor_takes_its_servers_along_and_the_next_one_copes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path)]
    with subprocess.Popen(command, cwd=envfile.ROOT) as supervisor:
        assert process.wait_until((tmp_path / "env").exists, 30)
        write_something(envfile.read(tmp_path / "env"))
        supervisor.send_signal(signal.SIGKILL)

    with Stack(tmp_path) as environment:  # perhaps while the old servers are still stopping
        assert_it_is_there(environment)
        assert len((tmp_path / "valkey.pid").read_text().split()) == 1


def test_servers_that_outlived_their_supervisor_are_stopped(tmp_path: Path) -> None:
    """As where the kernel does not tell children that their parent died."""
    lost = Stack(tmp_path)
    environment = lost.__enter__()
    write_something(environment)
    assert lost.postgres
    assert lost.valkey
    assert lost.postgres.child
    assert lost.valkey.child
    orphans = (lost.postgres.child, lost.valkey.child)
    lost.postgres = lost.valkey = None
    lost.stop()  # lets go of the lock, as the kernel does
    try:
        with Stack(tmp_path) as environment:
            assert_it_is_there(environment)
            assert [orphan.poll() for orphan in orphans] == [0, 0]
    finally:
        for orphan in orphans:
            orphan.kill()


def test_a_session_that_outlived_its_postmaster_is_ended_first(tmp_path: Path) -> None:
    """Two generations of processes on the same files would destroy them."""
    first = Stack(tmp_path)
    with first as environment:
        write_something(environment)
        session = psycopg.connect(environment["DATABASE_OWNER_URL"])
        os.kill(session.info.backend_pid, signal.SIGSTOP)  # busy: it does not notice
        assert first.postgres
        assert first.postgres.child
        first.postgres.child.kill()
        first.postgres.child.wait()
    with Stack(tmp_path) as environment:
        assert not process.command_line(session.info.backend_pid)
        assert_it_is_there(environment)


def test_servers_named_in_the_environment_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@db/erp")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner@db/erp")
    monkeypatch.setenv("REDIS_URL", "redis://cache/0")

    with Stack(tmp_path / "data") as environment:
        assert environment["DATABASE_URL"] == "postgresql://app@db/erp"
        assert environment["DATABASE_OWNER_URL"] == "postgresql://owner@db/erp"
        assert environment["REDIS_URL"] == "redis://cache/0"
        assert not (tmp_path / "data" / "postgres").exists()
        assert not (tmp_path / "data" / "valkey").exists()
