"""A job from its enqueueing to its end, called off, expired, replayed, and again and again."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test.utils import CaptureQueriesContext

from core.errors import NotFound, OperationTimeout
from core.ids import uuid7
from core.jobs.claims import LeaseLost, claim_next, job_end
from core.jobs.models import JobState, Queue
from core.jobs.registry import JobType, UnknownTask
from core.jobs.runner import run_next
from core.jobs.services import (
    JobEnded,
    JobNotReplayable,
    QueueFull,
    job_cancel,
    job_enqueue,
    job_replay,
)
from core.jobs.sweeps import sweep
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_row
from tests.cast import Company
from tests.database import connect
from tests.jobs.desk import (
    die,
    enqueue,
    flood,
    hurry,
    job_of,
    run_all,
    states,
    tickets,
    until,
)
from tests.jobs.kinds import effects

#: The line of a company in a queue, as `job_enqueue` locks it.
LOCK_SQL = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s::text, %s))"

# --- once ---------------------------------------------------------------------------


def test_a_job_is_done_once_with_its_effect(acme: Company) -> None:
    job_id = enqueue(acme, effect_key="invoice:1")
    assert states(acme) == ["queued"]
    assert run_all(acme) >= 1
    job = job_of(acme, job_id)
    assert (job.state, job.attempts, job.progress) == ("done", 1, 100), job.error
    assert job.result == {"attempt": 1}
    assert job.started_at is not None
    assert job.ended_at >= job.started_at
    assert effects(acme.tenant_id) == {"invoice:1": 1}
    assert not tickets(acme).exists()


def test_it_exists_if_and_only_if_what_needs_it_was_committed(acme: Company) -> None:
    @command
    def change(ctx: Context) -> None:
        job_enqueue(ctx, task="test.note", arguments={})
        raise KeyError

    with pytest.raises(KeyError):
        change(acme.ctx())
    assert states(acme) == []
    assert not tickets(acme).exists()


def test_enqueueing_costs_one_statement(acme: Company) -> None:
    with CaptureQueriesContext(connections["default"]) as seen:
        enqueue(acme)
    assert len([one for one in seen if "job_place" in one["sql"]]) == 1
    assert len([one for one in seen if not one["sql"].startswith(("BEGIN", "COMMIT"))]) == 1


def test_under_one_effect_key_there_is_one_job(acme: Company, globex: Company) -> None:
    first = enqueue(acme, effect_key="mail:1")
    assert enqueue(acme, effect_key="mail:1") == first
    assert enqueue(acme, effect_key="mail:1", queue=Queue.HIGH) == first
    assert enqueue(globex, effect_key="mail:1") != first, "another company's keys are its own"
    run_all(acme)
    assert enqueue(acme, effect_key="mail:1") == first, "nor is it done again"
    assert effects(acme.tenant_id) == {"mail:1": 1}


def test_enqueued_under_one_key_by_many_at_once_it_is_one_job(acme: Company) -> None:
    found: set[Any] = set()
    errors: list[Exception] = []

    def client(number: int) -> None:
        try:
            found.add(enqueue(acme, effect_key="same", queue=Queue(number % 3)))
        except Exception as error:  # noqa: BLE001  shown below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == []
    assert len(found) == 1
    assert tickets(acme).count() == 1


def test_a_job_without_a_tenant_is_refused(acme: Company) -> None:
    nowhere = Context(uuid7(), None, datetime.now(UTC), "test")
    with pytest.raises(Exception, match=r"(?i)does not exist|foreign key"):
        job_enqueue(nowhere, task="test.note", arguments={})
    with pytest.raises((TypeError, ValueError)):
        job_enqueue(Context(None, None, nowhere.now, "test"), task="test.note", arguments={})  # type: ignore[arg-type]
    assert not tickets(Company(nowhere.tenant_id, "", acme.owner)).exists()


def test_a_job_runs_as_its_tenant_and_its_actor(acme: Company, globex: Company) -> None:
    enqueue(acme, effect_key="a")
    enqueue(globex, effect_key="g")
    run_all(acme)
    run_all(globex)
    assert effects(acme.tenant_id) == {"a": 1}
    assert effects(globex.tenant_id) == {"g": 1}


def test_an_unknown_task_is_refused_at_once(acme: Company) -> None:
    with pytest.raises(UnknownTask):
        enqueue(acme, "test.no-such-task")


@pytest.mark.parametrize("limits", [(2, 1), (0, 1), (10, 281)])
def test_every_task_has_limits(limits: tuple[float, float]) -> None:
    with pytest.raises(ValueError):
        JobType("test.limits", "x.y", soft_seconds=limits[0], hard_seconds=limits[1])


# --- failing ------------------------------------------------------------------------


def test_what_fails_is_tried_again_later_and_its_effect_is_not_there_twice(acme: Company) -> None:
    job_id = enqueue(acme, "test.fail", times=2, effect_key="k", name="Mrs Smith")
    run_all(acme)
    job = job_of(acme, job_id)
    assert (job.state, job.attempts) == ("retrying", 1)
    assert job.run_at > datetime.now(UTC)
    assert effects(acme.tenant_id) == {}
    for attempt in (2, 3):
        hurry(acme)
        run_all(acme)
        assert job_of(acme, job_id).attempts == attempt
    job = job_of(acme, job_id)
    assert (job.state, job.result) == ("done", "at last")
    assert effects(acme.tenant_id) == {"k": 1}


def test_after_three_attempts_it_is_dead_and_says_why_without_names(acme: Company) -> None:
    job_id = enqueue(acme, "test.fail", times=9, name="Mrs Smith")
    for _ in range(3):
        run_all(acme)
        hurry(acme)
    job = job_of(acme, job_id)
    assert (job.state, job.attempts) == ("dead", 3)
    assert job.error.startswith("ValueError at tests/jobs/kinds.py:")
    assert "Smith" not in job.error
    assert run_all(acme) == 0
    assert not tickets(acme).exists()


def test_pauses_grow_and_are_jittered(acme: Company) -> None:
    from core.jobs.runner import backoff

    first, second = ([backoff(n).total_seconds() for _ in range(200)] for n in (1, 2))
    assert max(first) < 3.1 < 3.9 < min(second) < max(second) < 12.1
    assert len(set(first)) > 100


def test_a_handler_that_is_not_there_is_a_failed_job_not_a_failed_worker(acme: Company) -> None:
    job_id = enqueue(acme, "test.lost")
    run_all(acme)
    assert job_of(acme, job_id).state == "retrying"
    assert job_of(acme, job_id).error.startswith("ImportError")


def test_beyond_its_soft_limit_it_is_told_to_stop(acme: Company) -> None:
    job_id = enqueue(acme, "test.hang", soft=True)
    run_all(acme)
    job = job_of(acme, job_id)
    assert (job.state, job.error.split()[0]) == ("retrying", "SoftLimit")


# --- lost workers -------------------------------------------------------------------


def test_a_worker_that_is_gone_loses_its_job_to_another(acme: Company) -> None:
    job_id = enqueue(acme, effect_key="k")
    die(acme, job_id)
    sweep()
    assert job_of(acme, job_id).state == "retrying"
    assert job_of(acme, job_id).error == "The worker was lost"
    run_all(acme)
    assert job_of(acme, job_id).state == "done"
    assert effects(acme.tenant_id) == {"k": 1}


def test_a_job_that_loses_three_workers_is_dead(acme: Company) -> None:
    job_id = enqueue(acme)
    for _ in range(3):
        die(acme, job_id)
        sweep()
    assert (job_of(acme, job_id).state, job_of(acme, job_id).attempts) == ("dead", 3)


def test_who_lost_the_lease_cannot_commit(acme: Company) -> None:
    """Slow rather than dead: it comes back, and finds that its job is somebody else's."""
    job_id = enqueue(acme)
    claim, _ = _taken(acme, "slow:1")
    tickets(acme).filter(pk=job_id).update(lease_until=datetime(2020, 1, 1, tzinfo=UTC))
    sweep()
    other, _ = _taken(acme, "slow:1")
    assert (claim.attempt, other.attempt) == (1, 2)
    with pytest.raises(LeaseLost):
        job_end(acme.ctx(), claim, state=JobState.DONE)
    job_end(acme.ctx(), other, state=JobState.DONE)
    assert job_of(acme, job_id).state == "done"


