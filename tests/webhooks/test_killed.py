"""kill -9 of the process that sends, again and again: nothing is lost, and every number is told."""

import os
import time
from typing import Any

from tests.cast import Company
from tests.events.happening import happen, numbered
from tests.jobs.processes import Process, process
from tests.webhooks.desk import deliveries, subscribe
from tests.webhooks.receiver import half_of_the_time, receiving

EVENTS = int(os.environ.get("WEBHOOK_EVENTS_KILLED", "400"))
KILLS = 4
PATIENCE_SECONDS = 120


def deliverer(allowed: str, **environment: str) -> Process:
    settings = {"DJANGO_SETTINGS_MODULE": "tests.webhooks.settings"}
    return process("webhooks", WEBHOOK_ALLOWED_HOSTS=allowed, **settings, **environment)


def test_nothing_is_lost_and_no_number_is_told_twice_as_another(
    acme: Company, settings: Any
) -> None:
    with receiving(answer=half_of_the_time()) as receiver:
        endpoint_id, secret = subscribe(acme, receiver, settings)
        sender = deliverer(receiver.host).start()
        try:
            for _ in range(KILLS):
                happen(acme.ctx(), times=EVENTS // KILLS)
                before = len(receiver.received)
                until(lambda: len(receiver.received) > before + 10)  # noqa: B023
                sender.kill_tree()
                sender.start()
            until(lambda: is_done(acme, endpoint_id))
        finally:
            sender.kill_tree()
        receiver.verify(secret)
        taken = receiver.taken()
    numbers = {one.body["number"] for one in taken}
    assert numbers == set(range(1, EVENTS + 1))
    assert {one.id: one.raw for one in receiver.received} == {one.id: one.raw for one in taken}
    by_number = {one.body["number"]: one.body for one in taken}
    told = [(one["sequence"], one["data"]["payment_id"]) for _, one in sorted(by_number.items())]
    assert told == numbered(acme.tenant_id)
    assert len({one.id for one in receiver.received}) == EVENTS


def is_done(company: Company, endpoint_id: Any) -> bool:
    found = deliveries(company, endpoint_id)
    return len(found) == EVENTS and all(one.state == "done" for one in found)


def until(holds: Any) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.05)
