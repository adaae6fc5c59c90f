"""The connection: confined to its role, and opening each transaction for one tenant."""

from datetime import UTC
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.db.backends.base.base import NO_DB_ALIAS
from django_prometheus.db.backends.postgresql import base

from core.tenancy.postgresql.features import DatabaseFeatures
from core.tenancy.postgresql.moments import with_moments
from core.tenancy.postgresql.operations import DatabaseOperations
from core.tenancy.postgresql.roles import ROLE_QUERY
from core.tenancy.postgresql.schema import DatabaseSchemaEditor
from core.tenancy.router import OWNER_ALIAS


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that begins a transaction and sets its tenant in one round trip."""

    SchemaEditorClass = DatabaseSchemaEditor
    ops_class = DatabaseOperations
    features_class = DatabaseFeatures

    #: Aliases whose role was found to be confined, in this process.
    _confined: ClassVar[set[str]] = set()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begin_sql: str | None = None
        self._kept_cursor: Any = None

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if self.timezone is UTC:
            params["context"] = with_moments(params["context"])
        return params

    def init_connection_state(self) -> None:
        """Refuse to serve as a role that could look past row-level security."""
        super().init_connection_state()
        if self.alias in (OWNER_ALIAS, NO_DB_ALIAS) or self.alias in self._confined:
            return
        if self._role_could_bypass():
            self.close()  # or the next statement would find it open, and go on
            raise ImproperlyConfigured(
                f"The role of database '{self.alias}' could bypass row-level security; "
                "connect as erp_app: no superuser, no BYPASSRLS, owner of nothing."
            )
        self._confined.add(self.alias)

    def _role_could_bypass(self) -> bool:
        [bypasses] = self.connection.execute(ROLE_QUERY).fetchone()
        return bool(bypasses)

    def begin_with(self, sql: str | None) -> None:
        """The statements that open the next transaction instead of a bare BEGIN."""
        self._begin_sql = sql

    def _start_transaction_under_autocommit(self) -> None:
        """Called by `atomic()`; Django names it so because psycopg stays in autocommit.

        A kept connection may have died while it was idle. BEGIN is the first
        thing that would notice, and nothing is lost yet: connect again, once.
        That is cheaper than a health check before every request.
        """
        sql, self._begin_sql = self._begin_sql or "BEGIN", None
        try:
            self._execute_begin(sql)
        except OperationalError:
            if self.connection is not None and not self.connection.closed:
                raise
            self.close()
            self.connect()
            self._execute_begin(sql)

    @property
    def kept_cursor(self) -> Any:
        """The driver's own, one for the whole connection: each new one would have to find out
        again how every kind of value is sent. Fetch all of it before the next statement."""
        if self._kept_cursor is None or self._kept_cursor.connection is not self.connection:
            self._kept_cursor = self.connection.cursor()
        return self._kept_cursor

    def _execute_begin(self, sql: str) -> None:
        with self.wrap_database_errors:
            # The simple protocol: several statements, one round trip, no parameters.
            self.kept_cursor.execute(sql)
