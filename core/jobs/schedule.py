"""The clock's entries: when each ran, how long, what went wrong, and which did not come.

Celery beat says when; this writes down that it happened. An entry that is late is told
of once, and a polling worker runs it where there is no broker to do it.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from celery import Task, current_app
from celery.schedules import maybe_schedule
from django.db.models import F, Q

from core.jobs.models import ScheduleRun

#: Late by more, a run is missed.
GRACE = timedelta(minutes=5)
#: Late by more, a polling worker runs it itself.
PATIENCE = timedelta(minutes=1)
WATCH_SECONDS = 10.0

log = structlog.get_logger(__name__)
_looked_at = {"watch": 0.0, "run_overdue": 0.0}


class ScheduledTask(Task):
    """Base of the tasks that beat calls: each run leaves its traces in `ScheduleRun`."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return record_run(self.name, lambda: super(ScheduledTask, self).__call__(*args, **kwargs))


def record_run(task: str, work: Callable[[], Any]) -> Any:
    moment, started = datetime.now(UTC), time.monotonic()
    _row(task, moment)
    mine = ScheduleRun.objects.filter(pk=task)
    mine.update(started_at=moment, ended_at=None)
    error = ""
    try:
        return work()
    except Exception as raised:
        error = type(raised).__name__
        mine.update(failed=F("failed") + 1)
        log.exception("scheduled_task_failed", task=task)
        raise
    finally:
        mine.update(
            ended_at=datetime.now(UTC), seconds=time.monotonic() - started, error=error
        )  # fmt: skip


def next_due(task: str, run: ScheduleRun) -> datetime:
    """When it should run next, judged from when it last began or was first known of."""
    since = run.started_at or run.known_at
    schedule = _entries()[task]
    moment = datetime.now(UTC)
    due: datetime = moment + schedule.remaining_estimate(since)
    return due


def task_of(name: str) -> Any:
    """The task itself; a process that is no Celery worker has not loaded them."""
    current_app.loader.import_default_modules()
    return current_app.tasks[name]


def name_of(task: str) -> str:
    """What the entry is called in the schedule."""
    entries = current_app.conf.beat_schedule
    return next(name for name, entry in entries.items() if entry["task"] == task)


def runs() -> dict[str, ScheduleRun]:
    """Every entry of the schedule with its last run, by task; looking writes nothing down."""
    known, moment = ScheduleRun.objects.in_bulk(), datetime.now(UTC)
    return {
        task: known.get(task) or ScheduleRun(task=task, known_at=moment)
        for task in sorted(_entries())
    }


def _awaited() -> dict[str, ScheduleRun]:
    """The same, and from now on each is awaited."""
    for task, run in runs().items():
        _row(task, run.known_at)
    return runs()


def watch() -> None:
    """Tell of runs that did not come, once each."""
    if not _is_time("watch"):
        return
    moment = datetime.now(UTC)
    for task, run in _awaited().items():
        due = next_due(task, run)
        if moment - due < GRACE or (run.missed_at and run.missed_at >= due - GRACE):
            continue
        unseen = Q(missed_at=None) | Q(missed_at__lt=due - GRACE)
        if ScheduleRun.objects.filter(unseen, pk=task).update(
            missed=F("missed") + 1, missed_at=due
        ):
            log.error("schedule_missed", task=task, due=due.isoformat())


def run_overdue() -> None:
    """Run what beat did not bring; each by one worker."""
    if not _is_time("run_overdue"):
        return
    moment = datetime.now(UTC)
    for task, run in _awaited().items():
        if _goes_on(run, moment) or moment - next_due(task, run) < PATIENCE:
            continue
        mine = ScheduleRun.objects.filter(pk=task, started_at=run.started_at)
        if mine.update(started_at=moment, ended_at=None):
            try:
                task_of(task)()
            except Exception:  # noqa: BLE001, S112  written down and logged by record_run
                continue


def _entries() -> dict[str, Any]:
    """Task to its schedule."""
    entries = current_app.conf.beat_schedule.values()
    return {entry["task"]: maybe_schedule(entry["schedule"]) for entry in entries}


def _goes_on(run: ScheduleRun, moment: datetime) -> bool:
    """Whether it is at work, as far as one can know: it ends at its time limit."""
    if run.started_at is None or run.ended_at is not None:
        return False
    limit = task_of(run.task).time_limit or current_app.conf.task_time_limit
    return moment - run.started_at < timedelta(seconds=limit)


def _row(task: str, moment: datetime) -> ScheduleRun:
    return ScheduleRun.objects.get_or_create(task=task, defaults={"known_at": moment})[0]


def _is_time(what: str) -> bool:
    if time.monotonic() - _looked_at[what] < WATCH_SECONDS:
        return False
    _looked_at[what] = time.monotonic()
    return True
