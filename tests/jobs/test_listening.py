"""Events become jobs of whoever listens: each once, and none before its change is committed."""

from typing import Any

import pytest
from django.conf import settings

from core.jobs.listening import hand_on
from core.jobs.models import OutboxEvent, Queue
from core.jobs.outbox import announce
from core.tenancy.context import Context
from core.tenancy.transactions import command
from tests.cast import Company
from tests.jobs.desk import flood, run_all, states, tickets
from tests.jobs.kinds import Done, effects


@pytest.fixture(autouse=True)
def listens(settings: Any) -> None:
    settings.EVENT_LISTENERS = {Done.name: ["test.tell"]}


@command
def happen(ctx: Context, *, key: str) -> None:
    announce(ctx, Done(key))


def waiting(company: Company) -> Any:
    return OutboxEvent.objects.filter(
        tenant_id=company.tenant_id, name=Done.name, published_at=None
    )


def test_an_event_becomes_one_job_of_each_listener(acme: Company) -> None:
    happen(acme.ctx(), key="first")
    [event] = waiting(acme)
    while waiting(acme).exists():
        hand_on()
    hand_on()
    assert states(acme) == ["queued"]
    run_all(acme)
    assert effects(acme.tenant_id)[f"{event.pk}:first"] == 1


def test_an_event_handed_on_twice_is_one_job(acme: Company) -> None:
    """As after a relay that died between the two: its transaction is whole, or it was not."""
    happen(acme.ctx(), key="first")
    [event] = waiting(acme)
    while waiting(acme).exists():
        hand_on()
    OutboxEvent.objects.filter(pk=event.pk).update(published_at=None)
    while waiting(acme).exists():
        hand_on()
    assert states(acme) == ["queued"]
    tickets(acme).delete()


def test_where_the_line_is_full_events_wait_and_nobody_elses_do(
    acme: Company, globex: Company
) -> None:
    flood(acme, settings.QUEUE_LIMIT, queue=Queue.LOW)
    happen(acme.ctx(), key="a")
    happen(globex.ctx(), key="g")
    while waiting(globex).exists():
        hand_on()
    assert states(globex) == ["queued"]
    assert waiting(acme).exists()
    tickets(acme).delete()
    while waiting(acme).exists():
        hand_on()
    for one in (acme, globex):
        tickets(one).delete()


def test_who_is_full_keeps_nobody_waiting_however_much_he_has_to_tell(
    acme: Company, globex: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.listening.BATCH_SIZE", 2)
    while hand_on():
        pass
    flood(acme, settings.QUEUE_LIMIT, queue=Queue.LOW)
    for number in range(3):
        happen(acme.ctx(), key=str(number))
    happen(globex.ctx(), key="g")
    assert hand_on() == 1
    assert states(globex) == ["queued"]
    for one in (acme, globex):
        tickets(one).delete()
    while waiting(acme).exists():
        hand_on()
    tickets(acme).delete()
