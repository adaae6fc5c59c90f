"""The servers of one data directory: PostgreSQL and Valkey, unless the environment names others."""

import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

from deploy import envfile
from deploy.errors import StackError
from deploy.postgres import EmbeddedPostgres, Passwords
from deploy.valkey import EmbeddedValkey

_TEMPORARY = "erp-stack-"
_ROLES = ("OWNER", "APP", "BACKUP", "MONITOR")
_SECRETS = (
    "SECRET_KEY",
    "AUDIT_SIGNING_KEY",
    *(f"{role}_PASSWORD" for role in _ROLES),
    "VALKEY_PASSWORD",
)


class Stack:
    """`with Stack(data_dir) as environment:` runs the servers for as long as the block does."""

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir.resolve()
        self.postgres: EmbeddedPostgres | None = None
        self.valkey: EmbeddedValkey | None = None
        self._durable = durable
        self._lock: IO[str] | None = None

    def __enter__(self) -> dict[str, str]:
        try:
            self.claim()
            self.start_postgres()
            self.start_valkey()
            return self.environment()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def claim(self, note: str = "") -> None:
        """Takes the data directory for us alone; the kernel gives it back when we die."""
        self.data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        lock = (self.data_dir / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            told = lock.read().strip()
            lock.close()
            where = f": {told}" if told else ""
            raise StackError(f"A stack is already running on {self.data_dir}{where}") from None
        lock.truncate(0)
        lock.write(note)
        lock.flush()
        self._lock = lock

    def start_postgres(self) -> None:
        if os.environ.get("DATABASE_URL"):
            return
        known = self._secrets()
        passwords = Passwords(*(known[f"{role}_PASSWORD"] for role in _ROLES))
        self.postgres = EmbeddedPostgres(self.data_dir, passwords, durable=self._durable)
        self.postgres.start()

    def start_valkey(self) -> None:
        if os.environ.get("REDIS_URL"):
            return
        known = self._secrets()
        port = int(known["VALKEY_PORT"]) if "VALKEY_PORT" in known else None
        password = known["VALKEY_PASSWORD"]
        self.valkey = EmbeddedValkey(self.data_dir, password, port, durable=self._durable)
        self.valkey.start()
        envfile.write(self._secrets_file, known | {"VALKEY_PORT": str(self.valkey.port)})

    def stop(self) -> None:
        """Valkey first: PostgreSQL is what must not miss anything."""
        if self.valkey is not None:
            self.valkey.stop()
        if self.postgres is not None:
            self.postgres.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def environment(self) -> dict[str, str]:
        """What a process needs to use this stack. What the caller's environment says, wins."""
        made = {
            "SECRET_KEY": self._secrets()["SECRET_KEY"],
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "DATA_DIR": str(self.data_dir),
            "STATIC_ROOT": str(self.data_dir / "static"),
            "AUDIT_SIGNING_KEY": self._secrets()["AUDIT_SIGNING_KEY"],
            "AUDIT_HEADS_DIR": str(self.data_dir / "audit-heads"),
        }
        if self.postgres is not None:
            made |= self.postgres.urls()
        if self.valkey is not None:
            made["REDIS_URL"] = self.valkey.url
        given = ["SECRET_KEY", "ALLOWED_HOSTS", "STATIC_ROOT", "REDIS_URL", "CELERY_BROKER_URL"]
        given += ["AUDIT_SIGNING_KEY", "AUDIT_HEADS_DIR"]
        if self.postgres is None:  # else another database's owner would meet our application role
            given += [f"DATABASE_{name}URL" for name in ("", "OWNER_", "BACKUP_", "MONITOR_")]
        return made | {name: os.environ[name] for name in given if os.environ.get(name)}

    @property
    def _secrets_file(self) -> Path:
        return self.data_dir / "secrets"

    def _secrets(self) -> dict[str, str]:
        """Made once and kept. URL-safe, so they need no quoting anywhere."""
        known = envfile.read(self._secrets_file)
        missing = {name: secrets.token_urlsafe(48) for name in _SECRETS if name not in known}
        if missing:
            envfile.write(self._secrets_file, known | missing)
        return known | missing


@contextmanager
def throw_away(*, durable: bool = False) -> Iterator[dict[str, str]]:
    """A stack in a temporary directory, gone afterwards; yields its environment."""
    _sweep()
    data_dir = Path(tempfile.mkdtemp(prefix=_TEMPORARY))
    data_dir.chmod(0o711)
    try:
        with Stack(data_dir, durable=durable) as environment:
            yield environment
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


def _sweep() -> None:
    """Removes what killed runs left behind: old, and locked by nobody."""
    for left in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*"):
        try:
            if left.stat().st_uid != os.geteuid() or time.time() - left.stat().st_mtime < 600:
                continue
            with (left / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
        except OSError:
            continue
