"""`@command` and `@query`: the only two ways to tenant data.

The outermost call opens the transaction and sets its tenant in the same round
trip as BEGIN; nested calls of the same tenant join it, of another are refused.
"""

import functools
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar
from uuid import UUID

import structlog
from django.db import DatabaseError, IntegrityError, connections, transaction

from core.errors import DomainError, OperationTimeout, ServiceUnavailable
from core.refusals import refusal_of
from core.tenancy.context import Context
from core.tenancy.router import read_alias, write_alias
from core.tenancy.scope import (
    OutsideTransaction,
    Scope,
    TenantSwitched,
    WriteInQuery,
    current_scope,
)

P = ParamSpec("P")
R = TypeVar("R")
Service = Callable[Concatenate[Context, P], R]
Parameters = Sequence[Any] | Mapping[str, Any]

BACKOFF_SECONDS = 0.02
LOCK_NOT_AVAILABLE = "55P03"
#: SQLSTATE to the number of attempts: serialization failure, deadlock, lock timeout.
ATTEMPTS_MAX = {"40001": 3, "40P01": 3, LOCK_NOT_AVAILABLE: 2}
#: Lock, statement, whole transaction, idle in transaction.
TIMED_OUT = {LOCK_NOT_AVAILABLE, "57014", "25P04", "25P03"}

log = structlog.get_logger(__name__)


def command(function: Service[P, R]) -> Service[P, R]:
    """Run `function(ctx, ...)` in a transaction of `ctx`'s tenant, whole or not at all.

    Retried from the start, at most 3 times and jittered, on a serialization
    failure, a deadlock or a lock that did not come in time; so it must have no
    effect outside the database.
    """
    return _transactional(function, read_only=False)


def query(function: Service[P, R]) -> Service[P, R]:
    """Run `function(ctx, ...)` in a read-only transaction, on the replica where there is one."""
    return _transactional(function, read_only=True)


def rehearse(ctx: Context, work: Callable[[], R]) -> R:
    """Run `work` whole in one transaction, roll it back, and return what it returned."""
    if current_scope.get() is not None:
        raise RuntimeError("A rehearsal cannot roll back the transaction that it is part of.")

    @command
    def _rehearsal(ctx: Context) -> NoReturn:
        raise _Rehearsed(work())

    try:
        _rehearsal(ctx)
    except _Rehearsed as done:
        result: R = done.result
        return result


@contextmanager
def staff_transaction(ctx: Context, *, read_only: bool) -> Iterator[None]:
    """One transaction around a page of the staff console.

    Commands inside it become savepoints, so that an action that fails on one
    record leaves that record whole and the page alive.
    """
    with _transaction(ctx, "console", read_only=read_only, nested_savepoints=True):
        yield


def tenant_cursor() -> Any:
    """A cursor of the open transaction, for statements that live in `.sql` files."""
    scope = current_scope.get()
    if scope is None:
        raise OutsideTransaction
    return connections[scope.alias].cursor()


def tenant_rows(sql: str, values: Parameters) -> list[Any]:
    """All rows of a statement in the open transaction, past Django's cursor.

    For what many requests do and that gives few rows: the cursor costs a third of what
    binding and sending does. Whoever counts statements sees this one as any other.
    """
    scope = current_scope.get()
    if scope is None:
        raise OutsideTransaction
    connection: Any = connections[scope.alias]
    if connection.queries_logged or connection.execute_wrappers:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            rows: list[Any] = cursor.fetchall()
    else:
        connection.validate_no_broken_transaction()
        with connection.wrap_database_errors:
            rows = connection.kept_cursor.execute(sql, values).fetchall()
    return rows


def tenant_row(sql: str, values: Parameters) -> Any:
    """The one row of such a statement; None where there is none."""
    rows = tenant_rows(sql, values)
    return rows[0] if rows else None


def say_again(ctx: Context, operation: str) -> None:
    """Part of a command: from here on the audit log is told this of who does what, and why."""
    with tenant_cursor() as cursor:
        cursor.execute(_said_sql(ctx, operation).replace("%", "%%"), [])


@contextmanager
def planned_for_values() -> Iterator[None]:
    """Statements of the block are planned for their values, not once for all.

    For those where a plan that knows no value is a bad one: a search for a word, which may be
    in every row or in none.
    """
    scope = current_scope.get()
    if scope is None:
        raise OutsideTransaction
    connection: Any = connections[scope.alias].connection
    threshold, connection.prepare_threshold = connection.prepare_threshold, None
    try:
        yield
    finally:
        connection.prepare_threshold = threshold


