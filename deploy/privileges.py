"""PostgreSQL refuses to run as root. As root, servers run as `nobody` instead.

The clone and its data may lie where `nobody` cannot go (`/root/x` is mode 700). Copying the
binaries would not help the data, and user namespaces are switched off in most containers. So in
that case, and only then, the server keeps one capability of root's: to pass closed directories.
"""

import ctypes
import os
import pwd
import signal
import stat
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import StackError

_PR_SET_PDEATHSIG, _PR_SET_SECUREBITS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
_SECBIT_NO_SETUID_FIXUP = 4
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Identity:
    """Whom a server runs as, and whether it must pass closed directories."""

    uid: int
    gid: int
    passes_closed_directories: bool

    def own(self, path: Path) -> None:
        os.chown(path, self.uid, self.gid)


def server_identity(reached: Iterable[Path]) -> Identity | None:
    """None for an ordinary user: servers simply run as him."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise StackError(
            "PostgreSQL does not run as root and there is no user `nobody`: use an ordinary user."
        ) from None
    closed = not all(_open_to_all(path) for path in reached)
    return Identity(nobody.pw_uid, nobody.pw_gid, passes_closed_directories=closed)


def _open_to_all(path: Path) -> bool:
    resolved = path.resolve()
    parents_open = all(parent.stat().st_mode & stat.S_IXOTH for parent in resolved.parents)
    needed = stat.S_IXOTH if resolved.is_dir() or os.access(resolved, os.X_OK) else stat.S_IROTH
    return bool(parents_open and resolved.stat().st_mode & needed)


def before_exec(identity: Identity | None, signal_on_orphaned: int) -> Callable[[], None]:
    """What a child does between fork and exec: drop root, and ask to be told if we die."""
    parent = os.getpid()

    def prepare() -> None:
        if identity is not None:
            _become(identity)
        # After the change of user, which would clear it.
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal_on_orphaned, 0, 0, 0)
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGKILL)

    return prepare


def _become(identity: Identity) -> None:
    keep = identity.passes_closed_directories and _libc is not None
    if keep and _libc is not None:
        # So that setuid() keeps capabilities, and access(), by which initdb checks its own
        # binaries, respects them.
        _libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([identity.gid])
    os.setgid(identity.gid)
    os.setuid(identity.uid)
    if keep and _libc is not None:
        mask = 1 << _CAP_DAC_OVERRIDE
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
        _libc.capset(ctypes.byref(header), ctypes.byref(data))
        _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)
