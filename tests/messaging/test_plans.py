"""Each index has its query: plans as the application's role, under row-level security.

`PLANS=write` writes them into docs/messaging.md:

    PLANS=write python -m deploy.test -n 0 tests/messaging/test_plans.py
"""

import os
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from core.jobs import positions
from core.listing import PageRequest
from core.tenancy.context import Context
from core.tenancy.transactions import query, tenant_cursor
from messaging.models import Message, MessageReaction, MessageRevision, Participant, Thread
from messaging.models.messages import FILED
from messaging.selectors.live import live_events, live_tenants
from messaging.selectors.messages import message_list
from messaging.selectors.receipts import message_reads, my_reads
from messaging.selectors.search import mentions_of_me, message_search
from messaging.selectors.threads import inbox, participant_list
from messaging.services.participants import Joining
from messaging.services.threads import ThreadInput, thread_create
from tests.architecture.endpoint_table import ROOT
from tests.cast import Company, new_company, new_user
from tests.core.raw import one, raw, rows
from tests.database import connect
from tests.messaging.people import colleagues

DOC = ROOT / "docs" / "messaging.md"
MARK = "<!-- plans: written by tests/messaging/test_plans.py -->"
THREADS, MESSAGES = 400, 12_000
TABLES = (
    "messaging_thread", "messaging_participant", "messaging_message", "messaging_mention",
    "messaging_messageread", "messaging_messagereaction", "messaging_messagerevision",
)  # fmt: skip

FILL = """
WITH thread AS (
    INSERT INTO messaging_thread (id, tenant_id, kind, visibility, subject, record_type, pair,
        record_id, created_by_id, created_at, is_closed, version)
    SELECT uuidv7(), %(tenant)s, 'record', 'internal',
           CASE WHEN n %% 100 = 0 THEN 'Budget ' ELSE 'Talk ' END || md5(n::text),
           'accounting.invoice', '', uuidv7(), %(owner)s, now(), false, 1
    FROM generate_series(1, %(threads)s) n RETURNING id, tenant_id
)
INSERT INTO messaging_participant (id, tenant_id, thread_id, user_id, role, joined_at, is_muted)
SELECT uuidv7(), t.tenant_id, t.id, u.id, 'member', now(), false
FROM thread t CROSS JOIN unnest(%(users)s::uuid[]) u(id)
"""
SAY = """
WITH thread AS MATERIALIZED (
    SELECT id, row_number() OVER () AS n FROM messaging_thread WHERE kind = 'record'
)
INSERT INTO messaging_message (id, tenant_id, thread_id, sender_id, body, attachments)
SELECT uuidv7(-(m || ' milliseconds')::interval), %(tenant)s, t.id,
       (%(users)s::uuid[])[1 + m %% cardinality(%(users)s::uuid[])],
       CASE WHEN m %% 500 = 0 THEN 'rare words' ELSE 'plain talk ' || m END,
       CASE WHEN m %% 500 = 0 THEN jsonb_build_array(jsonb_build_object('key', m::text))
            ELSE '[]' END
FROM generate_series(1, %(messages)s) m JOIN thread t ON t.n = 1 + m %% %(threads)s
"""
CHILDREN = """
WITH message AS MATERIALIZED (
    SELECT id, tenant_id FROM messaging_message ORDER BY id LIMIT %(messages)s / 6
),
receipt AS (
    INSERT INTO messaging_messageread (id, tenant_id, message_id, user_id, read_at)
    SELECT uuidv7(), tenant_id, id, u, now() FROM message CROSS JOIN unnest(%(users)s::uuid[]) u
),
reaction AS (
    INSERT INTO messaging_messagereaction (id, tenant_id, message_id, user_id, emoji, reacted_at)
    SELECT uuidv7(), tenant_id, id, u, 'x', now()
    FROM message CROSS JOIN unnest(%(users)s::uuid[]) u
),
revision AS (
    INSERT INTO messaging_messagerevision
        (id, tenant_id, message_id, body, attachments, replaced_at)
    SELECT uuidv7(), tenant_id, id, 'before', '[]', now() FROM message
)
INSERT INTO messaging_mention (id, tenant_id, message_id, user_id)
SELECT uuidv7(), tenant_id, id, u FROM message CROSS JOIN unnest(%(users)s::uuid[]) u
"""
#: The time limits are those of a request; this is a year's work on a busy machine.
PATIENCE = "SET LOCAL statement_timeout = 0; SET LOCAL transaction_timeout = 0"
LAST = """
UPDATE messaging_thread t SET last_message_id = m.id, last_message_at = now()
FROM (SELECT thread_id, max(id::text)::uuid AS id FROM messaging_message GROUP BY 1) m
WHERE m.thread_id = t.id
"""


