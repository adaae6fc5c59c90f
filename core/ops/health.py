"""`/healthz`: the process lives. `/readyz`: each thing it depends on, by name."""

from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from core.jobs import pressure
from core.jobs.selectors import lines, longest_line
from core.ops.watch import broker_ask, has_broker, months_ahead_few

#: Longer, and no worker seems to be there.
JOB_WAITS_SECONDS_MAX = 60


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 while the database answers; `degraded` names what is out besides it."""
    states = {name: _state(check) for name, check in CHECKS.items()}
    if states["database"] != "ok":
        return JsonResponse({"status": "unavailable", "checks": states}, status=503)
    degraded = any(state not in ("ok", "disabled") for state in states.values())
    return JsonResponse({"status": "degraded" if degraded else "ok", "checks": states})


def _state(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:  # noqa: BLE001  whatever it is, it is the answer
        return f"failed: {type(error).__name__}"


def _database() -> str:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(waiting)} not applied" if waiting else "ok"


def _cache() -> str:
    if settings.REDIS_URL == "disabled":
        return "disabled"
    cache.get("readyz")
    return "ok"


def _broker() -> str:
    if not has_broker():
        return "disabled"
    broker_ask()
    return "ok"


def _partitions() -> str:
    few = months_ahead_few()
    return "ok" if few is None else f"{few} months ahead"


def _queues() -> str:
    waiting = longest_line()
    if pressure.is_high(waiting):
        pressure.note(waiting)
        return f"{waiting} of {settings.QUEUE_LIMIT} wait"
    oldest = max(line.oldest_seconds for line in lines())
    return "ok" if oldest < JOB_WAITS_SECONDS_MAX else f"the oldest job waits {oldest:.0f} s"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "cache": _cache,
    "broker": _broker,
    "partitions": _partitions,
    "queues": _queues,
}
