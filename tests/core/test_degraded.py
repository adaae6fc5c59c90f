"""Every answer says what is out, until it is back; nobody is kept waiting by it."""

import socket

from django.test import override_settings

from core.ops.watch import BROKER_AWAY, PARTITIONS_FEW, watch
from tests.cast import Api
from tests.core.cache.machines import until
from tests.partitions.scratch import scratch_tables


def is_told(alice: Api, message: str) -> bool:
    answer = alice.get("accounts/")
    told = message in answer.get("X-Service-Message", "")
    assert answer.status_code == 200
    assert not told or answer["X-Service-Status"] == "degraded"
    return told


def nobody_listens() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{probe.getsockname()[1]}/0"


def test_a_broker_that_is_away_is_told_with_every_answer(alice: Api) -> None:
    with override_settings(CELERY_BROKER_URL=nobody_listens()):
        until(lambda: is_told(alice, BROKER_AWAY))
    until(lambda: not is_told(alice, BROKER_AWAY))


def test_too_few_months_are_told_before_a_write_fails(alice: Api) -> None:
    with scratch_tables():  # which have no months at all
        watch.again()
        until(lambda: is_told(alice, PARTITIONS_FEW))
    watch.again()
    until(lambda: not is_told(alice, PARTITIONS_FEW))
