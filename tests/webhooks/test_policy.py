"""When it is tried again, and who makes room for whom."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.webhooks.deliverer import Deliverer
from core.webhooks.models import WebhookLine, WhyDisabled
from core.webhooks.policy import (
    ANSWERED_FAILURES_MAX,
    PAUSE_SECONDS_MAX,
    RETRIED_FOR,
    Standing,
    retry_at,
    standing_after,
)
from core.webhooks.services.fanout import fan_out
from core.webhooks.transport import Outcome
from tests.cast import Company
from tests.events.happening import happen
from tests.webhooks.desk import subscribe
from tests.webhooks.receiver import Receiver, receiving, trickling

NOW = datetime(2026, 11, 30, tzinfo=UTC)
TAKEN, FAILED, SILENT = Outcome("", 204, 5), Outcome("status", 500, 5), Outcome("timeout", None, 5)
WAITS = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800]


@pytest.fixture
def patient(settings: Any) -> None:
    settings.WEBHOOK_RETRY_SECONDS, settings.WEBHOOK_PAUSE_SECONDS = WAITS, 5.0


def attempts_until_dead() -> Iterator[timedelta]:
    at, attempts = NOW, 1
    while (again := retry_at(FAILED, attempts=attempts, queued_at=NOW, now=at)) is not None:
        yield again - at
        at, attempts = again, attempts + 1


def test_a_delivery_is_tried_for_three_days_with_longer_waits_and_jitter(patient: None) -> None:
    first, second = list(attempts_until_dead()), list(attempts_until_dead())
    assert first[:9] != second[:9]
    for waited, told in zip(first, WAITS, strict=False):
        assert timedelta(seconds=told) * 0.8 <= waited <= timedelta(seconds=told)
    for waits in (first, second):
        assert 15 <= len(waits) <= 20
        assert RETRIED_FOR - timedelta(hours=9) < sum(waits, timedelta()) <= RETRIED_FOR


def test_an_endpoint_that_says_nothing_is_paused_at_once_and_longer_each_time(
    patient: None,
) -> None:
    standing, pauses = Standing(0, None), []
    for _ in range(12):
        standing = standing_after(standing, [SILENT], NOW)
        assert standing.paused_until is not None
        pauses.append((standing.paused_until - NOW).total_seconds())
    assert 4 <= pauses[0] <= 5
    assert 8 <= pauses[1] <= 10
    assert PAUSE_SECONDS_MAX * 0.8 <= pauses[-1] <= PAUSE_SECONDS_MAX
    assert standing_after(standing, [TAKEN], NOW) == Standing(0, None)


def test_one_that_answers_with_failures_is_paused_after_some(patient: None) -> None:
    standing = standing_after(Standing(0, None), [FAILED] * (ANSWERED_FAILURES_MAX - 1), NOW)
    assert (standing.failures, standing.paused_until) == (ANSWERED_FAILURES_MAX - 1, None)
    assert standing.failing_since == NOW
    assert standing_after(standing, [FAILED], NOW).paused_until is not None
    assert standing_after(standing, [FAILED, TAKEN, FAILED], NOW).failures == 1


def test_only_three_days_without_any_success_switch_off(patient: None) -> None:
    since = NOW - RETRIED_FOR
    assert standing_after(Standing(9, since), [SILENT], NOW).why_disabled == WhyDisabled.FAILING
    assert standing_after(Standing(9, since), [TAKEN, FAILED], NOW).why_disabled is None
    almost = since + timedelta(seconds=1)
    assert standing_after(Standing(9, almost), [SILENT], NOW).why_disabled is None


def test_those_who_fail_have_half_of_the_slots_and_the_others_go_on(
    acme: Company, globex: Company, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.webhooks.transport.SECONDS_MAX", 1.0)
    settings.WEBHOOK_SLOTS = 4
    with ExitStack() as stack:
        dead = [stack.enter_context(trickling(iter([b"H"]), 5)) for _ in range(6)]
        for one in dead:
            subscribe(acme, one, settings)
        WebhookLine.objects.update(failures=1)
        healthy: Receiver = stack.enter_context(receiving())
        subscribe(globex, healthy, settings)
        happen(acme.ctx())
        fan_out()
        deliverer = Deliverer(should_stop=lambda: False)
        deliverer._begin()
        flying = [claim.failures for claim in deliverer._flying.values()]
        assert flying == [1, 1]
        happen(globex.ctx(), times=3)
        fan_out()
        deliverer._begin()
        while len(healthy.received) < 3:
            deliverer._land(0.05)
        assert sum(one.connections for one in dead) <= 2
        deliverer._stop()
