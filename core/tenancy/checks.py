"""System check: the role that serves requests must not be able to bypass isolation."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DEFAULT_DB_ALIAS, connections

from core.tenancy.postgresql.roles import ROLE_QUERY
from core.tenancy.router import OWNER_ALIAS


@register(Tags.database)
def application_role_is_confined(
    databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Every database but the owner's is reached as a role that row-level security binds."""
    confined = [alias for alias in databases or [DEFAULT_DB_ALIAS] if alias != OWNER_ALIAS]
    return [message for alias in confined for message in role_errors(alias)]


def role_errors(alias: str) -> list[CheckMessage]:
    with connections[alias].cursor() as cursor:
        cursor.execute(ROLE_QUERY)
        [could_bypass] = cursor.fetchone()
    if not could_bypass:
        return []
    return [
        Error(
            f"The role of database '{alias}' could bypass row-level security.",
            hint="Connect as erp_app: no superuser, no BYPASSRLS, owner of nothing.",
            id="tenancy.E001",
        )
    ]
