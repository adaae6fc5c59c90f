"""Messages on their way, in a file of SQLite: sorted, each once, replies resolved.

Holds what does not fit into memory. Threads and persons are counted in thousands
and stay in memory, by number.
"""

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, NamedTuple

import orjson

from messaging.services.imports.ids import (
    PLACES_MAX,
    SEPARATOR,
    digest,
    hash_of,
    imported_id,
    spool_key,
)
from messaging.services.imports.records import Fault, Person, Said, Topic
from messaging.services.imports.values import datetime_of

ROWS_AT_ONCE = 5_000
SQL = Path(__file__).parent / "sql"
TABLES_SQL = (SQL / "spool_tables.sql").read_text(encoding="utf-8")
PLACE_SQL = (SQL / "spool_place.sql").read_text(encoding="utf-8")
DUPLICATES_SQL = (SQL / "spool_duplicates.sql").read_text(encoding="utf-8")
ORDERED_SQL = (SQL / "spool_ordered.sql").read_text(encoding="utf-8")
#: SQLite takes the other columns from the row that has the minimum.
BEGINNINGS_SQL = "SELECT thread, min(moment), sender FROM message GROUP BY thread ORDER BY thread"
INSERT_SQL = "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Placed(NamedTuple):
    """A message with its id. `thread` and `sender` are numbers of the spool."""

    line: int
    id: Any
    thread: int
    sender: int
    moment: int
    text: str
    reply_id: Any
    #: It answers a message that the source does not have.
    is_reply_lost: bool
    reactions: list[list[Any]]
    receipts: list[list[Any]]
    attachments: list[dict[str, Any]]
    edited_at: int | None
    deleted_at: int | None


class Spool:
    """Open while an import runs; its file is gone afterwards."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.topics: dict[str, Topic] = {}
        self.persons: dict[str, Person] = {}
        self.threads: dict[str, int] = {}
        self.people: dict[str, int] = {}
        #: Numbers of the threads whose source knows who has read what.
        self.read_threads: set[int] = set()
        self._folder = TemporaryDirectory(prefix="import-")
        self._database = sqlite3.connect(Path(self._folder.name) / "spool", isolation_level=None)
        self._database.executescript(TABLES_SQL)
        self._waiting: list[tuple[Any, ...]] = []
        self.messages = 0

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()
        self._folder.cleanup()

    def person(self, person: Person) -> None:
        """What is said later of somebody is kept where something was missing."""
        before = self.persons.get(person.key, person)
        self.persons[person.key] = Person(
            person.key, before.email or person.email, before.name or person.name
        )

    def topic(self, topic: Topic) -> None:
        self.topics.setdefault(topic.key, topic)
        for key in topic.participants:
            _number(self.people, key)

    def message(self, said: Said) -> None:
        thread = _number(self.threads, said.thread)
        if said.knows_readers:
            self.read_threads.add(thread)
        identity = (said.key,) if said.key else (said.sender, str(said.moment), said.text)
        found = digest(self.name, said.thread, "id" if said.key else "said", *identity)
        answered = digest(self.name, said.thread, "id", said.reply_to) if said.reply_to else None
        self._waiting.append(
            (
                said.line,
                thread,
                spool_key(found),
                bool(said.key),
                answered and spool_key(answered),
                said.moment,
                hash_of(found),
                _number(self.people, said.sender),
                said.text,
                said.key,
                self._rest(said),
            )
        )
        self.messages += 1
        if len(self._waiting) >= ROWS_AT_ONCE:
            self._flush()

    def sort(self) -> list[Fault]:
        """Once, when everything is in; returns the messages whose key another one had before."""
        self._flush()
        self._database.executescript(PLACE_SQL)
        found = self._database.execute(DUPLICATES_SQL, {"places": PLACES_MAX})
        return [Fault(line, key, reason, text) for line, key, reason, text in found]

    def ordered(self) -> Iterator[Placed]:
        """Thread after thread, each by moment and then in the order of the source."""
        found = self._database.execute(ORDERED_SQL, {"places": PLACES_MAX})
        found.arraysize = ROWS_AT_ONCE
        for row in found:
            yield _placed(row)

    def beginnings(self) -> list[tuple[int, int, int]]:
        """Of every thread: its number, its first moment, and who spoke then."""
        return list(self._database.execute(BEGINNINGS_SQL))

    def months(self) -> list[datetime]:
        """A moment in each month that has messages."""
        found = self._database.execute(
            "SELECT min(moment) FROM message"
            " GROUP BY strftime('%Y-%m', moment / 1000000, 'unixepoch')"
        )
        return [datetime_of(moment) for (moment,) in found]

    def _rest(self, said: Said) -> bytes | None:
        """What few messages have."""
        for user, _ in said.receipts:
            _number(self.people, user)
        for user, _, _ in said.reactions:
            _number(self.people, user)
        rest = (
            [[self.people[user], emoji, at] for user, emoji, at in said.reactions],
            [[self.people[user], at] for user, at in said.receipts],
            said.attachments,
            said.edited_at,
            said.deleted_at,
        )
        return orjson.dumps(rest) if any(rest) or said.deleted_at is not None else None

    def _flush(self) -> None:
        self._database.execute("BEGIN")
        self._database.executemany(INSERT_SQL, self._waiting)
        self._database.execute("COMMIT")
        self._waiting.clear()


def _number(numbers: dict[str, int], key: str) -> int:
    return numbers.setdefault(key, len(numbers))


def _placed(row: tuple[Any, ...]) -> Placed:
    (line, thread, hashed, keyed, occurrence, place, moment, sender, text, rest, answers,
     reply_moment, reply_place, reply_hash) = row  # fmt: skip
    if not keyed and occurrence > 1:
        # The same words of the same person at the same moment, said twice.
        hashed = hash_of(digest(str(hashed), SEPARATOR, str(occurrence)))
    reactions, receipts, attachments, edited_at, deleted_at = (
        orjson.loads(rest) if rest else ([], [], [], None, None)
    )
    reply = None
    if reply_moment is not None:
        reply = imported_id(reply_moment, reply_place, reply_hash)
    return Placed(
        line,
        imported_id(moment, place, hashed),
        thread,
        sender,
        moment,
        text,
        reply,
        answers is not None and reply is None,
        reactions,
        receipts,
        attachments,
        edited_at,
        deleted_at,
    )
