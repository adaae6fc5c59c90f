"""CPU that a tree of processes has used, its ended children included."""

from contextlib import suppress

import psutil


def cpu_seconds(root: int) -> float:
    """User and system time of `root` and all that it started.

    Children that ended count through their parent, so a backend of a client
    that is gone is not lost. The kernel counts in hundredths of a second.
    """
    parent = psutil.Process(root)
    total = 0.0
    for process in [parent, *parent.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total