class _Rehearsed(Exception):
    def __init__(self, result: Any) -> None:
        self.result = result


def _transactional(function: Service[P, R], *, read_only: bool) -> Service[P, R]:
    operation = _operation_name(function.__name__, read_only)

    @functools.wraps(function)
    def run(ctx: Context, /, *args: P.args, **kwargs: P.kwargs) -> R:
        scope = current_scope.get()
        call = functools.partial(function, ctx, *args, **kwargs)
        try:
            if scope is None:
                return _outermost(ctx, call, operation, read_only)
            return _nested(ctx, call, scope, operation, read_only)
        except (DomainError, DatabaseError) as error:
            # The outermost public service is the one that was asked for, so it has the last word.
            if not operation.startswith("_"):
                error.operation = operation  # type: ignore[union-attr]
            raise

    return run


def _operation_name(function_name: str, read_only: bool) -> str:
    """`document_post` becomes `document.post`; selectors and private commands keep their name."""
    if read_only or function_name.startswith("_"):
        return function_name
    return ".".join(function_name.rsplit("_", 1))


def _nested(
    ctx: Context, call: Callable[[], R], scope: Scope, operation: str, read_only: bool
) -> R:
    if scope.tenant_id != ctx.tenant_id:
        raise TenantSwitched(scope.tenant_id, ctx.tenant_id)
    if read_only:
        return call()
    if scope.read_only:
        raise WriteInQuery(operation)
    if scope.nested_savepoints:
        with _refusals(), transaction.atomic(using=scope.alias):
            return call()
    return call()


def _outermost(ctx: Context, call: Callable[[], R], operation: str, read_only: bool) -> R:
    attempt = 1
    while True:
        try:
            with _refusals(), _transaction(ctx, operation, read_only=read_only):
                return call()
        except DatabaseError as error:
            state = sqlstate(error)
            if attempt >= ATTEMPTS_MAX.get(state, 1):
                _give_up(error, state, operation)
            log.info("transaction_retried", operation=operation, sqlstate=state, attempt=attempt)
        time.sleep(BACKOFF_SECONDS * attempt * (0.5 + random.random()))  # noqa: S311  jitter only
        attempt += 1


@contextmanager
def _transaction(
    ctx: Context, operation: str, *, read_only: bool, nested_savepoints: bool = False
) -> Iterator[None]:
    # A staff page shows what the one before it has just done: no replica, which lags.
    alias = read_alias() if read_only and not nested_savepoints else write_alias()
    scope = Scope(ctx.tenant_id, alias, read_only, nested_savepoints)
    connection: Any = connections[alias]
    connection.begin_with(_begin_sql(ctx, operation, read_only))
    try:
        with transaction.atomic(using=alias, durable=True):
            token = current_scope.set(scope)
            try:
                yield
            finally:
                current_scope.reset(token)
    finally:
        # Where it never began, the next transaction must not begin as this tenant's.
        connection.begin_with(None)


def _begin_sql(ctx: Context, operation: str, read_only: bool) -> str:
    """BEGIN, the tenant, and for a write who does what, in one round trip.

    A literal rather than `set_config()`, which a sharded database does not
    propagate; `UUID()` guarantees what is written into it.
    """
    tenant = f"SET LOCAL app.tenant_id = '{UUID(str(ctx.tenant_id))}'"
    if read_only:
        return f"BEGIN READ ONLY; {tenant}"
    return f"BEGIN; {tenant}; {_said_sql(ctx, operation)}"


def _said_sql(ctx: Context, operation: str) -> str:
    said = ctx.said(operation.lstrip("_")).replace("'", "''")
    return f"SET LOCAL app.audit = '{said}'"


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn a constraint's or trigger's refusal into the readable error of its rule."""
    try:
        yield
    except IntegrityError as error:
        raise refusal_of(error) from error


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE that PostgreSQL gave, or an empty string."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def _give_up(error: DatabaseError, state: str, operation: str) -> NoReturn:
    if operation.startswith("_"):
        operation = getattr(error, "operation", operation)
    if state in TIMED_OUT:
        message = f"{operation} did not finish within its time limit; nothing was changed."
        raise OperationTimeout(message) from error
    if state in ATTEMPTS_MAX:
        message = f"{operation} met too many concurrent changes; nothing was changed."
        raise ServiceUnavailable(message) from error
    raise error
