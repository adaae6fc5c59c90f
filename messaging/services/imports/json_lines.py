"""JSON Lines: one object a line, `.jsonl` or `.jsonl.gz`. docs/import-messages.md has the shape."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from core.imports import SourceUnusable
from messaging.services.imports.attachments import attachments_of
from messaging.services.imports.records import (
    BadValue,
    Fault,
    Person,
    Record,
    Said,
    Topic,
)
from messaging.services.imports.values import (
    KEY_LENGTH_MAX,
    key_of,
    moment_of,
    optional_moment,
    person_key,
    reactions_of,
    receipts_of,
    text_of,
)

#: A message has at most 20,000 characters; the rest is room for receipts and reactions.
LINE_BYTES_MAX = 4_000_000
SHOWN = 2_000
BOM = b"\xef\xbb\xbf"
#: Told how many bytes of the file were read.
BytesRead = Callable[[int], None]


def json_lines_read(path: Path, bytes_read: BytesRead) -> Iterator[Record]:
    """Every line as a record or a fault; blank lines left out."""
    try:
        with path.open("rb") as file:
            content: Any = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
            for number, line in _lines(content):
                yield from _records(number, line)
                if number % 10_000 == 0:
                    bytes_read(file.tell())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceUnusable(f"{path} is damaged: {error}.") from error
    except OSError as error:
        raise SourceUnusable(f"{path}: {error.strerror or error}.") from error


def _lines(content: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers. What is too long is cut, and its rest skipped, not held."""
    number = 0
    while line := content.readline(LINE_BYTES_MAX + 1):
        number += 1
        if len(line) > LINE_BYTES_MAX:
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = content.readline(LINE_BYTES_MAX)
        yield number, line.removeprefix(BOM) if number == 1 else line


def _records(number: int, line: bytes) -> Iterator[Record]:
    if line.isspace():
        return
    if len(line) > LINE_BYTES_MAX:
        yield _fault(number, line, f"longer than {LINE_BYTES_MAX:,} bytes")
        return
    try:
        yield from _read(number, orjson.loads(line))
    except orjson.JSONDecodeError as error:
        yield _fault(number, line, _why(line, error))
    except BadValue as error:
        yield _fault(number, line, str(error))


def _why(line: bytes, error: Exception) -> str:
    try:
        line.decode()
    except UnicodeDecodeError:
        return "not UTF-8"
    return f"not JSON: {error}"


def _fault(number: int, line: bytes, reason: str) -> Fault:
    return Fault(number, "", reason, line[:SHOWN].decode("utf-8", "backslashreplace"))


def _read(number: int, value: Any) -> Iterator[Record]:
    if not isinstance(value, dict):
        raise BadValue("no JSON object")
    kind = value.get("type", "message")
    if kind == "message":
        yield from _message(number, value)
    elif kind == "thread":
        yield from _topic(value)
    elif kind == "person":
        yield _person(value)
    else:
        raise BadValue(f"type {str(kind)[:40]!r} is none of message, thread, person")


def _message(number: int, value: dict[str, Any]) -> Iterator[Record]:
    sender = value.get("sender")
    if isinstance(sender, dict):
        yield _person(sender)
    reactions, notes = reactions_of(value.get("reactions"))
    deleted_at = optional_moment(value.get("deleted_at"), "deleted_at")
    yield Said(
        line=number,
        thread=key_of(value.get("thread"), "thread"),
        key=key_of(value["id"], "id") if value.get("id") is not None else "",
        sender=person_key(sender, "sender"),
        moment=moment_of(value.get("moment")),
        text=text_of(value.get("text", "" if deleted_at is not None else None), "text"),
        reply_to=key_of(value["reply_to"], "reply_to") if value.get("reply_to") is not None else "",
        reactions=reactions,
        receipts=receipts_of(value.get("read_by")),
        attachments=attachments_of(value.get("attachments")),
        edited_at=optional_moment(value.get("edited_at"), "edited_at"),
        deleted_at=deleted_at,
        knows_readers="read_by" in value,
        notes=notes,
    )


def _topic(value: dict[str, Any]) -> Iterator[Record]:
    participants = value.get("participants") or []
    if not isinstance(participants, list):
        raise BadValue("participants is no list")
    for one in participants:
        if isinstance(one, dict):
            yield _person(one)
    yield Topic(
        key=key_of(value.get("thread"), "thread"),
        subject=text_of(value.get("subject") or "", "subject"),
        is_direct=value.get("kind") == "direct",
        participants=tuple(person_key(one, "participants") for one in participants),
    )


def _person(value: dict[str, Any]) -> Person:
    return Person(
        key=person_key(value, "person"),
        email=text_of(value.get("email") or "", "email", KEY_LENGTH_MAX),
        name=text_of(value.get("name") or "", "name", KEY_LENGTH_MAX),
    )
