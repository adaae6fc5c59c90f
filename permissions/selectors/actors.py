"""Who an access token stands for. From memory; from the database every five seconds."""

from datetime import datetime
from pathlib import Path

from django.db import connections

from core.tenancy.router import write_alias
from permissions.caches import SESSIONS, Session
from permissions.tokens import token_hash

SESSION_SQL = (Path(__file__).parent / "sql" / "session.sql").read_text(encoding="utf-8")


def session_find(token: str, moment: datetime) -> Session | None:
    """The login of an access token that is valid at `moment`, or None."""
    return session_of(token_hash(token), moment)


def session_of(hashed: bytes, moment: datetime) -> Session | None:
    """The same by the hash of the token, for doors that are not given the token itself."""
    found = SESSIONS.get(hashed.hex(), "", lambda: session_load(hashed))
    return found if found is not None and found.access_expires_at > moment else None


def session_load(hashed: bytes) -> Session | None:
    """Global tables, before any tenant is known; no replica, which may not know of a logout."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(SESSION_SQL, [hashed])
        row = cursor.fetchone()
    return Session(*row) if row else None