def test_many_workers_take_each_job_once(acme: Company) -> None:
    wanted = flood(acme, 60)
    taken: list[Any] = []

    def worker(number: int) -> None:
        try:
            while (found := claim_next(f"w:{number}", list(Queue))) is not None:
                taken.append(found[0].job_id)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    mine = [one for one in taken if one in set(wanted)]
    assert sorted(mine) == sorted(wanted)
    tickets(acme).delete()


# --- called off, expired, replayed --------------------------------------------------


def test_a_job_that_waits_is_called_off(acme: Company) -> None:
    job_id = enqueue(acme)
    job_cancel(acme.ctx(), job_id=job_id)
    assert job_of(acme, job_id).state == "cancelled"
    run_all(acme)
    assert effects(acme.tenant_id) == {}
    with pytest.raises(JobEnded):
        job_cancel(acme.ctx(), job_id=job_id)


def test_a_job_that_runs_is_called_off_and_has_no_effect(acme: Company) -> None:
    job_id = enqueue(acme)
    claim, _ = _taken(acme, "w:1")
    job_cancel(acme.ctx(), job_id=job_id)
    with pytest.raises(LeaseLost):
        job_end(acme.ctx(), claim, state=JobState.DONE)
    assert job_of(acme, job_id).state == "cancelled"


