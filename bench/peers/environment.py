"""A virtual environment and databases for the peers, apart from the product's."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.database import BenchError, Database
from bench.web import ROOT

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
PEERS = ("hordak", "ledger")


def peer_python() -> Path:
    """The interpreter of their environment; made once per list of requirements."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "erp-bench"
    version = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    python = cache / f"peers-{version}" / "bin" / "python"
    done = python.parent.parent / "installed"
    if not done.exists():
        print(f"Installing the peers into {python.parent.parent}", file=sys.stderr)
        _run([sys.executable, "-m", "venv", "--clear", str(python.parent.parent)], os.environ)
        _run([str(python), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)], os.environ)
        done.touch()
    return python


def peer_environment(peer: str) -> dict[str, str]:
    """What a peer's process needs; without the product's settings and passwords."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "POSTGRES_SOCKET_DIR")}
    return kept | {"PEER": peer, "DJANGO_SETTINGS_MODULE": "bench.peers.settings",
                   "PYTHONWARNINGS": "ignore"}  # fmt: skip


def prepare(database: Database, python: Path) -> None:
    """A migrated database with accounts, customers and items for each peer."""
    for peer in PEERS:
        database.run(f"DROP DATABASE IF EXISTS bench_peer_{peer}")
        database.run(f"CREATE DATABASE bench_peer_{peer}")
        environment = peer_environment(peer)
        _run([str(python), "-m", "django", "migrate", "-v0"], environment)
        _run([str(python), "-m", f"bench.peers.{peer}_client", "prepare"], environment)


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-800:]
        raise BenchError(f"{' '.join(command[:4])} failed: {said}")
