"""CPU that a tree of processes has used, its ended children included."""

from collections.abc import Iterable
from contextlib import suppress

import psutil


def cpu_seconds(root: int) -> float:
    """User and system time of `root` and all that it started.

    Children that ended count through their parent, so a backend of a client
    that is gone is not lost. The kernel counts in hundredths of a second.
    """
    parent = psutil.Process(root)
    return _sum([parent, *parent.children(recursive=True)])


#: Processes of PostgreSQL whose work follows the clock, or an earlier load.
BACKGROUND = ("checkpointer", "background writer", "walwriter", "autovacuum", "logical replication")


def sessions_cpu_seconds(postmaster: int) -> float:
    """What PostgreSQL's sessions used, ended ones through the postmaster.

    What runs in the background is left out: it would be charged to whichever
    variant it meets, and most of all to one with few operations. Autovacuum's
    workers end as sessions do, so nothing is measured while it is on.
    """
    parent = psutil.Process(postmaster)
    sessions = [child for child in parent.children() if not _is_background(child)]
    return _sum([parent, *sessions])


def _is_background(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        title = " ".join(process.cmdline())
        return any(name in title for name in BACKGROUND)
    return False


def _sum(processes: Iterable[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total
