"""Context: who acts, for which tenant, when. Built at a door, never below it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Context:
    """What every service and selector needs to know about its caller.

    `actor_id` is None when the system acts by itself (beat, migrations).
    `now` is aware, UTC; services read no other clock.
    """

    tenant_id: UUID
    actor_id: UUID | None
    now: datetime
    request_id: str

    @property
    def acting_user(self) -> UUID:
        """The user who acts, where it cannot be the system."""
        if self.actor_id is None:
            raise ValueError("This needs somebody who acts.")
        return self.actor_id

    @property
    def today(self) -> date:
        return self.now.date()
