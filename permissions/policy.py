"""The one policy: which permission codes somebody holds in a tenant.

Everything that asks "may he" asks this: API, staff console, reports, exports, tasks.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from django.db import connections

from core.tenancy.context import Context
from core.tenancy.router import write_alias
from permissions import catalog
from permissions.caches import USER_PERMISSIONS

HELD_SQL = "SELECT permissions_held(%s, %s, %s, %s)::text"


def codes_held(ctx: Context, user_id: UUID) -> frozenset[str]:
    """The codes that a user holds in the context's tenant; none when he may not enter it."""
    return caller_codes(ctx.tenant_id, user_id)


def caller_codes(tenant_id: UUID, user_id: UUID) -> frozenset[str]:
    """The same for a door, which has no context yet. From memory where possible."""

    def load() -> frozenset[str]:
        return _codes_read(tenant_id, user_id, remembered=not USER_PERMISSIONS.runtime.is_shared)

    return USER_PERMISSIONS.get(tenant_id, user_id.hex, load)


def codes_load(ctx: Context, user_id: UUID) -> frozenset[str]:
    """From the tables that say so, as the open transaction sees them."""
    return _codes_read(ctx.tenant_id, user_id, remembered=False)


def codes_now(tenant_id: UUID, user_id: UUID) -> frozenset[str] | None:
    """From the tables, remembered nowhere; None where he may not enter."""
    return _held(tenant_id, user_id, remembered=False)


def _codes_read(tenant_id: UUID, user_id: UUID, *, remembered: bool) -> frozenset[str]:
    return _held(tenant_id, user_id, remembered=remembered) or frozenset()


def _held(tenant_id: UUID, user_id: UUID, *, remembered: bool) -> frozenset[str] | None:
    """One round trip; `remembered` through the table that stands in while Redis is away.

    On the connection that writes, in whatever transaction is open: a replica may
    not know yet of what was taken away.
    """
    seconds = USER_PERMISSIONS.policy.ttl_seconds
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(HELD_SQL, [tenant_id, user_id, remembered, seconds])
        [held] = cursor.fetchone()
    return codes_of(orjson.loads(held)) if held else None


def codes_of(held: Mapping[str, Any]) -> frozenset[str]:
    """What grants, modules and the platform add up to; a code that no app declares is nothing."""
    codes = catalog.tenant_codes().intersection(held["codes"])
    if held["is_super_admin"]:
        codes |= catalog.codes_of_modules(held["modules"])
    return codes | catalog.platform_codes() if held["is_platform_admin"] else codes
