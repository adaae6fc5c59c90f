"""Being told to stop: what is at hand is finished first."""

import signal
from collections.abc import Callable
from threading import Event
from typing import Any


def told_to_stop() -> Callable[[], bool]:
    """Whether SIGTERM or SIGINT has come since. For a process's main thread."""
    told = Event()

    def stop(*_: Any) -> None:
        told.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return told.is_set