def test_another_companys_job_is_not_there(acme: Company, globex: Company) -> None:
    job_id = enqueue(acme)
    for service in (job_cancel, job_replay):
        with pytest.raises(NotFound):
            service(globex.ctx(), job_id=job_id)
    assert states(acme) == ["queued"]
    run_all(acme)


def test_what_nobody_began_in_time_expires(acme: Company) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=50)
    job_id = enqueue(acme, expires_at=soon)
    until(lambda: datetime.now(UTC) > soon)
    run_next(list(Queue))
    sweep()
    assert job_of(acme, job_id).state == "expired"
    assert effects(acme.tenant_id) == {}


def test_a_dead_job_is_replayed_with_as_many_attempts_as_a_new_one(acme: Company) -> None:
    job_id = enqueue(acme, "test.fail", times=1, effect_key="k")
    for _ in range(3):
        die(acme, job_id)
        sweep()
    assert job_of(acme, job_id).state == "dead"
    job_replay(acme.ctx(), job_id=job_id)
    run_all(acme)
    hurry(acme)
    run_all(acme)
    job = job_of(acme, job_id)
    assert (job.state, job.attempts) == ("done", 2)
    assert effects(acme.tenant_id) == {"k": 1}
    with pytest.raises(JobNotReplayable):
        job_replay(acme.ctx(), job_id=job_id)


# --- later, and again and again -----------------------------------------------------


def test_a_job_for_later_waits_for_its_time(acme: Company) -> None:
    job_id = enqueue(acme, run_at=datetime.now(UTC) + timedelta(hours=1))
    sweep()
    assert run_all(acme) == 0
    hurry(acme)
    run_all(acme)
    assert job_of(acme, job_id).state == "done"


def test_a_recurring_job_enqueues_the_next_one_when_it_ends(acme: Company) -> None:
    enqueue(acme, every=timedelta(hours=1), effect_key="hourly")
    run_all(acme)
    assert states(acme) == ["done", "queued"]
    [ticket] = tickets(acme)
    assert timedelta(minutes=59) < ticket.run_at - datetime.now(UTC) <= timedelta(hours=1)
    hurry(acme)
    run_all(acme)
    assert states(acme) == ["done", "done", "queued"]
    [ticket] = tickets(acme)
    job_cancel(acme.ctx(), job_id=ticket.pk)
    assert states(acme) == ["done", "done", "cancelled"]


def test_a_recurring_job_goes_on_after_it_died(acme: Company) -> None:
    enqueue(acme, "test.fail", times=9, every=timedelta(hours=1), effect_key="hourly")
    for _ in range(3):
        run_all(acme)
        hurry(acme)
    assert states(acme)[:2] == ["dead", "queued"]
    tickets(acme).delete()


# --- the cap ------------------------------------------------------------------------


def test_as_many_wait_as_may_and_the_next_is_refused_before_anything_changes(
    acme: Company, globex: Company
) -> None:
    flood(acme, settings.QUEUE_LIMIT)
    with pytest.raises(QueueFull) as refused:
        enqueue(acme)
    assert (refused.value.status, refused.value.code) == (503, "QUEUE_FULL")
    assert refused.value.retry_after_seconds
    assert len(states(acme)) == settings.QUEUE_LIMIT
    enqueue(acme, queue=Queue.HIGH)
    enqueue(globex)
    run_next(list(Queue))
    run_next(list(Queue))
    run_all(acme)
    enqueue(acme)
    run_all(acme)
    run_all(globex)


