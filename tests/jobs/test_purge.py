"""Jobs that ended long ago go; what waits, and what somebody should still look at, stays."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.jobs import purge
from core.jobs.models import Job, JobState
from core.jobs.purge import DEAD_JOBS_KEPT, JOBS_KEPT, jobs_purge
from core.tenancy.context import Context
from core.tenancy.transactions import command
from tests.cast import Company
from tests.jobs.desk import enqueue, run_all, states, tickets

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
ENDED = (JobState.DONE, JobState.CANCELLED, JobState.EXPIRED)


def ended(company: Company, age: timedelta, state: JobState = JobState.DONE, key: str = "") -> UUID:
    """A job that came to this end so long ago."""

    @command
    def end(ctx: Context) -> None:
        Job.objects.filter(pk=job_id).update(state=state, ended_at=NOW - age)

    job_id = enqueue(company, effect_key=key)
    tickets(company).filter(pk=job_id).delete()
    end(company.ctx())
    return job_id


@pytest.mark.parametrize("state", ENDED)
def test_what_ended_stays_for_two_weeks(acme: Company, state: JobState) -> None:
    ended(acme, JOBS_KEPT - HOUR, state)
    assert jobs_purge(NOW) == 0
    assert states(acme) == [state]
    jobs_purge(NOW + 2 * HOUR)
    assert states(acme) == []


def test_the_dead_wait_longer_for_somebody_who_looks_at_them(acme: Company) -> None:
    ended(acme, JOBS_KEPT + HOUR, JobState.DEAD)
    ended(acme, DEAD_JOBS_KEPT - HOUR, JobState.DEAD)
    assert jobs_purge(NOW) == 0
    ended(acme, DEAD_JOBS_KEPT + HOUR, JobState.DEAD)
    assert jobs_purge(NOW) == 1
    assert states(acme) == ["dead", "dead"]


def test_what_has_not_ended_is_never_old(acme: Company) -> None:
    waiting = enqueue(acme, run_at=NOW + timedelta(days=400))
    jobs_purge(NOW + timedelta(days=399))
    assert states(acme) == ["queued"]
    assert tickets(acme).filter(pk=waiting).exists()
    tickets(acme).delete()


def test_every_companys_go_however_many(
    acme: Company, globex: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "BATCH_SIZE", 2)
    for company in (acme, globex):
        for _ in range(5):
            ended(company, JOBS_KEPT + HOUR)
        ended(company, HOUR)
    assert jobs_purge(NOW) == 10
    assert (states(acme), states(globex)) == (["done"], ["done"])


def test_an_effect_key_is_good_for_as_long_as_its_job(acme: Company) -> None:
    first = ended(acme, JOBS_KEPT + HOUR, key="invoice:1")
    assert enqueue(acme, effect_key="invoice:1") == first
    jobs_purge(NOW)
    assert enqueue(acme, effect_key="invoice:1") != first
    run_all(acme)
    assert states(acme) == ["done"]
