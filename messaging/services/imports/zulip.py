"""A Zulip export: a folder or a `.tar.gz` with realm.json and messages-*.json.

A topic of a channel becomes a thread, and so do two people's or a group's direct
messages. Who has read what is not taken over: what was said counts as read.
"""

import tarfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from core.imports import SourceUnusable
from messaging.services.imports.attachments import attachment
from messaging.services.imports.records import (
    BadValue,
    Fault,
    Person,
    Reaction,
    Record,
    Said,
    Topic,
)
from messaging.services.imports.values import emoji_named, key_of, moment_of, text_of

FILE_BYTES_MAX = 1_000_000_000
PERSONAL, CHANNEL = 1, 2
UNICODE = "unicode_emoji"
Row = dict[str, Any]


def zulip_read(path: Path, bytes_read: Callable[[int], None]) -> Iterator[Record]:
    """Every message, file after file."""
    if path.is_dir():
        yield from _Export(path).records(bytes_read)
        return
    try:
        with TemporaryDirectory(prefix="zulip-") as folder, tarfile.open(path) as archive:
            _unpack(archive, Path(folder))
            yield from _Export(Path(folder)).records(bytes_read)
    except (tarfile.TarError, EOFError) as error:
        raise SourceUnusable(f"{path} is no Zulip export: {error}.") from error
    except OSError as error:
        raise SourceUnusable(f"{path}: {error.strerror or error}.") from error


def _unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """The few files that are read, by their last name only, wherever they lie in the archive."""
    for member in archive:
        name = Path(member.name).name
        wanted = name in ("realm.json", "attachment.json") or name.startswith("messages-")
        if not (member.isfile() and wanted and name.endswith(".json")):
            continue
        if member.size > FILE_BYTES_MAX:
            raise SourceUnusable(f"{name} is larger than {FILE_BYTES_MAX:,} bytes.")
        content = archive.extractfile(member)
        with (folder / name).open("wb") as file:
            while chunk := content.read(1 << 20) if content else b"":
                file.write(chunk)


class _Export:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._realm = self._json("realm.json")
        self._channels = {row["id"]: row.get("name", "") for row in self._rows("zerver_stream")}
        self._recipients = {row["id"]: row for row in self._rows("zerver_recipient")}
        self._members: dict[Any, list[str]] = defaultdict(list)
        for row in self._rows("zerver_subscription"):
            self._members[row.get("recipient")].append(str(row.get("user_profile")))
        self._reactions: dict[Any, list[Row]] = defaultdict(list)
        for row in self._rows("zerver_reaction"):
            self._reactions[row.get("message")].append(row)
        self._files: dict[Any, list[Row]] = defaultdict(list)
        if (folder / "attachment.json").is_file():
            for row in self._json("attachment.json").get("zerver_attachment") or []:
                for message in row.get("messages") or []:
                    self._files[message].append(row)

    def records(self, bytes_read: Callable[[int], None]) -> Iterator[Record]:
        for table in ("zerver_userprofile", "zerver_userprofile_crossrealm"):
            for user in self._rows(table):
                email = user.get("delivery_email") or user.get("email") or ""
                name = user.get("full_name") or ""
                yield Person(str(user["id"]), "" if user.get("is_bot") else email, name)
        files = sorted(self._folder.glob("messages-*.json"))
        if not files:
            raise SourceUnusable("No Zulip export: it has no messages-*.json.")
        done = 0
        for file in files:
            yield from self._messages(file.name)
            done += file.stat().st_size
            bytes_read(done)

    def _messages(self, name: str) -> Iterator[Record]:
        known: set[str] = set()
        rows = self._json(name).get("zerver_message") or []
        for position, row in enumerate(rows, start=1):
            try:
                topic = self._topic(row)
                if topic.key not in known:
                    known.add(topic.key)
                    yield topic
                yield self._said(position, topic, row)
            except (BadValue, KeyError, TypeError, AttributeError) as error:
                reason = (
                    str(error) if isinstance(error, BadValue) else f"not as Zulip has it: {error!r}"
                )
                yield Fault(
                    position, name, reason, orjson.dumps(row)[:2_000].decode(errors="replace")
                )

    def _topic(self, row: Row) -> Topic:
        recipient = self._recipients.get(row.get("recipient"))
        if recipient is None:
            raise BadValue("its recipient is not in the export")
        sender = str(row["sender"])
        if recipient["type"] == CHANNEL:
            channel = self._channels.get(recipient["type_id"], str(recipient["type_id"]))
            subject = text_of(row.get("subject") or "", "subject")
            key = f"channel {recipient['type_id']} {subject}"
            return Topic(key, f"{channel} > {subject}" if subject else channel)
        if recipient["type"] == PERSONAL:
            two = sorted({sender, str(recipient["type_id"])})
            return Topic("direct " + " ".join(two), "", is_direct=True, participants=tuple(two))
        members = tuple(self._members[recipient["id"]])
        return Topic(f"group {recipient['id']}", "", participants=members or (sender,))

    def _said(self, position: int, topic: Topic, row: Row) -> Said:
        reactions, notes = self._reacted(row["id"])
        edited = row.get("last_edit_time")
        return Said(
            line=position,
            thread=topic.key,
            key=key_of(row["id"], "id"),
            sender=key_of(row["sender"], "sender"),
            moment=moment_of(row.get("date_sent"), "date_sent"),
            text=text_of(row.get("content"), "content"),
            reactions=reactions,
            attachments=tuple(
                attachment(
                    str(file.get("file_name") or ""),
                    file.get("content_type"),
                    file.get("size"),
                    f"user_uploads/{file.get('path_id', '')}",
                )
                for file in self._files[row["id"]]
            ),
            edited_at=moment_of(edited, "last_edit_time") if edited else None,
            notes=notes,
        )

    def _reacted(self, message: Any) -> tuple[tuple[Reaction, ...], tuple[str, ...]]:
        found: dict[tuple[str, str], Reaction] = {}
        notes = []
        for row in self._reactions.get(message, ()):
            known, user = _emoji(row), str(row.get("user_profile"))
            if known:
                found.setdefault((user, known), Reaction(user, known, None))
            else:
                name = str(row.get("emoji_name"))[:40]
                notes.append(f"reaction {name!r} of {user} is no emoji of Unicode")
        return tuple(found.values()), tuple(notes)

    def _rows(self, table: str) -> list[Row]:
        found = self._realm.get(table) or []
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    def _json(self, name: str) -> Row:
        try:
            found = orjson.loads((self._folder / name).read_bytes())
        except FileNotFoundError:
            raise SourceUnusable(f"No Zulip export: it has no {name}.") from None
        except orjson.JSONDecodeError as error:
            raise SourceUnusable(f"{name} is not JSON: {error}.") from error
        if not isinstance(found, dict):
            raise SourceUnusable(f"{name} is no JSON object.")
        return found


def _emoji(row: Row) -> str:
    """Zulip says an emoji by its code points, such as `1f44d` or `1f1e9-1f1ea`."""
    if row.get("reaction_type", UNICODE) != UNICODE:
        return ""
    try:
        text = "".join(chr(int(one, 16)) for one in str(row.get("emoji_code")).split("-"))
    except (ValueError, OverflowError):
        text = ""
    return (emoji_named(text) if text else "") or emoji_named(str(row.get("emoji_name")))
