"""When it is tried again, when an endpoint is left in peace, and when it is given up.

A delivery that failed waits by itself; those behind it go on, and their numbers say the
order. An endpoint that fails again and again is paused as a whole, so that it does not
take the place of others; after three days of nothing but failures it is switched off.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from core.webhooks.models import WhyDisabled
from core.webhooks.transport import Outcome

RETRIED_FOR = timedelta(days=3)
GONE_STATUS = 410
#: Of each wait, so that what failed together does not come back together.
JITTER = 0.2
#: Answers that are failures, in a row, before the whole endpoint is paused. One that does
#: not answer at all is paused at once: each of its attempts takes up to five seconds.
ANSWERED_FAILURES_MAX = 10
PAUSE_SECONDS_MAX = 300


@dataclass(frozen=True, slots=True)
class Standing:
    """How an endpoint has fared: failures in a row, since when, and until when it is paused."""

    failures: int
    failing_since: datetime | None
    paused_until: datetime | None = None
    why_disabled: WhyDisabled | None = None


def retry_at(
    outcome: Outcome, *, attempts: int, queued_at: datetime, now: datetime
) -> datetime | None:
    """When a delivery that failed for the `attempts`th time is tried again; None: never."""
    delays = settings.WEBHOOK_RETRY_SECONDS
    seconds = _jittered(delays[min(attempts, len(delays)) - 1])
    at = now + timedelta(seconds=max(seconds, outcome.retry_after_seconds or 0))
    return at if at <= queued_at + RETRIED_FOR else None


def standing_after(before: Standing, outcomes: Iterable[Outcome], now: datetime) -> Standing:
    """The endpoint's standing after these attempts, the oldest first."""
    failures, since, last = before.failures, before.failing_since, None
    for last in outcomes:
        failures = failures + 1 if last.error else 0
        since = (since or now) if last.error else None
    if last is None or not last.error:
        return Standing(failures, since)
    if last.status == GONE_STATUS:
        return Standing(failures, since, why_disabled=WhyDisabled.GONE)
    if since is not None and since <= now - RETRIED_FOR:
        return Standing(failures, since, why_disabled=WhyDisabled.FAILING)
    return Standing(failures, since, _paused_until(last, failures, now))


def is_hopeless(outcome: Outcome, failures: int) -> bool:
    """Whether nothing more is sent for now."""
    return (
        outcome.is_unreachable
        or outcome.status == GONE_STATUS
        or bool(outcome.error and outcome.retry_after_seconds)
        or failures >= ANSWERED_FAILURES_MAX
    )


def _paused_until(last: Outcome, failures: int, now: datetime) -> datetime | None:
    if not is_hopeless(last, failures):
        return None
    doublings = failures - 1 if last.is_unreachable else failures - ANSWERED_FAILURES_MAX
    seconds = settings.WEBHOOK_PAUSE_SECONDS * 2 ** max(0, min(doublings, 10))
    seconds = _jittered(min(seconds, PAUSE_SECONDS_MAX))
    return now + timedelta(seconds=max(seconds, last.retry_after_seconds or 0))


def _jittered(seconds: float) -> float:
    return seconds * (1 - JITTER * random.random())  # noqa: S311  jitter only
