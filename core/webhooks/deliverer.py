"""The process that sends. One thread talks with the database, the others with receivers only.

It holds nothing: killed, another one goes on when the leases of its lines run out. It asks
no broker and no cache, so those may come and go.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, connections

from core.jobs import tallies
from core.json import dumps
from core.tenancy.context import Context
from core.webhooks.addresses import Forbidden, target_of
from core.webhooks.policy import is_hopeless
from core.webhooks.sealing import Unsealable, signature, unseal
from core.webhooks.services.attempts import (
    Attempt,
    Claim,
    Owed,
    Slice,
    claim_lines,
    slice_load,
    slice_record,
)
from core.webhooks.services.fanout import fan_out
from core.webhooks.transport import Caller, Outcome

TICK_SECONDS = 0.25
#: No attempt of a turn begins later.
SLICE_SECONDS = 5.0
FAILED_PAUSE_SECONDS = 1.0
STOP_SECONDS = 12.0
AGENT = "erp-webhooks/1"
TALLY = "webhooks.deliver"

log = structlog.get_logger(__name__)


class Deliverer:
    def __init__(self, *, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop
        self._stopping = threading.Event()
        self._slots = settings.WEBHOOK_SLOTS
        self._pool = ThreadPoolExecutor(self._slots, "webhook")
        self._name, self._claims = f"{socket.gethostname()}:{os.getpid()}", count()
        self._flying: dict[Future[list[Attempt]], Claim] = {}
        self._walked_at = 0.0

    def run(self) -> None:
        while not self._should_stop():
            try:
                self._turn()
            except DatabaseError as error:
                self._failed(error)
        self._stop()

    def run_until_idle(self) -> int:
        """Everything that is due now, and nothing that waits for another attempt; how many."""
        sent = 0
        while fan_out().is_more:
            pass
        while self._begin() or self._flying:
            sent += self._land(TICK_SECONDS)
        tallies.flush(now=True)
        return sent

    def _turn(self) -> None:
        if time.monotonic() - self._walked_at >= TICK_SECONDS:
            is_more = fan_out().is_more
            self._walked_at = 0.0 if is_more else time.monotonic()
        self._begin()
        self._land(TICK_SECONDS if self._walked_at else 0.0)
        tallies.flush()

    def _begin(self) -> int:
        """Fill the slots that are free. Those who fail have half of them at the most."""
        free = self._slots - len(self._flying)
        failing = sum(claim.failures > 0 for claim in self._flying.values())
        claims = self._claim(free, failing_too=False)
        room = min(free - len(claims), self._slots // 2 - failing)
        claims += self._claim(room, failing_too=True)
        for claim in claims:
            found = slice_load(_ctx(claim.tenant_id), claim=claim)
            if found is not None:
                self._flying[self._pool.submit(send, found, self._stopping.is_set)] = claim
        return len(claims)

    def _claim(self, lines: int, *, failing_too: bool) -> list[Claim]:
        if lines <= 0:
            return []
        worker = f"{self._name}:{next(self._claims)}"
        return claim_lines(worker, lines=lines, failing_too=failing_too)

    def _land(self, seconds: float) -> int:
        """Write down what has come back, after waiting for the first so long; how many."""
        if not self._flying:
            if seconds:
                time.sleep(seconds)
            return 0
        landed, _ = wait(self._flying, timeout=seconds, return_when=FIRST_COMPLETED)
        sent = 0
        for future in landed:
            claim, attempts = self._flying[future], future.result()
            states = slice_record(_ctx(claim.tenant_id), claim=claim, attempts=attempts)
            del self._flying[future]
            for attempt, state in zip(attempts, states, strict=True):
                tallies.add(TALLY, state, attempt.outcome.milliseconds / 1000)
            sent += len(attempts)
        return sent

    def _failed(self, error: DatabaseError) -> None:
        log.warning("deliverer_failed", error=type(error).__name__)
        connections.close_all()
        time.sleep(FAILED_PAUSE_SECONDS)

    def _stop(self) -> None:
        """What is in the air lands; nothing more begins."""
        self._stopping.set()
        until = time.monotonic() + STOP_SECONDS
        while self._flying and time.monotonic() < until:
            try:
                self._land(TICK_SECONDS)
            except DatabaseError as error:
                self._failed(error)
        tallies.flush(now=True)
        self._pool.shutdown(wait=False, cancel_futures=True)


def send(found: Slice, should_stop: Callable[[], bool]) -> list[Attempt]:
    """One turn of one endpoint, one request after the other; what came of each that was begun."""
    try:
        secrets = [unseal(sealed) for sealed in found.sealed]
        caller = Caller(target_of(found.url))
    except Unsealable:
        return [Attempt(found.deliveries[0], Outcome("secret", None, 0))]
    except Forbidden:
        return [Attempt(found.deliveries[0], Outcome("forbidden", None, 0))]
    attempts: list[Attempt] = []
    failures, began = found.claim.failures, time.monotonic()
    try:
        for owed in found.deliveries:
            outcome = caller.post(*_message(owed, secrets))
            attempts.append(Attempt(owed, outcome))
            failures = failures + 1 if outcome.error else 0
            is_late = time.monotonic() - began > SLICE_SECONDS
            if is_late or should_stop() or is_hopeless(outcome, failures):
                break
    finally:
        caller.close()
    return attempts


def body_of(owed: Owed) -> bytes:
    """The same bytes at every attempt."""
    return dumps(
        {
            "type": owed.type,
            "timestamp": owed.occurred_at,
            "sequence": owed.sequence,
            "number": owed.number,
            "id": owed.event_id,
            "data": owed.data,
        }
    )


def _message(owed: Owed, secrets: list[str]) -> tuple[list[tuple[str, str]], bytes]:
    body, now, message_id = body_of(owed), int(time.time()), str(owed.id)
    signed = signature(secrets, message_id=message_id, timestamp=now, body=body)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": signed,
    }
    return list(headers.items()), body


def _ctx(tenant_id: UUID) -> Context:
    return Context(tenant_id, None, datetime.now(UTC), "webhooks")
