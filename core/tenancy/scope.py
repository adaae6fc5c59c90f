"""The open transaction's tenant, as seen by managers, field defaults and the router.

Set only by `core.tenancy.transactions`. It is a convenience, not the guard:
row-level security stands behind it.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import UUIDField, Value


@dataclass(frozen=True, slots=True)
class Scope:
    tenant_id: UUID
    alias: str
    read_only: bool
    nested_savepoints: bool
    #: Cache namespaces that this transaction has changed; it does not read them from a cache.
    bumped: set[str] = field(default_factory=set)


current_scope: ContextVar[Scope | None] = ContextVar("current_scope", default=None)


class OutsideTransaction(RuntimeError):
    """Tenant data was touched outside `@command` and `@query`."""

    def __init__(self) -> None:
        super().__init__("Tenant data is reached only inside @command or @query.")


class TenantSwitched(RuntimeError):
    """A transaction belongs to one tenant; a call for another one was nested in it."""

    def __init__(self, open_for: UUID, asked_for: UUID) -> None:
        super().__init__(f"The open transaction belongs to {open_for}, not to {asked_for}.")


class WriteInQuery(RuntimeError):
    """A `@command` was called inside a `@query`."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} writes, and was called inside a read-only query.")


def current_tenant_id() -> UUID | None:
    """Default of every tenant column; None outside a transaction, which the database refuses."""
    scope = current_scope.get()
    return scope.tenant_id if scope else None


class CurrentTenant(Value):
    """The tenant of the transaction that runs the statement, as a literal.

    Resolved when the SQL is compiled, so a queryset may be built anywhere (a
    form, a class body) and still fails closed when it runs out of scope.
    """

    def __init__(self) -> None:
        super().__init__(None, output_field=UUIDField())

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        scope = current_scope.get()
        if scope is None:
            raise OutsideTransaction
        return "%s", [scope.tenant_id]
