"""From the values of JSON to those of messages: exact, or refused with a reason."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any

import emoji

from messaging.emojis import emoji_of
from messaging.errors import NotAnEmoji
from messaging.models.messages import BODY_LENGTH_MAX
from messaging.models.receipts import EMOJI_LENGTH_MAX
from messaging.services.imports.records import BadValue, Reaction, Receipt

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MOMENT_MIN = -(EPOCH - datetime(1, 1, 2, tzinfo=UTC)) // MICROSECOND
MOMENT_MAX = (datetime(9999, 12, 30, tzinfo=UTC) - EPOCH) // MICROSECOND
KEY_LENGTH_MAX = 500
#: The members of a message are few; a file that says otherwise is not taken by its word.
MEMBERS_MAX = 10_000
#: Numbers from here on are milliseconds, as JavaScript counts; in seconds it is the year 5138.
MILLISECONDS_SINCE = 100_000_000_000
NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
NAMES = ("id", "user", "userId", "user_id", "email")
MOMENTS = ("at", "timestamp", "readAt", "read_at", "createdAt", "created_at")


def text_of(value: Any, what: str, length_max: int = BODY_LENGTH_MAX) -> str:
    """A text that PostgreSQL can hold."""
    if not isinstance(value, str):
        raise BadValue(f"{what} is no text")
    if len(value) > length_max:
        raise BadValue(f"{what} is longer than {length_max:,} characters")
    if "\0" in value:
        raise BadValue(f"{what} holds a NUL character")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadValue(f"{what} is not UTF-8") from None
    return value


def key_of(value: Any, what: str) -> str:
    """A key of the source: a text or a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    found = text_of(value, what, KEY_LENGTH_MAX)
    if not found or "\x1f" in found:
        raise BadValue(f"{what} is empty" if not found else f"{what} holds a control character")
    return found


def moment_of(value: Any, what: str = "moment") -> int:
    """Microseconds since 1970, of ISO 8601 (without a zone: UTC) or a number of (milli)seconds."""
    found = _moment(value, what)
    if not MOMENT_MIN <= found < MOMENT_MAX:
        raise BadValue(f"{what} is not between the years 1 and 9999")
    return found


def _moment(value: Any, what: str) -> int:
    if isinstance(value, str) and NUMBER.fullmatch(value):
        whole, _, decimals = value.partition(".")
        return _scaled(int(whole), int(decimals[:6].ljust(6, "0")))
    if isinstance(value, str):
        return _iso(value, what)
    if isinstance(value, datetime):
        return microseconds(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        seconds, fraction = divmod(round(value * 1_000_000), 1_000_000)
        return _scaled(seconds, fraction)
    raise BadValue(f"{what} is missing" if value is None else f"{what} is no moment")


def optional_moment(value: Any, what: str) -> int | None:
    return None if value is None or value == "" else moment_of(value, what)


def microseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // MICROSECOND


def datetime_of(count: int) -> datetime:
    return EPOCH + timedelta(microseconds=count)


def person_key(value: Any, what: str) -> str:
    """Somebody named by a key, or by an object that has one."""
    if isinstance(value, dict):
        value = next((value[name] for name in NAMES if value.get(name) not in (None, "")), None)
    return key_of(value, what)


def receipts_of(value: Any) -> tuple[Receipt, ...]:
    """Who has read: `[user]`, `[{user, at}]`, or `{user: at}`. Each once, his first moment."""
    return tuple(
        Receipt(*one) for one in _each_once(_pairs(value, "read_by"), lambda pair: pair[0])
    )


def reactions_of(value: Any) -> tuple[tuple[Reaction, ...], tuple[str, ...]]:
    """`[{emoji, user, at}]` or `{emoji: [user]}`; and notes of what is no emoji."""
    found: list[Reaction] = []
    notes: list[str] = []
    for name, user, at in _each_once(_triples(value), lambda triple: triple[:2]):
        known = emoji_named(name)
        if known:
            found.append(Reaction(user, known, at))
        else:
            notes.append(f"reaction {name[:40]!r} of {user[:80]} is no emoji of Unicode")
    return tuple(_each_once(found, lambda one: one[:2])), tuple(notes)


@lru_cache(maxsize=8_192)
def emoji_named(name: str) -> str:
    """The emoji itself, or the one of a name such as `thumbsup`; empty if there is none."""
    spelled = name.strip(":").replace("::", ":_")  # Slack: `wave::skin-tone-2`
    candidates = [name, emoji.emojize(f":{spelled.split(':')[0]}:", language="alias")]
    for text in candidates:
        try:
            found = emoji_of(text)
        except NotAnEmoji:
            continue
        return found if len(found) <= EMOJI_LENGTH_MAX else ""
    return ""


def _iso(value: str, what: str) -> int:
    try:
        return microseconds(datetime.fromisoformat(value.strip()))
    except (ValueError, OverflowError):
        raise BadValue(
            f"{what} {value[:40]!r} is no moment" if value else f"{what} is empty"
        ) from None


def _scaled(whole: int, fraction: int) -> int:
    if abs(whole) >= MILLISECONDS_SINCE:
        return whole * 1_000
    return whole * 1_000_000 + fraction


def _pairs(value: Any, what: str) -> Iterator[tuple[str, int | None]]:
    if value is None:
        return
    if isinstance(value, dict):
        for user, at in _limited(value.items(), what):
            at = _first(at, MOMENTS) if isinstance(at, dict) else at
            at = None if at is True else at
            yield key_of(user, what), optional_moment(at, what)
    elif isinstance(value, list):
        for one in _limited(value, what):
            at = _first(one, MOMENTS) if isinstance(one, dict) else None
            yield person_key(one, what), optional_moment(at, what)
    else:
        raise BadValue(f"{what} is neither a list nor an object")


def _triples(value: Any) -> Iterator[tuple[str, str, int | None]]:
    what = "reactions"
    if value is None:
        return
    if isinstance(value, dict):
        for name, users in _limited(value.items(), what):
            for user, at in _pairs(users if isinstance(users, list | dict) else [users], what):
                yield key_of(name, what), user, at
    elif isinstance(value, list):
        for one in _limited(value, what):
            if not isinstance(one, dict):
                raise BadValue(f"{what} holds {type(one).__name__} instead of an object")
            at = optional_moment(_first(one, MOMENTS), what)
            yield key_of(one.get("emoji"), what), person_key(_person(one), what), at
    else:
        raise BadValue(f"{what} is neither a list nor an object")


def _person(one: dict[str, Any]) -> Any:
    return _first(one, ("user", "userId", "user_id", "by"))


def _first(one: dict[str, Any], names: Iterable[str]) -> Any:
    return next((one[name] for name in names if one.get(name) is not None), None)


def _limited(values: Any, what: str) -> Any:
    if len(values) > MEMBERS_MAX:
        raise BadValue(f"{what} has more than {MEMBERS_MAX:,} entries")
    return values


def _each_once(values: Iterable[Any], key: Any) -> list[Any]:
    found: dict[Any, Any] = {}
    for value in values:
        found.setdefault(key(value), value)
    return list(found.values())
