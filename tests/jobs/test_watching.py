"""What staff and Prometheus see of jobs and of the clock."""

import inspect
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from billiard import pool
from prometheus_client import generate_latest

from core.jobs import schedule, tallies
from core.jobs.models import ScheduleRun
from core.jobs.schedule import record_run, run_overdue, watch
from erp.schedule import SCHEDULE
from tests.cast import Company
from tests.jobs.desk import enqueue, run_all

HOURLY = "core.jobs.tasks.outbox_purge_task"


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """No entry has run yet, and it is time to look."""
    ScheduleRun.objects.all().delete()
    monkeypatch.setattr(schedule, "WATCH_SECONDS", -1.0)


def metric(name: str, **labels: str) -> float:
    for line in generate_latest().decode().splitlines():
        if line.startswith(name) and all(f'{k}="{v}"' in line for k, v in labels.items()):
            return float(line.rsplit(" ", 1)[1])
    raise AssertionError(f"{name} {labels} is not there")


def late(task: str, by: timedelta) -> datetime:
    """Its last run began so long before the one that is due now."""
    moment = datetime.now(UTC)
    run = schedule.runs()[task]
    run.started_at = run.ended_at = moment - timedelta(hours=1) - by
    run.save()
    return moment


def test_jobs_are_measured(acme: Company) -> None:
    before = metric("erp_jobs{", queue="low", **{"is": "ready"})
    enqueue(acme, "test.tell", event_id="e", payload={"key": "k"})
    assert metric("erp_jobs{", queue="low", **{"is": "ready"}) == before + 1
    assert metric("erp_jobs_oldest_seconds", queue="low") >= 0
    run_all(acme)
    tallies.flush(now=True)
    assert metric("erp_job_attempts_total", task="test.tell", outcome="done") >= 1
    assert metric("erp_job_seconds_total", task="test.tell", outcome="done") > 0


def test_every_entry_of_the_schedule_leaves_traces() -> None:
    for entry in SCHEDULE.values():
        assert isinstance(schedule.task_of(entry["task"]), schedule.ScheduledTask), entry


def test_a_run_is_written_down() -> None:
    schedule.task_of(HOURLY)()
    run = ScheduleRun.objects.get(pk=HOURLY)
    assert run.started_at <= run.ended_at
    assert run.seconds > 0
    assert (run.error, run.failed) == ("", 0)
    assert (
        datetime.now(UTC)
        < schedule.next_due(HOURLY, run)
        <= datetime.now(UTC) + timedelta(hours=1, minutes=1)
    )


def test_a_run_that_fails_says_how() -> None:
    def fail() -> None:
        raise ValueError("Mrs Smith")

    with pytest.raises(ValueError):
        record_run(HOURLY, fail)
    run = ScheduleRun.objects.get(pk=HOURLY)
    assert (run.error, run.failed) == ("ValueError", 1)


def test_a_run_that_did_not_come_is_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Any] = []
    monkeypatch.setattr(schedule.log, "error", lambda *a, **k: said.append((a, k["task"])))
    watch()
    assert said == [], "what is only just known of is not late"
    late(HOURLY, timedelta(hours=1))
    watch()
    watch()
    assert said == [(("schedule_missed",), HOURLY)]
    assert ScheduleRun.objects.get(pk=HOURLY).missed == 1
    assert metric("erp_schedule_missed_total", task=HOURLY) == 1
    assert metric("erp_schedule_late_seconds", task=HOURLY) > 60


def test_a_polling_worker_runs_what_beat_did_not_bring() -> None:
    moment = late(HOURLY, timedelta(hours=1))
    run_overdue()
    run = ScheduleRun.objects.get(pk=HOURLY)
    assert run.started_at >= moment
    assert run.ended_at is not None
    began = run.started_at
    run_overdue()
    assert ScheduleRun.objects.get(pk=HOURLY).started_at == began, "once"


def test_a_run_that_goes_on_is_not_begun_again() -> None:
    late(HOURLY, timedelta(hours=1))
    began = datetime.now(UTC) - timedelta(minutes=2)
    ScheduleRun.objects.filter(pk=HOURLY).update(started_at=began, ended_at=None)
    run_overdue()
    assert ScheduleRun.objects.get(pk=HOURLY).ended_at is None


def test_a_child_that_stops_waits_a_second_for_a_parent_that_stops() -> None:
    waits = inspect.getsource(pool.Worker._ensure_messages_consumed)
    assert "range(GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT)" in waits
    seconds = (
        pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT
        * pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_INTERVAL
    )
    assert seconds <= 1