class Hall:
    """Two companies of some thousand messages each, and the questions that are asked there."""

    def __init__(self) -> None:
        self.company, other = new_company(new_user("alice")), new_company(new_user("charlie"))
        for company in (self.company, other):
            fill(company)
        self.ctx = self.company.ctx()
        with raw(self.company.tenant_id) as connection:
            self.thread: UUID = one(connection, "SELECT thread_id FROM messaging_message LIMIT 1")
            self.message: UUID = one(
                connection, "SELECT id FROM messaging_message WHERE thread_id = %s", self.thread
            )
            self.record: UUID = one(
                connection, "SELECT record_id FROM messaging_thread WHERE kind = 'record' LIMIT 1"
            )


def fill(company: Company) -> None:
    """Statistics before what refers to the messages, whose checks are planned blindly else."""
    people = colleagues(company, 20)
    values = {
        "tenant": company.tenant_id,
        "owner": company.owner.pk,
        "users": [one.pk for one in people],
        "threads": THREADS,
        "messages": MESSAGES,
    }
    for statement in (FILL, SAY, CHILDREN, LAST):
        with raw(company.tenant_id) as connection:
            connection.execute(PATIENCE)
            connection.execute(statement, values)
            values["users"] = values["users"][:5] if statement is SAY else values["users"]
        vacuum()
    thread_create(company.ctx(), thread=ThreadInput("direct", participants=[Joining(people[1].pk)]))


def vacuum() -> None:
    """Not only ANALYZE: what waits beside a GIN index makes it dear."""
    with connect("owner") as connection:
        connection.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")


@query
def rows_of(ctx: Context, build: Callable[[], Any]) -> list[Any]:
    return list(build())


@query
def explained(ctx: Context, sql: str, settings: str = "") -> list[str]:
    with tenant_cursor() as cursor:
        if settings:
            cursor.execute(settings)
        cursor.execute("EXPLAIN (COSTS OFF) " + sql.replace("%", "%%"), [])
        return [line for (line,) in cursor.fetchall()]


