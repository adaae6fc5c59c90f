"""Valkey emptied, and gone, under deliveries: they go on, by the database alone."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as ours

from deploy.valkey import EmbeddedValkey
from tests.cast import Company
from tests.events.happening import happen, numbered
from tests.webhooks.desk import deliveries, subscribe
from tests.webhooks.receiver import Receiver, receiving
from tests.webhooks.test_killed import deliverer, until

ROUNDS, TIMES = 4, 25
EVENTS = ROUNDS * TIMES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        ours.REDIS_URL in ("memory", "disabled"), reason="needs a broker to take away"
    ),
]


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    """One of our own, cache and broker at once, that nobody else misses."""
    tmp_path.chmod(0o755)
    one = EmbeddedValkey(tmp_path, secrets.token_hex(8), None, durable=False)
    one.start()
    yield one
    one.stop()


def test_an_emptied_valkey_changes_nothing(
    acme: Company, valkey: EmbeddedValkey, settings: Any
) -> None:
    with receiving() as receiver:
        endpoint_id, secret = subscribe(acme, receiver, settings)
        sender = deliverer(receiver.host, **urls(valkey)).start()
        try:
            for told in range(TIMES, EVENTS + 1, TIMES):
                happen(acme.ctx(), times=TIMES)
                redis.Redis.from_url(valkey.url).flushall()
                until(lambda: len(receiver.taken()) >= told)  # noqa: B023
            until(lambda: is_done(acme, endpoint_id))
        finally:
            sender.kill_tree()
        receiver.verify(secret)
        assert_all_told(acme, receiver)


def test_without_valkey_deliveries_go_on_and_begin(
    acme: Company, valkey: EmbeddedValkey, settings: Any
) -> None:
    """It goes away under a process that sends, and is not there when the next one starts."""
    with receiving() as receiver:
        endpoint_id, secret = subscribe(acme, receiver, settings)
        sender = deliverer(receiver.host, **urls(valkey)).start()
        try:
            happen(acme.ctx(), times=TIMES)
            until(lambda: len(receiver.taken()) >= TIMES)
            kill(valkey)
            happen(acme.ctx(), times=TIMES)
            until(lambda: len(receiver.taken()) >= 2 * TIMES)
            sender.kill_tree()
            happen(acme.ctx(), times=TIMES)
            sender.start()
            until(lambda: len(receiver.taken()) >= 3 * TIMES)
            valkey.start()
            happen(acme.ctx(), times=TIMES)
            until(lambda: is_done(acme, endpoint_id))
        finally:
            sender.kill_tree()
        receiver.verify(secret)
        assert_all_told(acme, receiver)


def urls(valkey: EmbeddedValkey) -> dict[str, str]:
    return {"REDIS_URL": valkey.url, "CELERY_BROKER_URL": valkey.url}


def kill(valkey: EmbeddedValkey) -> None:
    assert valkey.child is not None
    valkey.child.kill()
    valkey.child.wait()


def is_done(company: Company, endpoint_id: Any) -> bool:
    found = deliveries(company, endpoint_id)
    return len(found) == EVENTS and all(one.state == "done" for one in found)


def assert_all_told(company: Company, receiver: Receiver) -> None:
    """Each number, as what it is; what a killed process had sent may have been told again."""
    told = {one.body["number"]: one.body for one in receiver.taken()}
    assert sorted(told) == list(range(1, EVENTS + 1))
    found = [(one["sequence"], one["data"]["payment_id"]) for _, one in sorted(told.items())]
    assert found == numbered(company.tenant_id)
