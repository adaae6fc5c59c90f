"""A Slack export: a `.zip` with the channels, the users, and a file for each channel and day.

A channel becomes a thread, and a reply in one of its threads answers the message
that the thread began with. The format: slack.com/help/articles/220556107.
"""

import re
import zipfile
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
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

#: Of one file of the export when unpacked: a day of a channel.
FILE_BYTES_MAX = 256_000_000
LISTS = ("channels.json", "groups.json", "dms.json", "mpims.json")
DIRECT = "dms.json"
#: What people said; every other subtype is a notice about the channel.
SPOKEN = {"", "bot_message", "me_message", "file_share", "file_comment", "thread_broadcast",
          "reply_broadcast", "bot_add", "reminder_add"}  # fmt: skip
DELETED = "tombstone"
LINK = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
DAY_FILE = re.compile(r"(.+)/(\d{4}-\d{2}-\d{2})\.json")


def slack_read(path: Path, bytes_read: Callable[[int], None]) -> Iterator[Record]:
    """Every message of every channel, day after day."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _Export(archive, path).records(bytes_read)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise SourceUnusable(f"{path} is no Slack export: {error}.") from error
    except OSError as error:
        raise SourceUnusable(f"{path}: {error.strerror or error}.") from error


class _Export:
    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive, self._path = archive, path
        self._files = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        self._names: dict[str, str] = {}
        self._channels: dict[str, str] = {}

    def records(self, bytes_read: Callable[[int], None]) -> Iterator[Record]:
        if "users.json" not in self._files:
            raise SourceUnusable(f"{self._path} is no Slack export: it has no users.json.")
        for user in self._list("users.json"):
            yield self._person(user)
        for name in LISTS:
            if name in self._files:
                yield from self._topics(name)
        done = 0
        for name in sorted(self._files):
            found = DAY_FILE.fullmatch(name)
            if found and found[1] in self._channels:
                yield from self._day(name, self._channels[found[1]])
            done += self._files[name].compress_size
            bytes_read(done)

    def _list(self, name: str) -> list[dict[str, Any]]:
        """The objects of a file that the export cannot do without."""
        if self._files[name].file_size > FILE_BYTES_MAX:
            raise SourceUnusable(f"{self._path}: {name} is larger than {FILE_BYTES_MAX:,} bytes.")
        try:
            found = orjson.loads(self._archive.read(name))
        except orjson.JSONDecodeError as error:
            raise SourceUnusable(f"{self._path}: {name} is not JSON: {error}.") from error
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def _person(self, user: dict[str, Any]) -> Person:
        profile = user.get("profile") or {}
        name = profile.get("real_name") or user.get("real_name") or user.get("name") or ""
        key = key_of(user.get("id"), "id of a user")
        self._names[key] = profile.get("display_name") or name or key
        email = "" if user.get("is_bot") else profile.get("email") or ""
        return Person(key, email, _clean(name))

    def _topics(self, list_name: str) -> Iterator[Topic]:
        for channel in self._list(list_name):
            key = key_of(channel.get("id"), "id of a channel")
            name = channel.get("name") or key
            self._channels[name] = self._channels[key] = key
            self._names[key] = name
            members = [one for one in channel.get("members") or [] if isinstance(one, str)]
            yield Topic(key, _clean(name), list_name == DIRECT, tuple(filter(None, members)))

    def _day(self, name: str, channel: str) -> Iterator[Record]:
        try:
            if self._files[name].file_size > FILE_BYTES_MAX:
                raise BadValue(f"larger than {FILE_BYTES_MAX:,} bytes")
            messages = orjson.loads(self._archive.read(name))
            if not isinstance(messages, list):
                raise BadValue("no list of messages")
        except (orjson.JSONDecodeError, zipfile.BadZipFile, BadValue) as error:
            yield Fault(1, name, f"this day cannot be read: {error}", "")
            return
        for position, value in enumerate(messages, start=1):
            try:
                yield from self._message(position, name, channel, value)
            except BadValue as error:
                yield Fault(position, name, str(error), _shown(value))

    def _message(self, position: int, name: str, channel: str, value: Any) -> Iterator[Record]:
        if not isinstance(value, dict):
            raise BadValue("no JSON object")
        subtype = value.get("subtype") or ""
        if subtype not in SPOKEN and subtype != DELETED:
            reason = f"a notice of the channel: {subtype}"
            yield Fault(position, name, reason, _shown(value), "set aside")
            return
        sender = value.get("user") or value.get("bot_id") or value.get("username")
        moment = moment_of(value.get("ts"), "ts")
        if sender not in self._names and value.get("username"):
            yield Person(key_of(sender, "user"), "", _clean(value["username"]))
        key, parent = key_of(value.get("ts"), "ts"), value.get("thread_ts") or ""
        reactions, notes = _reactions(value.get("reactions"))
        edited = (value.get("edited") or {}).get("ts")
        yield Said(
            line=position,
            thread=channel,
            key=key,
            sender=key_of(sender, "user"),
            moment=moment,
            text=text_of(self._text(value.get("text") or ""), "text"),
            reply_to=parent if parent != key else "",
            reactions=reactions,
            attachments=tuple(_files(value.get("files"))),
            edited_at=moment_of(edited, "edited") if edited else None,
            deleted_at=moment if subtype == DELETED else None,
            notes=notes,
        )

    def _text(self, text: Any) -> str:
        """Slack's marks for people, channels and links, as one would read them."""
        if not isinstance(text, str):
            raise BadValue("text is no text")
        return unescape(LINK.sub(self._mark, text)) if "<" in text or "&" in text else text

    def _mark(self, found: re.Match[str]) -> str:
        target, label = found[1], found[2]
        if target[0] in "@#":
            return target[0] + (label or self._names.get(target[1:], target[1:]))
        if target[0] == "!":
            return label or "@" + target[1:].split("^")[0]
        return f"{label} ({target})" if label and label not in target else target


def _reactions(value: Any) -> tuple[tuple[Reaction, ...], tuple[str, ...]]:
    found: dict[tuple[str, str], Reaction] = {}
    notes = []
    for one in value if isinstance(value, list) else []:
        name = str(one.get("name", "")) if isinstance(one, dict) else ""
        known = emoji_named(name)
        if not known:
            notes.append(f"reaction {name[:40]!r} is no emoji of Unicode")
            continue
        for user in one.get("users") or []:
            found.setdefault((str(user), known), Reaction(key_of(user, "reactions"), known, None))
    return tuple(found.values()), tuple(notes)


def _files(value: Any) -> Iterator[dict[str, Any]]:
    for one in value if isinstance(value, list) else []:
        if isinstance(one, dict):
            link = one.get("url_private") or one.get("permalink") or one.get("id") or ""
            name = one.get("name") or one.get("title") or "file"
            yield attachment(_clean(name), one.get("mimetype"), one.get("size"), _clean(link))


def _clean(value: Any) -> str:
    """A name: what PostgreSQL cannot hold is left out of it."""
    text = value if isinstance(value, str) else ""
    return text.replace("\0", "").encode(errors="replace").decode()


def _shown(value: Any) -> str:
    return orjson.dumps(value)[:2_000].decode(errors="replace")
