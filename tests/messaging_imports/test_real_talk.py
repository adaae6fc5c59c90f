"""Real conversations: counts, order and replies equal the source, and pages show each once.

A slice by default; MESSAGING_IMPORT_WHOLE=1 takes the 162,603 messages of chitchat and
the IRC log whole, and prints the rates against a bare COPY of the same rows.
"""

import os
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from core.listing import PageRequest
from core.partitions.steps import lift_time_limits
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_cursor
from messaging.models import Message, MessageReaction, Participant
from messaging.selectors.messages import message_list
from messaging.services.imports.ids import thread_id
from messaging.services.messages import MessageInput, message_send
from tests.cast import Company
from tests.database import connect
from tests.messaging_imports.talk import Import, chitchat, dump, irc, rows_of

WHOLE = bool(os.environ.get("MESSAGING_IMPORT_WHOLE"))
IRC_LINES = 3_000
MORE = 100
CHITCHAT = ("chitchat_messages.jsonl.gz", "chitchat_threads.jsonl.gz")
SAMPLE = ("sample_2k_messages.jsonl", "sample_2k_threads.jsonl")


@pytest.fixture
def job(acme: Company, tmp_path: Path) -> Import:
    return Import(acme, tmp_path)


@query
def said_in(ctx: Context, *, thread: UUID) -> list[tuple[Any, ...]]:
    rows = Message.objects.filter(thread=thread).order_by("id")
    return list(rows.values_list("id", "body", "reply_to_id", "sender__name"))


@query
def reactions_in(ctx: Context) -> Counter[tuple[UUID, str]]:
    rows = MessageReaction.objects.values_list("message__thread_id", "emoji")
    return Counter(rows)


@query
def biggest(ctx: Context) -> tuple[UUID, Any]:
    """The thread with the most messages, and somebody in it."""
    counts = Counter(Message.objects.values_list("thread_id", flat=True))
    thread = counts.most_common(1)[0][0]
    return thread, Participant.objects.filter(thread=thread).order_by("id")[0].user


def by_thread(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row.get("type") != "thread":
            found[row["thread"]].append(row)
    return found


def require_equal(job: Import, rows: Iterable[dict[str, Any]], name: str) -> int:
    """Every thread has the source's messages in the source's order, with its links."""
    wanted, links = by_thread(rows), 0
    assert wanted
    for key, source in wanted.items():
        thread = thread_id(job.ctx.tenant_id, name, key)
        found = said_in(job.ctx, thread=thread)
        assert [row[1] for row in found] == [row["text"] for row in source], key
        assert [row[3] for row in found] == [row["sender"] for row in source], key
        ids = {row["id"]: message[0] for row, message in zip(source, found, strict=True)}
        answered = [ids.get(row.get("reply_to")) for row in source]
        assert [row[2] for row in found] == answered, key
        links += sum(one is not None for one in answered)
    return links


def pages(ctx: Context, thread: UUID, limit: int, ordering: str | None = None) -> list[UUID]:
    found: list[UUID] = []
    cursor = None
    while True:
        page = message_list(
            ctx, thread_id=thread, page=PageRequest(cursor=cursor, limit=limit, ordering=ordering)
        )
        found += [row["id"] for row in page.rows]
        cursor = page.next
        if cursor is None:
            return found


def test_chitchat(job: Import, shared: Path) -> None:
    folder, names = shared / "03-chat", CHITCHAT if WHOLE else SAMPLE
    rows = list(chitchat(folder, *names))
    dump(rows, job.file)
    summary = job.run()
    messages = sum(1 for _ in rows_of(folder / names[0]))
    assert (summary.added, summary.refused, summary.noted) == (messages, 0, 0)
    assert messages == (162_603 if WHOLE else 1_995)
    require_equal(job, rows, "talk")
    ratings = sum(len(row["ratings"] or {}) for row in rows_of(folder / names[1]))
    assert sum(reactions_in(job.ctx).values()) == summary.created["reactions"] == ratings > 0
    again = job.run()
    assert (again.added, again.known) == (0, messages)
    if WHOLE:
        print(f"\nimport {summary.messages_per_second:,.0f} messages/s,", end=" ")
        print(f"of that reading {summary.seconds_reading:.1f} of {summary.seconds:.1f} s;", end=" ")
        print(f"again {again.messages_per_second:,.0f} messages/s")
        print_bare_copy(job.ctx)


def test_irc(job: Import, shared: Path, tmp_path: Path) -> None:
    path = shared / "03-chat" / "ubuntu_irc_messages.jsonl.gz"
    rows = list(irc(path))
    # Each log begins with a thousand lines that nobody annotated.
    logs = sorted({row["thread"] for row in rows})
    rows = rows if WHOLE else [row for row in rows if row["thread"] in logs[:2]][:IRC_LINES]
    dump(rows, job.file)
    summary = job.run(name="irc")
    assert (summary.added, summary.refused) == (len(rows), 0)
    links = require_equal(job, rows, "irc")
    assert links > 100
    lost = sum(row["reply_to"] is not None for row in rows) - links
    assert lost == summary.noted
    if WHOLE:
        assert (len(rows), lost) == (50_924, 0)
        print(f"\nimport {summary.messages_per_second:,.0f} messages/s, {links:,} replies")


@pytest.mark.parametrize("ordering", [None, "id"])
def test_pages_show_each_message_once_while_others_write(
    job: Import, shared: Path, ordering: str | None
) -> None:
    dump(chitchat(shared / "03-chat", *(CHITCHAT if WHOLE else SAMPLE)), job.file)
    job.run()
    thread, reader = biggest(job.ctx)
    ctx = job.company.ctx(reader)
    before = [row[0] for row in said_in(job.ctx, thread=thread)]

    def write() -> None:
        try:
            for _ in range(MORE):
                message_send(ctx, thread_id=thread, message=MessageInput("more"))
        finally:
            connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    found = pages(ctx, thread, 7, ordering)
    writer.join()
    assert len(set(found)) == len(found)
    assert found == sorted(found, reverse=ordering is None)
    assert set(before) <= set(found)


def print_bare_copy(ctx: Context) -> None:
    """COPY of the same rows: into a table without indexes, and into one like ours."""
    columns = "tenant_id, id, thread_id, sender_id, body, reply_to_id, attachments"
    rows = all_rows(ctx)
    with connect("owner") as connection:
        for like, what in (("", "without indexes"), ("INCLUDING ALL", "with our indexes")):
            connection.execute("CREATE SCHEMA bare")
            connection.execute(f"CREATE TABLE bare.message (LIKE messaging_message {like})")
            started = perf_counter()
            with (
                connection.cursor() as cursor,
                cursor.copy(f"COPY bare.message ({columns}) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row(row)
            seconds = perf_counter() - started
            print(f"COPY {what}: {len(rows) / seconds:,.0f} rows/s")
            connection.execute("DROP SCHEMA bare CASCADE")


@query
def all_rows(ctx: Context) -> list[tuple[Any, ...]]:
    with tenant_cursor() as cursor:
        lift_time_limits(cursor)
        cursor.execute(
            "SELECT tenant_id, id, thread_id, sender_id, body, reply_to_id, attachments::text"
            " FROM messaging_message WHERE tenant_id = %s",
            [ctx.tenant_id],
        )
        return list(cursor.fetchall())
