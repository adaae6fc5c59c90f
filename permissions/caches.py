"""What is remembered about callers. Dropped by `services/invalidation.py`, and by nothing else."""

from typing import Any

from core.cache.namespaces import Namespace

#: Access token (hex of its hash) to the session's row.
SESSIONS: Namespace[Any] = Namespace("session")
#: User of a tenant to the codes that he holds there.
USER_PERMISSIONS: Namespace[frozenset[str]] = Namespace("user_permissions")
