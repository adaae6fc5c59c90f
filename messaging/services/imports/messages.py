"""Import of conversations: read into a spool, then written thread by thread in batches."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from uuid import UUID

from core.partitions.services import partitions_ensure
from core.tenancy.context import Context
from messaging.services.imports.batches import Batch, Cursor, Line, messages_write
from messaging.services.imports.json_lines import json_lines_read
from messaging.services.imports.people import people_ensure
from messaging.services.imports.records import Fault, Person, Record, Said, Topic
from messaging.services.imports.report import Progress, Report, Summary, no_progress
from messaging.services.imports.slack import slack_read
from messaging.services.imports.spool import Placed, Spool
from messaging.services.imports.threads import Beginning, threads_ensure
from messaging.services.imports.values import microseconds
from messaging.services.imports.zulip import zulip_read

Reader = Callable[[Path, Callable[[int], None]], Iterator[Record]]
FORMATS: dict[str, Reader] = {
    "jsonl": json_lines_read,
    "slack": slack_read,
    "zulip": zulip_read,
}
#: A clock that was never set says 1970; each such month would be a partition.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
MESSAGE_TABLE = "messaging_message"
DIRECT_PEOPLE = 2


@dataclass(frozen=True, slots=True)
class Origin:
    """Where messages come from. `name` tells its keys from those of another source."""

    path: Path
    format: str
    name: str
    earliest: datetime = EARLIEST


@dataclass(frozen=True, slots=True)
class Manner:
    """How records become messages."""

    name: str
    earliest: datetime = EARLIEST
    keys_are_ids: bool = False
    #: Without them receipts and reactions are left to somebody else.
    with_children: bool = True
    #: Nobody sees the threads that are made, until somebody says so.
    hidden_since: datetime | None = None


def messages_import(
    ctx: Context, *, origin: Origin, report_path: Path, progress: Progress = no_progress
) -> Summary:
    """Write every message of the file that is not written yet; returns where its rows went.

    Not one command but one for each batch: what was written stays when the import is
    stopped, and the next run finds it. Raises SourceUnusable when the file is not one
    of these.
    """
    total = origin.path.stat().st_size if origin.path.is_file() else 0
    records = FORMATS[origin.format](origin.path, lambda done: progress("reading", done, total))
    manner = Manner(origin.name, origin.earliest)
    return records_import(
        ctx, records=records, manner=manner, report_path=report_path, progress=progress
    )


def records_import(
    ctx: Context,
    *,
    records: Iterable[Record],
    manner: Manner,
    report_path: Path,
    progress: Progress = no_progress,
) -> Summary:
    """What a reader hands over, written."""
    started = perf_counter()
    summary = Summary()
    with Report(report_path, summary) as report, Spool(manner.name) as spool:
        _take(ctx, records, manner, spool, report)
        for fault in spool.sort():
            report.fault(fault)
        summary.seconds_reading = perf_counter() - started
        partitions_ensure(table=MESSAGE_TABLE, moments=spool.months())
        run = _run(ctx, manner, spool, summary, report)
        for batch in run.batches():
            run.write(batch)
            progress("writing", summary.added + summary.known, spool.messages)
    summary.seconds = perf_counter() - started
    return summary


def records_examine(
    ctx: Context,
    *,
    records: Iterable[Record],
    manner: Manner,
    report_path: Path,
) -> Summary:
    """What an import would find, without writing anything but the report.

    What it would add is counted as added, although some of it may be known.
    """
    started = perf_counter()
    summary = Summary()
    with Report(report_path, summary) as report, Spool(manner.name) as spool:
        _take(ctx, records, manner, spool, report)
        faults = spool.sort()
        for fault in faults:
            report.fault(fault)
        summary.added = spool.messages - len(faults)
        summary.create("people named", len(spool.people))
        summary.create("threads named", len(spool.threads))
        summary.create("months with messages", len(spool.months()))
    summary.seconds = summary.seconds_reading = perf_counter() - started
    return summary


def _take(
    ctx: Context, records: Iterable[Record], manner: Manner, spool: Spool, report: Report
) -> None:
    first, last = microseconds(manner.earliest), microseconds(ctx.now)
    for record in records:
        if isinstance(record, Said):
            if first <= record.moment <= last:
                spool.message(record)
                for note in record.notes:
                    report.note(record.line, record.key, note)
            else:
                early = f"moment is before {manner.earliest:%Y-%m-%d}"
                why = early if record.moment < first else "moment lies in the future"
                report.fault(Fault(record.line, record.key, why, record.text))
        elif isinstance(record, Person):
            spool.person(record)
        elif isinstance(record, Topic):
            spool.topic(record)
        else:
            report.fault(record)


def _run(ctx: Context, manner: Manner, spool: Spool, summary: Summary, report: Report) -> "_Run":
    """The people and threads of the spool, made where they are missing."""
    persons = [spool.persons.get(key, Person(key)) for key in spool.people]
    found = people_ensure(ctx, name=manner.name, persons=persons, keys_are_ids=manner.keys_are_ids)
    summary.create("placeholders", found.created)
    users = [found.users[key] for key in spool.people]
    keys = list(spool.threads)
    beginnings = [
        _beginning(spool, keys[number], users[sender], moment, found.users)
        for number, moment, sender in spool.beginnings()
    ]
    threads, created = threads_ensure(ctx, name=manner.name, beginnings=beginnings)
    summary.create("threads", created)
    invited = {
        number: [found.users[one] for one in spool.topics[key].participants]
        for key, number in spool.threads.items()
        if key in spool.topics
    }
    return _Run(ctx, manner, spool, summary, report, users, threads, invited)


def _beginning(
    spool: Spool, key: str, creator: UUID, moment: int, users: dict[str, UUID]
) -> Beginning:
    topic = spool.topics.get(key, Topic(key))
    people = sorted({users[one] for one in topic.participants})
    pair = (people[0], people[1]) if topic.is_direct and len(people) == DIRECT_PEOPLE else None
    return Beginning(key, topic.subject, pair, creator, moment)


@dataclass(slots=True)
class _Tail:
    """What is known of the thread that is being read, up to its last message so far."""

    number: int
    people: set[UUID] = field(default_factory=set)
    #: How far each has read, by his own messages and receipts.
    read: dict[UUID, Line] = field(default_factory=dict)
    last: Line | None = None


@dataclass(slots=True)
class _Run:
    """One import: what it was told, and where it counts."""

    ctx: Context
    manner: Manner
    spool: Spool
    summary: Summary
    report: Report
    users: list[UUID]
    threads: list[UUID]
    invited: dict[int, list[UUID]]
    #: Threads that this run has added to.
    added_to: set[UUID] = field(default_factory=set)
    #: Ids that an earlier import gave, where they are not those of this one.
    other_ids: dict[UUID, UUID] = field(default_factory=dict)

    def batches(self) -> Iterator[Batch]:
        batch, tail = Batch(), _Tail(-1)
        for placed in self.spool.ordered():
            if placed.thread != tail.number:
                self._end(batch, tail)
                if batch.is_full:
                    yield batch
                    batch = Batch()
                tail = _Tail(placed.thread)
            elif batch.is_full:
                yield batch
                batch = Batch()
            self._add(batch, tail, placed)
        self._end(batch, tail)
        if batch.lines:
            yield batch

    def write(self, batch: Batch) -> None:
        batch.added_before = self.added_to & {line.thread for line in batch.lines}
        written = messages_write(
            self.ctx,
            batch=batch,
            hidden_since=self.manner.hidden_since,
            with_children=self.manner.with_children,
        )
        self.added_to |= written.threads
        self.other_ids |= written.other_ids
        self.summary.added += written.messages
        self.summary.known += len(batch.lines) - written.messages
        self.summary.create("receipts", written.receipts)
        self.summary.create("reactions", written.reactions)

    def _add(self, batch: Batch, tail: _Tail, placed: Placed) -> None:
        line = self._line(placed)
        if placed.is_reply_lost:
            thread = list(self.spool.threads)[placed.thread]
            self.report.note(placed.line, thread, "the message that it answers is not in the file")
        batch.lines.append(line)
        batch.children += len(line.receipts) + len(line.reactions)
        people = [line.sender]
        people += [user for user, _ in line.receipts]
        people += [user for user, _, _ in line.reactions]
        if tail.last is None:
            people += self.invited.get(tail.number, [])
        for user in people:
            if user not in tail.people:
                tail.people.add(user)
                batch.joining.append((line.thread, user, line.moment))
        tail.last = tail.read[line.sender] = line
        for user, _ in line.receipts:
            tail.read[user] = line

    def _end(self, batch: Batch, tail: _Tail) -> None:
        """The thread has no more messages: how far has everybody read?"""
        last = tail.last
        if last is None:
            return
        if tail.number in self.spool.read_threads:
            read = tail.read
        else:
            # A source that does not say who has read: what was said long ago is no news.
            read = dict.fromkeys(tail.people, last)
        batch.cursors += [
            Cursor(line.thread, user, self.other_ids.get(line.id, line.id), line.moment)
            for user, line in read.items()
        ]

    def _line(self, placed: Placed) -> Line:
        users = self.users
        return Line(
            id=placed.id,
            thread=self.threads[placed.thread],
            sender=users[placed.sender],
            moment=placed.moment,
            text=placed.text,
            reply_id=self.other_ids.get(placed.reply_id, placed.reply_id),
            reactions=[(users[user], emoji, at) for user, emoji, at in placed.reactions],
            receipts=[(users[user], at) for user, at in placed.receipts],
            attachments=placed.attachments,
            edited_at=placed.edited_at,
            deleted_at=placed.deleted_at,
        )
