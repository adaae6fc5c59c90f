"""Events reach whoever asked for them: all of them, signed, under one id however often tried."""

import os
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from core.errors import Conflict
from core.events.catalogue import event_types
from core.jobs.positions import place_all
from core.webhooks.models import DeliveryState, WebhookDelivery, WebhookLine
from core.webhooks.services.deliveries import Range, deliveries_replay, delivery_replay
from core.webhooks.services.endpoints import (
    EndpointInput,
    webhook_create,
    webhook_enable,
    webhook_rotate,
    webhook_test,
    webhook_update,
)
from core.webhooks.services.fanout import fan_out
from tests.cast import Api, Company
from tests.events.happening import happen, numbered
from tests.messaging.talk import say, talk_of
from tests.webhooks.desk import deliver, deliver_all, deliveries, endpoint, line, subscribe
from tests.webhooks.receiver import Receiver, half_of_the_time, receiving

#: The full number takes a minute: WEBHOOK_EVENTS=2000.
EVENTS = int(os.environ.get("WEBHOOK_EVENTS", "300"))


def test_a_receiver_that_fails_half_of_the_time_gets_everything(
    acme: Company, settings: Any
) -> None:
    with receiving(answer=half_of_the_time()) as receiver:
        endpoint_id, secret = subscribe(acme, receiver, settings)
        for _ in range(EVENTS // 50):
            happen(acme.ctx(), times=50)
        deliver_all(acme, endpoint_id)
        taken = receiver.taken()
        assert len(receiver.received) > len(taken) * 1.5
        receiver.verify(secret)
    # None is missing, and none was taken twice.
    assert sorted(one.body["number"] for one in taken) == list(range(1, len(taken) + 1))
    by_number = {one.body["number"]: one.body for one in taken}
    # The order of the numbers is that of the company's sequence.
    paid = [by_number[n] for n in sorted(by_number) if by_number[n]["type"] == "payment.posted"]
    assert [(one["sequence"], one["data"]["payment_id"]) for one in paid] == numbered(
        acme.tenant_id
    )
    # Tried again, it is the same message to the byte.
    for message_id in {one.id for one in receiver.received}:
        bodies = {one.raw for one in receiver.received if one.id == message_id}
        assert len(bodies) == 1
    assert Counter(one.id for one in taken).most_common(1)[0][1] == 1
    assert {one.state for one in deliveries(acme, endpoint_id)} == {"done"}


def test_a_healthy_receiver_hears_it_in_order_over_one_connection(
    acme: Company, receiver: Receiver, settings: Any
) -> None:
    endpoint_id, secret = subscribe(acme, receiver, settings)
    ids = happen(acme.ctx(), times=30)
    assert deliver() == 30
    assert [one.body["data"]["payment_id"] for one in receiver.received] == [str(i) for i in ids]
    assert receiver.connections == 1
    receiver.verify(secret)
    assert line(endpoint_id).next_at is None


def test_what_a_message_says(acme: Company, receiver: Receiver, settings: Any) -> None:
    endpoint_id, _ = subscribe(acme, receiver, settings)
    [payment] = happen(acme.ctx())
    deliver()
    [one] = receiver.received
    [(sequence, _)] = numbered(acme.tenant_id)
    [delivery] = deliveries(acme, endpoint_id)
    assert one.body == {
        "type": "payment.posted",
        "timestamp": delivery.occurred_at.isoformat().replace("+00:00", "Z"),
        "sequence": sequence,
        "number": 1,
        "id": str(delivery.event_id),
        "data": {"payment_id": str(payment)},
    }
    assert one.id == str(delivery.pk)
    assert one.headers["content-type"] == "application/json"
    assert (delivery.state, delivery.attempts, delivery.status) == ("done", 1, 204)


def test_only_the_kinds_that_were_asked_for_and_never_what_is_internal(
    acme: Company, alice: Api, settings: Any
) -> None:
    with receiving() as all_kinds, receiving() as some:
        subscribe(acme, all_kinds, settings)
        subscribe(acme, some, settings, types=["reference_data.changed"])
        happen(acme.ctx())
        alice.ok("POST", "contacts/", {"name": "Client"})
        talk = talk_of(acme)
        say(acme, talk)
        deliver()
        assert [one.body["type"] for one in some.received] == ["reference_data.changed"]
        kinds = {one.body["type"] for one in all_kinds.received}
    assert {"payment.posted", "reference_data.changed"} <= kinds
    assert kinds <= {one.name for one in event_types()}
    assert talk.thread not in str(all_kinds.received)


def test_it_begins_with_the_next_event_and_other_companies_are_not_heard(
    acme: Company, globex: Company, receiver: Receiver, settings: Any
) -> None:
    happen(acme.ctx(), times=3)
    place_all()
    subscribe(acme, receiver, settings)
    happen(globex.ctx(), times=3)
    [payment] = happen(acme.ctx())
    deliver()
    assert [one.body["data"] for one in receiver.received] == [{"payment_id": str(payment)}]


def test_what_is_owed_is_written_once_however_many_walk_the_sequence(
    acme: Company, receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from django.db import connections

    monkeypatch.setattr("core.webhooks.services.fanout.STEP", 7)
    endpoint_id, _ = subscribe(acme, receiver, settings)
    happen(acme.ctx(), times=60)

    def walk() -> None:
        while fan_out().is_more:
            pass
        connections.close_all()

    walkers = [threading.Thread(target=walk) for _ in range(4)]
    for one in walkers:
        one.start()
    for one in walkers:
        one.join()
    walk()
    owed = deliveries(acme, endpoint_id)
    assert [one.number for one in owed] == list(range(1, 61))
    assert [one.sequence for one in owed] == [number for number, _ in numbered(acme.tenant_id)]


# --- trying again ----------------------------------------------------------------------


def test_after_three_days_a_delivery_is_given_up_and_can_be_replayed(
    acme: Company, receiver: Receiver, settings: Any
) -> None:
    receiver.answer = lambda: 500
    endpoint_id, secret = subscribe(acme, receiver, settings)
    happen(acme.ctx(), times=2)
    fan_out()
    age(acme, endpoint_id, timedelta(days=3))
    deliver()
    assert [one.state for one in deliveries(acme, endpoint_id)] == ["dead", "dead"]
    assert line(endpoint_id).next_at is None
    receiver.answer = lambda: 204
    first, second = deliveries(acme, endpoint_id)
    delivery_replay(acme.ctx(), endpoint_id=endpoint_id, delivery_id=second.pk)
    with pytest.raises(Conflict):
        delivery_replay(acme.ctx(), endpoint_id=endpoint_id, delivery_id=second.pk)
    unpause(endpoint_id)
    deliver()
    assert receiver.received[-1].id == str(second.pk)
    assert deliveries_replay(acme.ctx(), endpoint_id=endpoint_id, asked=Range()) == 1
    deliver()
    assert [one.state for one in deliveries(acme, endpoint_id)] == ["done", "done"]
    # What was taken long ago can be asked for as well.
    everything = Range(first.sequence, second.sequence, only_dead=False)
    assert deliveries_replay(acme.ctx(), endpoint_id=endpoint_id, asked=everything) == 2
    deliver()
    assert {one.id for one in receiver.received[-2:]} == {str(first.pk), str(second.pk)}
    receiver.verify(secret)


def test_410_switches_it_off_and_it_goes_on_where_it_stopped(
    acme: Company, receiver: Receiver, settings: Any
) -> None:
    receiver.answer = lambda: 410
    endpoint_id, _ = subscribe(acme, receiver, settings)
    happen(acme.ctx(), times=3)
    deliver()
    found = endpoint(acme, endpoint_id)
    assert (found.is_enabled, found.disabled_reason) == (False, "gone")
    assert len(receiver.received) == 1
    happen(acme.ctx(), times=2)
    deliver()
    assert len(receiver.received) == 1
    receiver.answer = lambda: 204
    webhook_enable(acme.ctx(), endpoint_id=endpoint_id)
    deliver_all(acme, endpoint_id)
    numbers = sorted(one.body["number"] for one in receiver.taken())
    assert numbers == list(range(1, 7))  # the notice that it was switched off is one of them
    assert receiver.taken()[-1].body["type"] in ("webhook.disabled", "payment.posted")


def test_three_days_of_nothing_but_failures_switch_it_off_with_a_notice(
    acme: Company, settings: Any
) -> None:
    with receiving(answer=lambda: 500) as broken, receiving() as watching:
        endpoint_id, _ = subscribe(acme, broken, settings)
        subscribe(acme, watching, settings, types=["webhook.disabled"])
        happen(acme.ctx())
        deliver()
        assert endpoint(acme, endpoint_id).is_enabled
        WebhookLine.objects.filter(pk=endpoint_id).update(
            failing_since=line(endpoint_id).failing_since - timedelta(days=3)
        )
        time.sleep(0.06)
        deliver()
        found = endpoint(acme, endpoint_id)
        assert (found.is_enabled, found.disabled_reason) == (False, "failing")
        deliver()
        [notice] = watching.received
    assert notice.body["data"] == {"endpoint_id": str(endpoint_id), "reason": "failing"}


def test_retry_after_is_respected(acme: Company, receiver: Receiver, settings: Any) -> None:
    receiver.answer, receiver.headers = (lambda: 503), {"Retry-After": "120"}
    endpoint_id, _ = subscribe(acme, receiver, settings)
    happen(acme.ctx(), times=3)
    deliver()
    assert len(receiver.received) == 1
    [first, *_] = deliveries(acme, endpoint_id)
    waits = first.next_attempt_at - first.queued_at
    assert timedelta(seconds=115) < waits < timedelta(seconds=130)
    assert line(endpoint_id).next_at >= first.next_attempt_at
    happen(acme.ctx())  # and a new event does not end the pause
    deliver()
    assert len(receiver.received) == 1


# --- secrets ---------------------------------------------------------------------------


def test_both_secrets_sign_until_the_older_is_dropped(
    acme: Company, receiver: Receiver, settings: Any
) -> None:
    endpoint_id, old = subscribe(acme, receiver, settings)
    new = webhook_rotate(acme.ctx(), endpoint_id=endpoint_id)
    happen(acme.ctx())
    deliver()
    receiver.verify(old, new)
    only = webhook_rotate(acme.ctx(), endpoint_id=endpoint_id, keep_previous=False)
    happen(acme.ctx())
    deliver()
    last = receiver.received[-1]
    Webhook(only).verify(last.raw, last.headers)
    for former in (old, new):
        with pytest.raises(WebhookVerificationError):
            Webhook(former).verify(last.raw, last.headers)


def test_a_test_event_goes_to_its_endpoint_alone(acme: Company, settings: Any) -> None:
    with receiving() as mine, receiving() as other:
        endpoint_id, _ = subscribe(acme, mine, settings, types=["payment.posted"])
        subscribe(acme, other, settings)
        webhook_test(acme.ctx(), endpoint_id=endpoint_id)
        deliver()
        [one] = mine.received
        assert one.body["type"] == "webhook.tested"
        assert one.body["data"] == {"endpoint_id": str(endpoint_id)}
        assert other.received == []


# --- means -----------------------------------------------------------------------------


def age(company: Company, endpoint_id: Any, by: timedelta) -> None:
    from core.tenancy.transactions import command

    @command
    def _age(ctx: Any) -> None:
        for one in WebhookDelivery.objects.filter(endpoint=endpoint_id):
            one.queued_at -= by
            one.save(update_fields=["queued_at"])

    _age(company.ctx())


def unpause(endpoint_id: Any) -> None:
    WebhookLine.objects.filter(pk=endpoint_id).update(paused_until=None)


__all__ = ["DeliveryState", "EndpointInput", "webhook_create", "webhook_update"]
