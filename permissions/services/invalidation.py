"""The only place that voids what is remembered about callers. Parts of a command."""

from collections.abc import Iterable

from core.cache.namespaces import bump
from core.jobs import outbox
from core.jobs.outbox import Event
from core.tenancy.context import Context
from core.tenancy.transactions import command, tenant_cursor
from permissions.caches import MODULES, ROLES, SESSIONS, USER_PERMISSIONS
from permissions.models import UserSession


def permissions_void(ctx: Context, *events: Event) -> None:
    """Who may do what in this tenant has changed, as `events` say.

    The stamp of the fallback table is raised by the database itself.
    """
    bump(ctx.tenant_id, USER_PERMISSIONS, ROLES, MODULES)
    outbox.announce(ctx, *events)


def sessions_void(ctx: Context, sessions: Iterable[UserSession], *events: Event) -> None:
    """The access tokens of these sessions (as they were before the change) are worth nothing."""
    SESSIONS.bump(*(bytes(session.access_hash).hex() for session in sessions))
    outbox.announce(ctx, *events)


@command
def permission_cache_purge(ctx: Context) -> int:
    """Delete what the fallback remembered of this tenant for too long; returns how many."""
    with tenant_cursor() as cursor:
        cursor.execute("SELECT cleanup_expired_permission_cache()")
        [count] = cursor.fetchone()
    return int(count)
