"""How attempts ended, counted in the process and written down now and then, for the metrics.

What a killed process had not written is not counted; the jobs themselves are.
"""

import threading
import time
from collections import defaultdict

from django.db import connections

from core.ids import uuid7
from core.jobs.models import JobTally
from core.tenancy.router import write_alias

FLUSH_SECONDS = 5.0

ADD_SQL = """
    INSERT INTO jobs_jobtally AS t (id, task, outcome, count, seconds) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (task, outcome) DO UPDATE
    SET count = t.count + EXCLUDED.count, seconds = t.seconds + EXCLUDED.seconds"""

_lock = threading.Lock()
_waiting: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0.0])
_flushed_at = 0.0


def add(task: str, outcome: str, seconds: float) -> None:
    with _lock:
        tally = _waiting[task, outcome]
        tally[0] += 1
        tally[1] += seconds


def flush(*, now: bool = False) -> None:
    """Write down what was counted, if it is time; on the caller's connection."""
    global _flushed_at
    if not now and time.monotonic() - _flushed_at < FLUSH_SECONDS:
        return
    _flushed_at = time.monotonic()
    with _lock:
        taken = sorted(_waiting.items())
        _waiting.clear()
    if not taken:
        return
    with connections[write_alias()].cursor() as cursor:
        for (task, outcome), (count, seconds) in taken:
            cursor.execute(ADD_SQL, [uuid7(), task, outcome, int(count), seconds])


def totals() -> list[JobTally]:
    """Of all processes since the beginning; by task."""
    return list(JobTally.objects.order_by("task", "outcome"))
