"""Context: who acts, for which tenant, when. Built at a door, never below it."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

#: Whom changes of global tables are recorded for; no company has this id.
PLATFORM = UUID(int=0)
REASON_LENGTH_MAX = 200
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f|]")


@dataclass(frozen=True, slots=True)
class Context:
    """What every service and selector needs to know about its caller.

    `actor_id` is None when the system acts by itself (beat, migrations).
    `now` is aware, UTC; services read no other clock. Login, address and the reason that
    the caller gives are for the audit log.
    """

    tenant_id: UUID
    actor_id: UUID | None
    now: datetime
    request_id: str
    session_id: UUID | None = None
    address: str | None = None
    reason: str = ""

    @property
    def acting_user(self) -> UUID:
        """The user who acts, where it cannot be the system."""
        if self.actor_id is None:
            raise ValueError("This needs somebody who acts.")
        return self.actor_id

    @property
    def today(self) -> date:
        return self.now.date()

    def said(self, operation: str) -> str:
        """What the audit log is told: actor|session|address|operation|request|reason."""
        parts = (self.actor_id, self.session_id, self.address, operation, self.request_id)
        reason = self.reason[:REASON_LENGTH_MAX]
        return "|".join(_UNPRINTABLE.sub(" ", str(part or "")) for part in (*parts, reason))
