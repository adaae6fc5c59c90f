"""What is known of files that were sent with a message. The files stay where they are."""

from typing import Any

from messaging.services.imports.records import BadValue
from messaging.services.imports.values import text_of

NAME_LENGTH_MAX, KEY_LENGTH_MAX = 255, 500
ATTACHMENTS_MAX = 100
UNKNOWN_TYPE = "application/octet-stream"


def attachments_of(value: Any) -> tuple[dict[str, Any], ...]:
    """A list of {name, content_type, size, key}; `url` stands for a key that is missing."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > ATTACHMENTS_MAX:
        raise BadValue(f"attachments is no list of at most {ATTACHMENTS_MAX}")
    return tuple(_attachment(one) for one in value)


def attachment(name: str, content_type: Any, size: Any, key: str) -> dict[str, Any]:
    """As messages keep it; cut to length, because the name of a file is not what was said."""
    known = isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2**53
    return {
        "name": name[:NAME_LENGTH_MAX] or "file",
        "content_type": content_type if isinstance(content_type, str) else UNKNOWN_TYPE,
        "size": size if known else 0,
        "key": key[:KEY_LENGTH_MAX],
    }


def _attachment(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadValue("attachments holds something other than objects")
    name = text_of(value.get("name") or "file", "attachment's name")
    key = text_of(value.get("key") or value.get("url") or "", "attachment's key")
    kind = value.get("content_type") or UNKNOWN_TYPE
    return attachment(name, text_of(kind, "attachment's type", 200), value.get("size"), key)
