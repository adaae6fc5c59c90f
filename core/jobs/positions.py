"""Where an event stands in the order of commits, and how a client names that place.

An id is drawn before its transaction commits, so a reader that goes by ids steps
over what commits late. Positions are given afterwards, by `outbox_place` under a
lock: what is behind a position never grows. With it goes the event's `sequence`, its
place among those of its tenant, of which none is left out.
"""

import re
from typing import NamedTuple
from uuid import UUID

from django.db import connections

from core.tenancy.router import write_alias

#: Events placed in one go.
BATCH_SIZE = 1_000
_TEXT = re.compile(r"e[0-9a-f]{16}")
#: What a `bigint` holds.
LARGEST = 2**63 - 1


class Tail(NamedTuple):
    """Positions, or one tenant's sequence: the last one that was given, and the last one
    whose event may be gone."""

    position: int
    purged: int

    def reaches(self, position: int) -> bool:
        """Whether everything after `position` is still there, and it was given at all."""
        return self.purged <= position <= self.position


def place(batch: int = BATCH_SIZE) -> int:
    """Give what is committed its position, `batch` events at most; the last position given.

    A transaction of its own, on the connection that writes; global.
    """
    with connections[write_alias()].cursor() as cursor:
        cursor.execute("SELECT outbox_place(%s)", [batch])
        [position] = cursor.fetchone()
    return int(position)


def place_all() -> int:
    """The same until nothing waits any more."""
    position = place()
    while (further := place()) != position:
        position = further
    return position


def tail() -> Tail:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute("SELECT position, purged FROM jobs_outboxtail")
        return Tail(*cursor.fetchone())


def tenant_tail(tenant_id: UUID) -> Tail:
    """How far one tenant's own sequence goes. Global."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            "SELECT sequence, purged FROM jobs_tenanttail WHERE tenant_id = %s", [tenant_id]
        )
        return Tail(*(cursor.fetchone() or (0, 0)))


def shown(position: int) -> str:
    """A position as clients keep it: opaque to them, and in order as text."""
    return f"e{position:016x}"


def understood(text: str) -> int | None:
    """The position that a client sent back; None where it is not one of ours."""
    if not _TEXT.fullmatch(text):
        return None
    position = int(text[1:], 16)
    return position if position <= LARGEST else None
