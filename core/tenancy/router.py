"""Which database a query goes to: the open transaction's, the replica, or the owner's."""

from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS

from core.tenancy.scope import current_scope

OWNER_ALIAS = "owner"
REPLICA_ALIAS = "replica"


def write_alias() -> str:
    return DEFAULT_DB_ALIAS


#: Set while a cache computes: a replica lags, and what it says would be kept.
primary_only: ContextVar[bool] = ContextVar("primary_only", default=False)


def read_alias() -> str:
    if REPLICA_ALIAS in settings.DATABASES and not primary_only.get():
        return REPLICA_ALIAS
    return DEFAULT_DB_ALIAS


class TenancyRouter:
    """Reads and writes follow the open transaction; only the owner migrates."""

    def db_for_read(self, model: type, **hints: Any) -> str:
        scope = current_scope.get()
        return scope.alias if scope else DEFAULT_DB_ALIAS

    def db_for_write(self, model: type, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == OWNER_ALIAS
