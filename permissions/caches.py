"""What is remembered about callers. Voided by `services/invalidation.py`, and by nothing else."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson

from core.cache.answers import answers
from core.cache.namespaces import Codec, Namespace
from core.json import dumps


class Session(NamedTuple):
    """A login that is valid, apart from the clock."""

    id: UUID
    tenant_id: UUID
    user_id: UUID
    access_expires_at: datetime
    last_seen_at: datetime


def _session(data: bytes) -> Session:
    session, tenant, user, *moments = orjson.loads(data)
    return Session(UUID(session), UUID(tenant), UUID(user), *map(datetime.fromisoformat, moments))


#: The hash of an access token, in hex, is the scope; there is one session in it.
SESSIONS: Namespace[Session | None] = Namespace(
    "session", Codec(lambda session: dumps(list(session or ())), _session)
)
#: User of a tenant to the codes that he holds there.
USER_PERMISSIONS: Namespace[frozenset[str]] = Namespace(
    "user_permissions",
    Codec(lambda codes: dumps(sorted(codes)), lambda data: frozenset(orjson.loads(data))),
)

#: The lists of roles, of what they grant, and of modules, as they are sent.
ROLES, MODULES = answers("role_permissions"), answers("module_permissions")
