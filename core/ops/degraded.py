"""Whether the system works with less than it should, and how that is said to callers."""

from django.http import HttpResponse

from core.cache.runtime import runtime

CACHE_AWAY = "The cache does not answer; answers are true, and may be slower."


def service_message() -> str:
    """What is out; empty while everything is there."""
    parts = runtime()
    parts.listener.ensure()  # a process that only refuses so far would not know otherwise
    return CACHE_AWAY if parts.is_away else ""


def say_so(response: HttpResponse) -> None:
    """Tell the caller in two headers, while it is so."""
    message = service_message()
    if message:
        response["X-Service-Status"] = "degraded"
        response["X-Service-Message"] = message
