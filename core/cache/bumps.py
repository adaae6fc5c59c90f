"""How a committed change reaches every copy: the board, Redis, and the database in between."""

from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from core.cache.board import Board
from core.cache.counters import Count
from core.cache.models import PendingBump
from core.cache.shared_tier import Away, Bump
from core.tenancy.router import write_alias
from core.tenancy.scope import current_scope

log = structlog.get_logger(__name__)
#: A pending bump older than this was left behind by a process that is no more.
ABANDONED_AFTER = timedelta(seconds=2)
REPLAY_MAX = 1_000


class Bumps:
    def __init__(self, board: Board, tier: Any) -> None:
        self._board, self._tier = board, tier
        #: Rows whose bump has arrived everywhere; deleted in one statement at the next tick.
        self._arrived: deque[UUID] = deque()

    def on_commit(self, bumps: Sequence[Bump]) -> None:
        """Void what was cached of these, once the open transaction commits; never raises then."""
        rows = [PendingBump(namespace=namespace, scope=scope) for namespace, scope in bumps]
        PendingBump.objects.bulk_create(rows)
        scope = current_scope.get()
        if scope is not None:
            scope.bumped.update(namespace for namespace, _ in bumps)
        ids = [row.id for row in rows]
        transaction.on_commit(lambda: self._committed(bumps, ids), using=write_alias())

    def on_board(self, bumps: Sequence[Bump]) -> None:
        """Void them on this machine."""
        board = self._board
        board.bump(
            [
                board.slot(namespace, scope) if scope else board.slot_of_all(namespace)
                for namespace, scope in bumps
                if board.knows(namespace)
            ]
        )

    def everywhere(self) -> None:
        """Void everything: Redis has come back with what it knew some time ago."""
        everything = [(name, "") for name in settings.CACHE_NAMESPACES]
        self._tier.bump(everything, self._board.id, past_breaker=True)
        self.on_board(everything)

    def replay(self, *, everything: bool = False) -> int:
        """Send what Redis has not heard of; returns how many. Raises Away, DatabaseError."""
        self._forget_arrived()
        lost, is_behind = self._board.lost, self._board.is_behind
        waiting = PendingBump.objects.order_by("id")
        if not (everything or is_behind):
            waiting = waiting.filter(created_at__lt=Now() - ABANDONED_AFTER)
        # Only what is there now: under load there is always something new, which is none of ours.
        newest = waiting.values_list("id", flat=True).last()
        waiting = waiting.filter(id__lte=newest) if newest else waiting.none()
        sent = 0
        while waiting.exists() and (count := self._send(waiting)):
            sent += count
        # What another process is sending right now still waits; it will be looked at again.
        if is_behind and not waiting.exists():
            self._board.catch_up(lost)
        return sent

    def _send(self, waiting: Any) -> int:
        """One batch. What another process is sending right now is left to it."""
        with transaction.atomic(using=write_alias()):
            rows = list(waiting.select_for_update(skip_locked=True)[:REPLAY_MAX])
            bumps = [(row.namespace, row.scope) for row in rows]
            if bumps:
                self._tier.bump(bumps, self._board.id)
                self.on_board(bumps)
                PendingBump.objects.filter(id__in=[row.id for row in rows]).delete()
                log.info("cache_bumps_replayed", count=len(bumps))
        return len(rows)

    def _committed(self, bumps: Sequence[Bump], ids: Sequence[UUID]) -> None:
        """Redis first: who sees the board's new version must not find the old value there."""
        try:
            self._tier.bump(bumps, self._board.id)
        except Away:
            # The rows stay, and are replayed; until then nobody here believes Redis.
            self._board.lose()
            self._count(bumps, Count.ERRORS)
        else:
            self._arrived.extend(ids)
        self.on_board(bumps)
        self._count(bumps, Count.BUMPS)

    def _count(self, bumps: Sequence[Bump], count: Count) -> None:
        for namespace, _ in bumps:
            if self._board.knows(namespace):
                self._board.counters.add(namespace, count)

    def _forget_arrived(self) -> None:
        ids = [self._arrived.popleft() for _ in range(len(self._arrived))]
        if ids:
            PendingBump.objects.filter(id__in=ids).delete()
