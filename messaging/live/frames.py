"""Server-sent events as bytes. Source: HTML Living Standard, section 9.2.6."""

from typing import Any

from core.jobs.positions import shown
from core.json import dumps

RETRY_MILLISECONDS = 2_000
#: The first bytes of every stream: how long to wait before connecting again.
HELLO = f"retry: {RETRY_MILLISECONDS}\n\n".encode()


def frame(event: str, values: dict[str, Any], position: int | None = None) -> bytes:
    """One event. JSON has no line breaks, so one `data` line holds it."""
    place = f"id: {shown(position)}\n" if position is not None else ""
    return f"{place}event: {event}\ndata: ".encode() + dumps(values) + b"\n\n"


def heartbeat(position: int) -> bytes:
    """A comment, for whatever stands between; and the place, so that an idle client's is fresh."""
    return f": heartbeat\nid: {shown(position)}\n\n".encode()
