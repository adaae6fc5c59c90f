"""Whether the system works with less than it should, and how that is said to callers."""

from django.http import HttpResponse

from core.cache.runtime import runtime
from core.jobs import pressure
from core.ops.watch import watch

CACHE_AWAY = "The cache does not answer; answers are true, and may be slower."
QUEUE_NEARLY_FULL = "A queue of jobs is nearly full; what needs one may be refused soon."


def service_message() -> str:
    """What is out; empty while everything is there."""
    parts = runtime()
    parts.listener.ensure()  # a process that only refuses so far would not know otherwise
    said = [CACHE_AWAY] if parts.is_away else []
    said += [QUEUE_NEARLY_FULL] if pressure.is_felt() else []
    return " ".join(said + watch.messages())


def say_so(response: HttpResponse) -> None:
    """Tell the caller in two headers, while it is so."""
    message = service_message()
    if message:
        response["X-Service-Status"] = "degraded"
        response["X-Service-Message"] = message