PLAIN = PageRequest()
#: Index: what is asked, in words; how it is asked; which of its statements (a part of it).
QUESTIONS: dict[str, tuple[str, Callable[[Hall], Any], str]] = {
    "messaging_message_thread": (
        "a page of a thread",
        lambda h: message_list(h.ctx, thread_id=h.thread, page=PLAIN),
        "LATERAL",
    ),
    "messaging_message_live": (
        "unread messages, where they must be counted",
        lambda h: inbox(h.ctx, page=PLAIN),
        ") counted",
    ),
    "messaging_message_sender": (
        "what somebody said last",
        lambda h: rows_of(
            h.ctx, lambda: Message.objects.filter(sender=h.ctx.actor_id).order_by("-id")[:50]
        ),
        "messaging_message",
    ),
    "messaging_message_search": (
        "messages with certain words",
        lambda h: message_search(h.ctx, page=PageRequest(filters={"q": "rare"})),
        "websearch",
    ),
    "messaging_message_filed": (
        "messages of a thread with files",
        lambda h: message_list(
            h.ctx,
            thread_id=h.thread,
            page=PageRequest(narrow=lambda rows: rows.filter(FILED)),
        ),
        "<> '[]'",
    ),
    "messaging_message_files": (
        "which messages hold a file",
        lambda h: rows_of(
            h.ctx, lambda: Message.objects.filter(attachments__contains=[{"key": "500"}])
        ),
        "messaging_message",
    ),
    "messaging_read_once": (
        "who has read a message",
        lambda h: message_reads(h.ctx, message_id=h.message, page=PLAIN),
        'FROM "messaging_messageread"',
    ),
    "messaging_read_user": (
        "what somebody has read, newest first",
        lambda h: my_reads(h.ctx, page=PLAIN),
        "messaging_messageread",
    ),
    "messaging_reaction_once": (
        "the reactions of a page",
        lambda h: message_list(h.ctx, thread_id=h.thread, page=PLAIN),
        "messagereaction",
    ),
    "messaging_reaction_user": (
        "what somebody reacted to, newest first",
        lambda h: rows_of(
            h.ctx,
            lambda: MessageReaction.objects.filter(user=h.ctx.actor_id).order_by("-message")[:50],
        ),
        "messagereaction",
    ),
    "messaging_mention_once": (
        "the mentions of a page",
        lambda h: message_list(h.ctx, thread_id=h.thread, page=PLAIN),
        "messagereaction",
    ),
    "messaging_mention_user": (
        "messages that mention somebody, newest first",
        lambda h: mentions_of_me(h.ctx, page=PLAIN),
        "messaging_mention",
    ),
    "messaging_revision_message": (
        "what a message said before",
        lambda h: rows_of(h.ctx, lambda: MessageRevision.objects.filter(message=h.message)),
        "messagerevision",
    ),
    "messaging_participant_inbox": (
        "the newest threads of somebody",
        lambda h: inbox(h.ctx, page=PLAIN),
        "activity_id <",
    ),
    "messaging_participant_outside": (
        "whether somebody is a guest anywhere",
        lambda h: rows_of(
            h.ctx,
            lambda: Participant.objects.filter(user=h.ctx.actor_id, role="guest", left_at=None),
        ),
        "messaging_participant",
    ),
    "messaging_participant_once": (
        "who is in a thread",
        lambda h: participant_list(h.ctx, thread_id=h.thread, page=PLAIN),
        "permissions_user",
    ),
    "messaging_thread_record_idx": (
        "threads about a record",
        lambda h: rows_of(h.ctx, lambda: Thread.objects.filter(record_id=h.record)),
        "messaging_thread",
    ),
    "messaging_thread_one_direct": (
        "the direct thread of two people",
        lambda h: rows_of(
            h.ctx,
            lambda: Thread.objects.filter(kind="direct", pair="a b", visibility="internal"),
        ),
        "messaging_thread",
    ),
    "messaging_thread_subject": (
        "threads by a part of their subject",
        lambda h: rows_of(h.ctx, lambda: Thread.objects.filter(subject__holds="budget")),
        "ILIKE",
    ),
}


@pytest.fixture(scope="module")
def hall(django_db_setup: None, django_db_blocker: Any) -> Iterator[Hall]:
    with django_db_blocker.unblock():
        yield Hall()


def plan_of(hall: Hall, index: str) -> str:
    """The plan of the statement that the index is for; each partition's lines once."""
    _, ask, part = QUESTIONS[index]
    with CaptureQueriesContext(connections["default"]) as captured:
        ask(hall)
    [sql, *_] = [q["sql"] for q in captured.captured_queries if part in q["sql"]]
    lines: dict[str, None] = {}
    for line in explained(hall.ctx, sql):
        line = re.sub(r"_p\d{4}_\d\d|_\d+\b(?=[. ]|$)", "", line)
        lines[re.sub(r"'[0-9a-f-]{36}'::uuid", "$id", line)] = None
    return "\n".join(lines)


