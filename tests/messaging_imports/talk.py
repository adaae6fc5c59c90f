"""What the tests of imports share: files of JSON Lines, and what is in the tables afterwards."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from core.tenancy.context import Context
from core.tenancy.transactions import query
from messaging.models import Message, MessageReaction, MessageRead, Participant, Thread
from messaging.services.imports.messages import Origin, messages_import
from messaging.services.imports.report import Summary
from tests.cast import Company

START = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)
RATINGS = {"witty": "😄", "interesting": "🤔", "upbeat": "🎉"}


class Import:
    """A company, a file for it and the report of the last run."""

    def __init__(self, company: Company, folder: Path, form: str = "jsonl") -> None:
        self.company, self.ctx, self.form = company, company.ctx(), form
        self.file, self.report = folder / "talk.jsonl", folder / "refused.csv"

    def write(self, *lines: dict[str, Any] | str | bytes) -> "Import":
        """A file of these lines; what is no object is taken as it stands."""
        with self.file.open("wb") as file:
            for line in lines:
                raw = json.dumps(line) if isinstance(line, dict) else line
                file.write((raw if isinstance(raw, bytes) else raw.encode()) + b"\n")
        return self

    def run(self, path: Path | None = None, **changes: Any) -> Summary:
        origin = Origin(path or self.file, self.form, changes.pop("name", "talk"), **changes)
        return messages_import(self.ctx, origin=origin, report_path=self.report)

    @property
    def reported(self) -> list[dict[str, str]]:
        with self.report.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    @property
    def reasons(self) -> dict[int, str]:
        return {int(row["line"]): row["reason"] for row in self.reported}


def said(n: int, **changes: Any) -> dict[str, Any]:
    """Message `n` of a thread, a minute after the one before; None leaves a field out."""
    values = {
        "thread": "lunch",
        "id": f"m{n}",
        "sender": "ann" if n % 2 else "ben",
        "moment": (START + timedelta(minutes=n)).isoformat(),
        "text": f"text {n}",
    }
    return {name: value for name, value in (values | changes).items() if value is not None}


@query
def everything(ctx: Context) -> Counter[str]:
    models = (Thread, Participant, Message, MessageRead, MessageReaction)
    return Counter({model.__name__: model.objects.count() for model in models})


@query
def texts(ctx: Context) -> list[str]:
    return list(Message.objects.order_by("thread_id", "id").values_list("body", flat=True))


@query
def messages(ctx: Context) -> list[Message]:
    return list(Message.objects.select_related("sender", "thread").order_by("thread_id", "id"))


@query
def threads(ctx: Context) -> list[Thread]:
    return list(Thread.objects.order_by("created_at", "id"))


@query
def participants(ctx: Context) -> dict[str, Participant]:
    return {one.user.name: one for one in Participant.objects.select_related("user")}


@query
def reactions(ctx: Context) -> Counter[tuple[UUID, str]]:
    return Counter(MessageReaction.objects.values_list("message_id", "emoji"))


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def chitchat(folder: Path, messages: str, threads: str) -> Iterator[dict[str, Any]]:
    """The talks as the import wants them; each rating is a reaction to the last message."""
    about = {row["thread"]: row for row in rows_of(folder / threads)}
    for row in about.values():
        yield {
            "type": "thread",
            "thread": row["thread"],
            "subject": row["prompt"] or "",
            "participants": row["participants"],
        }
    for row in rows_of(folder / messages):
        thread = about[row["thread"]]
        is_last = row["n"] == thread["messages"] - 1
        ratings = (thread["ratings"] or {}) if is_last else {}
        by = thread["participants"][0]
        yield {
            "thread": row["thread"],
            "id": row["n"],
            "sender": row["sender"],
            "moment": row["ts"],
            "text": row["text"],
            "reactions": [{"emoji": RATINGS[name], "user": by} for name in ratings],
        }


def irc(path: Path) -> Iterator[dict[str, Any]]:
    """A log is a thread. A message answers the first of those that it was found to answer."""
    logs: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(path):
        logs.setdefault(row["log"], []).append(row)
    for log, rows in logs.items():
        spoken = {row["n"] for row in rows if row["kind"] != "system"}
        for row in rows:
            if row["n"] not in spoken:
                continue
            answered = [n for n in row.get("reply_to", ()) if n in spoken and n != row["n"]]
            yield {
                "thread": log,
                "id": row["n"],
                "sender": row["sender"],
                "moment": row["ts"],
                "text": row["text"],
                "reply_to": answered[0] if answered else None,
            }


def dump(rows: Iterable[dict[str, Any]], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            count += 1
            file.write(json.dumps(row) + "\n")
    return count
