"""Whether queues are nearly full, as far as this process has seen lately. Costs nothing to ask."""

import time

from django.conf import settings

#: Of the cap. From here on we say so.
HIGH_SHARE = 0.8
REMEMBERED_SECONDS = 10.0

_high_until = 0.0


def is_high(waiting: int) -> bool:
    return waiting > HIGH_SHARE * settings.QUEUE_LIMIT


def note(waiting: int) -> None:
    """Somebody has just counted what one company has waiting in one queue."""
    global _high_until
    if is_high(waiting):
        _high_until = time.monotonic() + REMEMBERED_SECONDS


def is_felt() -> bool:
    return time.monotonic() < _high_until