@pytest.mark.parametrize("index", QUESTIONS)
def test_the_index_serves_its_query(hall: Hall, index: str) -> None:
    with raw() as connection:
        marked = one(
            connection,
            "SELECT bool_and(proleakproof) FROM pg_proc "
            "WHERE proname IN ('ts_match_vq', 'jsonb_contains', 'texticlike')",
        )
    if not marked and index.endswith(("search", "files", "subject")):
        pytest.skip("needs deploy/sql/leakproof.sql")
    plan = plan_of(hall, index)
    assert re.search(rf"\b{index}\b", plan), plan


def test_the_inbox_begins_and_ends_within_its_index(hall: Hall) -> None:
    """A bound that is no condition of the index would read every place of its owner."""
    plan = plan_of(hall, "messaging_participant_inbox")
    assert re.search(r"Index Cond: .*activity_id < .*activity_id >= GREATEST", plan), plan


def test_a_page_sorts_no_month(hall: Hall) -> None:
    """Two months in one Append, one of them empty, were read whole and sorted."""
    plan = plan_of(hall, "messaging_message_thread")
    assert "->  Append" not in plan, plan


def test_what_somebody_has_read_opens_the_newest_months_only(hall: Hall) -> None:
    with CaptureQueriesContext(connections["default"]) as captured:
        my_reads(hall.ctx, page=PLAIN)
    [sql] = [q["sql"] for q in captured.captured_queries if "messageread" in q["sql"]]
    plan = "\n".join(explained(hall.ctx, sql))
    assert 1 <= len(set(re.findall(r"messaging_messageread_p\d{4}_\d\d", plan))) <= 2, plan


#: A statement of the live process: how it is asked, a part of it, and what its index must be asked.
LIVE: dict[str, tuple[Callable[[Hall], Any], str, str]] = {
    "events after a position": (
        lambda h: live_events(h.ctx, after=0, until=10**12, user_ids=[h.ctx.acting_user]),
        "FROM jobs_outboxevent",
        r'Index Cond: .*"?position"? > ',
    ),
    "who hears of them": (
        lambda h: live_events(h.ctx, after=0, until=10**12, user_ids=[h.ctx.acting_user]),
        "FROM messaging_participant",
        r"Index Cond: .*tenant_id = .*(thread_id|user_id) = ANY",
    ),
    "companies with something new": (
        lambda h: live_tenants(after=0, until=10**12, tenant_ids=[h.company.tenant_id]),
        "FROM jobs_outboxevent",
        r'Index Cond: .*"?position"? > ',
    ),
}


@pytest.mark.parametrize("statement", LIVE)
def test_the_live_process_reads_by_index(hall: Hall, statement: str) -> None:
    """However small the outbox of a test is: there is an index that starts where it must."""
    ask, part, wanted = LIVE[statement]
    positions.place_all()
    with CaptureQueriesContext(connections["default"]) as captured:
        ask(hall)
    [sql, *_] = [q["sql"] for q in captured.captured_queries if part in q["sql"]]
    settings = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"
    plan = "\n".join(explained(hall.ctx, sql, settings))
    assert re.search(wanted, plan), plan
    assert "Seq Scan" not in plan


def test_every_index_has_its_query(hall: Hall) -> None:
    with raw(alias="owner") as connection:
        found = rows(
            connection,
            "SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
            "JOIN pg_class t ON t.oid = x.indrelid WHERE t.relname ~ '^messaging_' "
            "AND NOT t.relispartition AND NOT x.indisprimary",
        )
    assert {name for (name,) in found} - {"messaging_settings_one"} == set(QUESTIONS)


def test_the_plans_are_written_down(hall: Hall) -> None:
    text = DOC.read_text(encoding="utf-8")
    if os.environ.get("PLANS") == "write":
        text = text.split(MARK)[0] + MARK + "\n"
        for index, (words, *_) in QUESTIONS.items():
            text += f"\n**`{index}`**: {words}.\n\n```\n{plan_of(hall, index)}\n```\n"
        DOC.write_text(text, encoding="utf-8")
    shown = text.split(MARK)[1]
    assert [name for name in QUESTIONS if f"**`{name}`**" not in shown] == []
