"""The word over Redis that there is something new: said at once where that costs no waiting."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connections, transaction
from django_redis import get_redis_connection

from core.ids import uuid7
from core.jobs import wake
from core.jobs.wake import JOBS_CHANNEL, _Line, wake_on_commit
from tests.jobs.desk import until

Heard = Callable[[], int]

pytestmark = pytest.mark.skipif(
    settings.REDIS_URL in ("memory", "disabled"), reason="there is nobody to tell it"
)


@pytest.fixture
def channel() -> str:
    return f"erp:test:{uuid7()}"


@pytest.fixture
def heard(channel: str) -> Iterator[Heard]:
    """How many words have come in so far."""
    with get_redis_connection("default").pubsub() as ears:
        ears.subscribe(channel)
        count = 0

        def look() -> int:
            nonlocal count
            while (message := ears.get_message(timeout=0.01)) is not None:
                count += message["type"] == "message"
            return count

        yield look


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "PAUSE_SECONDS", 0)


def test_the_thread_connects_and_whoever_comes_then_says_it_himself(
    channel: str, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = _Line(channel)
    assert not line.say_at_once(), "to connect would be to wait"
    line.say()
    assert line.say_at_once()
    monkeypatch.setattr(wake, "PAUSE_SECONDS", 60)
    assert not line.say_at_once(), "somebody has just said it; the thread says it later"
    until(lambda: heard() == 2)


def test_a_connection_that_broke_costs_words_and_no_error(channel: str, heard: Heard) -> None:
    line = _Line(channel)
    line.say()
    until(lambda: heard() == 1)
    cut(line)
    until(lambda: not line.say_at_once())
    assert not line.say_at_once(), "it leaves connecting to the thread"
    line.say()
    assert line.say_at_once()
    until(lambda: heard() == 3)


def test_answers_that_nobody_waits_for_do_not_pile_up(channel: str, heard: Heard) -> None:
    """More of them than a socket holds."""
    line = _Line(channel)
    for _ in range(100_000):
        line.say()
    until(lambda: heard() == 100_000, 60)


def test_it_is_said_when_the_transaction_commits_and_not_before() -> None:
    with get_redis_connection("default").pubsub() as ears:
        ears.subscribe(JOBS_CHANNEL)
        until(lambda: ears.get_message(timeout=0.1) is not None)
        with transaction.atomic():
            wake_on_commit(JOBS_CHANNEL)
            connections["default"].cursor().execute("SELECT 1")
        until(lambda: is_word(ears.get_message(timeout=0.1)))


def is_word(message: Any) -> bool:
    return message is not None and message["type"] == "message"


def cut(line: _Line) -> None:
    host, port = line._socket.getsockname()[:2]
    get_redis_connection("default").client_kill(f"{host}:{port}")
