"""When a session was last used: written once a minute, after the answer has been sent.

Never in the request's transaction, which may be rolled back, be read-only, or
hold locks that others wait for; and nobody waits for it.
"""

import threading
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from cachetools import TTLCache
from django.db import DatabaseError

from permissions.caches import Session
from permissions.services.last_seen import WRITTEN_EVERY, session_seen

SESSIONS_MAX = 10_000

log = structlog.get_logger(__name__)
_noted = threading.local()
#: Written a moment ago, though the cache does not know it yet.
_written: TTLCache[UUID, bool] = TTLCache(SESSIONS_MAX, ttl=WRITTEN_EVERY.total_seconds() / 2)
_lock = threading.Lock()


def note(session: Session, now: datetime) -> None:
    """`session` is used by the request that this thread is answering."""
    if now - session.last_seen_at >= WRITTEN_EVERY:
        _noted.session = (session.id, now)


def write(**_: Any) -> None:
    """Called when the answer has been sent; what goes wrong now concerns nobody's request."""
    noted, _noted.session = getattr(_noted, "session", None), None
    if noted is None:
        return
    session_id, now = noted
    with _lock:
        if session_id in _written:
            return
        _written[session_id] = True
    try:
        session_seen(session_id, at=now)
    except DatabaseError as error:
        log.warning("last_seen_not_written", error=type(error).__name__)