def test_who_goes_on_after_a_refusal_leaves_nothing_behind(acme: Company) -> None:
    known = enqueue(acme, effect_key="known")
    flood(acme, settings.QUEUE_LIMIT - 1)

    @command
    def go_on(ctx: Context) -> None:
        with pytest.raises(QueueFull):
            job_enqueue(ctx, task="test.note", arguments={})

    go_on(acme.ctx())
    assert len(states(acme)) == tickets(acme).count() == settings.QUEUE_LIMIT
    assert enqueue(acme, effect_key="known") == known, "what is there already needs no room"
    run_all(acme)


def test_who_is_refused_waits_for_nobody_and_writes_nothing(acme: Company) -> None:
    """Not even for somebody who has the line locked and does not go on."""
    flood(acme, settings.QUEUE_LIMIT)

    @command
    def refused(ctx: Context) -> None:
        with pytest.raises(QueueFull):
            job_enqueue(ctx, task="test.note", arguments={})
        assert tenant_row("SELECT pg_current_xact_id_if_assigned()::text", []) == (None,)

    with connect("default") as other, other.transaction():
        [is_locked] = other.execute(LOCK_SQL, [acme.tenant_id, Queue.NORMAL.value]).fetchone() or ()
        assert is_locked
        refused(acme.ctx())
        tickets(acme).filter(pk=tickets(acme).values("pk")[:1]).delete()
        with pytest.raises(OperationTimeout):
            enqueue(acme)  # there is room now, and only the lock says for whom
    run_all(acme)


def test_of_many_clients_at_once_exactly_the_cap_gets_in(acme: Company) -> None:
    accepted: list[Any] = []
    refused: list[Any] = []
    errors: list[Exception] = []

    def client() -> None:
        try:
            for _ in range(15):
                try:
                    accepted.append(enqueue(acme))
                except QueueFull as error:
                    refused.append(error)
        except Exception as error:  # noqa: BLE001  shown below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=client) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == []
    assert (len(accepted), len(refused)) == (settings.QUEUE_LIMIT, 300 - settings.QUEUE_LIMIT)
    assert tickets(acme).count() == settings.QUEUE_LIMIT
    run_all(acme)
    assert set(states(acme)) == {"done"}


# --- fair ---------------------------------------------------------------------------


def test_one_companys_flood_does_not_stand_before_another(acme: Company, globex: Company) -> None:
    """However long the line of one is, the next job of the other is among the next."""
    while run_next(list(Queue)):
        pass
    flood(acme, 90)
    for _ in range(30):
        run_next(list(Queue))
    mine = enqueue(globex)
    for _ in range(3):
        run_next(list(Queue))
    assert job_of(globex, mine).state == "done"
    flood(globex, 10)
    for _ in range(20):
        run_next(list(Queue))
    assert 9 <= states(globex).count("done") <= 11, "they take turns"
    run_all(acme)
    run_all(globex)


def test_what_is_urgent_comes_first_and_the_rest_is_not_starved(acme: Company) -> None:
    while run_next(list(Queue)):
        pass
    flood(acme, 50, queue=Queue.HIGH)
    low = enqueue(acme, queue=Queue.LOW)
    normal = enqueue(acme, queue=Queue.NORMAL)
    for _ in range(3):
        run_next(list(Queue))
    assert {job_of(acme, low).state, job_of(acme, normal).state} == {"done"}
    run_all(acme)


def test_a_worker_of_one_queue_leaves_the_others_alone(acme: Company) -> None:
    while run_next(list(Queue)):
        pass
    enqueue(acme, queue=Queue.LOW)
    assert not run_next([Queue.HIGH, Queue.NORMAL])
    assert run_next([Queue.LOW])


def _taken(company: Company, worker: str) -> Any:
    """The next of this company's, whatever others wait before it."""
    while (found := claim_next(worker, list(Queue))) is not None:
        if found[0].tenant_id == company.tenant_id:
            return found
    raise AssertionError("nothing is ready")
