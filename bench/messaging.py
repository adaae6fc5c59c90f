"""Targets 8 to 10: conversations in monthly partitions, against one table and against jsonb."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import quote
from uuid import UUID

from bench.conversations import JSONB, PARTITIONED, PLAIN, Talk, in_memory
from bench.database import BenchError, Database, application_dsn, pgbench
from bench.http_load import Call, http_variant
from bench.measure import Figure, Load, Variant, find, ratio, rounds
from bench.replay import page_scripts, read_lines, write_script
from bench.results import Target
from bench.scale import Scale
from bench.web import Server, request
from core.json import dumps
from core.listing import Cursor, PageRequest
from core.tenancy.context import Context
from messaging.selectors.messages import message_list, order_of
from messaging.selectors.receipts import my_reads
from messaging.selectors.search import message_search
from messaging.selectors.threads import inbox, thread_get
from messaging.selectors.unread import unread_total
from messaging.services.messages import MessageInput, message_send
from messaging.services.reactions import reaction_add, reaction_remove
from messaging.services.reads import thread_read

ONE = "select 1"
LAST_50, LAST_50_PLAIN = "last 50 of a thread", "last 50 of a thread, one table"
UNREAD, INBOX_100 = "unread of one thread", "inbox of 100 threads"
RECEIPTS, RECEIPTS_JSONB = "newest 50 read by a user", "newest 50 read by a user, jsonb and GIN"
RECEIPTS_WALKED = "newest 50 read by a user, jsonb, prepared"
RARE = ", a rare reader"
UNREAD_JSONB = "unread of one thread, jsonb"
PAGE, POSTED = "page of 50", "post"
TABLES = ("jobs_outboxevent", "messaging_thread", "messaging_participant")
THUMB, PARTY, LIMIT = "👍", "🎉", 50
WORDS = "case77"
#: As an application asks: prepared once for whoever comes, so one way for all of them. PostgreSQL
#: walks backwards through everybody's messages, which is quick for who has read many of them.
JSONB_READS = """
SELECT '[{{"userId": "{user}"}}]' AS who
\\gset
SELECT m.id, m."readBy" FROM {table} m
WHERE m.tenant_id = '{tenant}' AND m."readBy" @> :who::jsonb
ORDER BY m.id DESC LIMIT 51;
"""
#: By this order it must ask the index, which is quick for who has read few.
JSONB_READS_BY_INDEX = JSONB_READS.replace("ORDER BY m.id", "ORDER BY uuid_send(m.id)")
JSONB_UNREAD = """
SELECT count(*) FROM (SELECT FROM {table} m
WHERE m.tenant_id = '{tenant}' AND m.thread_id = '{thread}' AND m.deleted_at IS NULL
  AND m.sender_id IS DISTINCT FROM '{user}' AND NOT m."readBy" @> '[{{"userId": "{user}"}}]'
LIMIT 100) u;
"""
JSONB_PAGE = """
SELECT m.id, m.thread_id, m.sender_id, u.name, m.body, m."readBy", m.reactions, m.deleted_at
FROM {table} m LEFT JOIN permissions_user u ON u.id = m.sender_id
WHERE m.tenant_id = '{tenant}' AND m.thread_id = '{thread}'
ORDER BY m.id DESC LIMIT 51;
"""


def statements(database: Database, talk: Talk, scale: Scale) -> list[Figure]:
    """Single statements as `erp_app`, no transaction around them: what the targets name."""
    company, threads = talk.company, talk.threads
    ctx = company.ctx()
    pages = [_pages(ctx, one)[0] for one in threads]
    unread = [_unread(ctx, one) for one in threads]
    # Not the owner, who takes part everywhere, but one of the fifty others.
    reader, rare = (replace(ctx, actor_id=one) for one in (talk.others[0], talk.rare))

    def jsonb(text: str) -> list[str]:
        shape = {"table": JSONB, "tenant": company.tenant_id, "user": reader.actor_id}
        return [text.format(thread=one, **shape) for one in threads]

    def receipts(of: Context) -> dict[str, list[str]]:
        shape = {"table": JSONB, "tenant": company.tenant_id, "user": of.actor_id}
        told = "".join(read_lines(lambda: my_reads(of, page=PageRequest(limit=LIMIT))))
        return {
            RECEIPTS: [told],
            f"{RECEIPTS}, one table": _plain([told]),
            RECEIPTS_JSONB: [JSONB_READS_BY_INDEX.format(**shape)],
            RECEIPTS_WALKED: [JSONB_READS.format(**shape)],
        }

    scripts = {
        ONE: ["SELECT 1;\n"],
        LAST_50: pages,
        LAST_50_PLAIN: _plain(pages),
        "last 50 of a thread, jsonb": jsonb(JSONB_PAGE),
        UNREAD: unread,
        "unread of one thread, one table": _plain(unread),
        UNREAD_JSONB: jsonb(JSONB_UNREAD),
        INBOX_100: ["".join(read_lines(lambda: inbox(ctx, page=PageRequest(limit=100))))],
        **receipts(reader),
        **{name + RARE: scripts for name, scripts in receipts(rare).items()},
    }
    dsn = _dsn_of(company.tenant_id)
    tables = (*PARTITIONED, *(PLAIN + name for name in PARTITIONED), JSONB)
    in_memory(database, tables)
    variants = [_sql(name, dsn, found, scale) for name, found in scripts.items()]
    return rounds(database, variants, scale.rounds, "statements of conversations")


def operations(database: Database, server: Server, talk: Talk, scale: Scale) -> list[Figure]:
    """What people do: the product's transactions in the database alone, then over HTTP."""
    variants = [
        *(_sql(name, application_dsn(), scripts, scale)
          for name, scripts in {**_reads(talk), **_writes(talk)}.items()),
        *(_web(server, f"HTTP, {name}", calls, scale)
          for name, calls in _calls(server, talk).items()),
    ]  # fmt: skip
    return rounds(database, variants, scale.rounds, "conversations")


def messaging_targets(figures: Sequence[Figure], clients: int) -> list[Target]:
    def cpu(name: str, than: str) -> float:
        return ratio(
            find(figures, name, clients).database_cpu_us,
            find(figures, than, clients).database_cpu_us,
        )

    def faster(name: str, than: str) -> float:
        return ratio(
            find(figures, name, clients).per_second, find(figures, than, clients).per_second
        )

    return [
        Target("8", "last 50 of a thread, database CPU of an unpartitioned table",
               cpu(LAST_50, LAST_50_PLAIN), floor=2.5, aim=1.5, unit="x", less_is_better=True),
        Target("9", "unread of one thread, database CPU of `select 1`",
               cpu(UNREAD, ONE), floor=5, aim=3, unit="x", less_is_better=True),
        Target("9", "inbox of 100 threads, database CPU of `select 1`",
               cpu(INBOX_100, ONE), floor=50, aim=25, unit="x", less_is_better=True),
        Target("10", "receipts of a user, normalised against jsonb and its GIN index",
               faster(RECEIPTS, RECEIPTS_JSONB), floor=50, aim=150, unit="x"),
        Target("10", "the same of a rare reader, against jsonb, prepared",
               faster(RECEIPTS + RARE, RECEIPTS_WALKED + RARE), floor=50, aim=150, unit="x"),
    ]  # fmt: skip


# --- what is measured ---------------------------------------------------------------------


def _pages(ctx: Context, thread_id: object) -> list[str]:
    return read_lines(lambda: message_list(ctx, thread_id=thread_id, page=PageRequest(limit=LIMIT)))


def _unread(ctx: Context, thread_id: object) -> str:
    """Of the statements that read a thread, those that tell what is unread."""
    lines = read_lines(lambda: thread_get(ctx, thread_id=thread_id))
    return "".join(line for line in lines if "sent_read" in line or "AS messages" in line)


def _plain(scripts: Sequence[str]) -> list[str]:
    """The same on the copies that are not partitioned."""
    found = list(scripts)
    for name in PARTITIONED:
        named = re.compile(rf'\b(FROM|JOIN) "?{name}"?(?=\s)')
        found = [named.sub(rf"\1 {PLAIN}{name}", script) for script in found]
    return found


def _reads(talk: Talk) -> dict[str, list[str]]:
    company, ctx = talk.company, talk.company.ctx()

    def scripts(*reads: Callable[[], object]) -> list[str]:
        return [script for read in reads for script in page_scripts(company, read)]

    def page(thread_id: object, cursor: str | None = None) -> Callable[[], object]:
        asked = PageRequest(limit=LIMIT, cursor=cursor)
        return lambda: message_list(ctx, thread_id=thread_id, page=asked)

    pages = scripts(*(page(one) for one in talk.threads))
    inboxes = scripts(lambda: inbox(ctx, page=PageRequest(limit=200)))
    found = PageRequest(limit=LIMIT, filters={"q": WORDS})
    searches = scripts(lambda: message_search(ctx, page=found))
    return {
        PAGE: pages,
        "page of 50, one table": _plain(pages),
        "page of 50, half way down": scripts(*map(page, talk.threads, _cursors(talk))),
        "inbox of 200": inboxes,
        "inbox of 200, one table": _plain(inboxes),
        "unread altogether": scripts(lambda: unread_total(ctx)),
        "search": searches,
        "search, one table": _plain(searches),
    }


def _writes(talk: Talk) -> dict[str, list[str]]:
    """Posting; that and reading it; reacting and taking it back."""
    company, owner = talk.company, talk.company.ctx()

    def send(thread_id: object, ctx: Context = owner) -> str:
        said = MessageInput("What somebody says at the bench")
        return write_script(company, lambda: message_send(ctx, thread_id=thread_id, message=said))

    def talked(thread_id: object, other: UUID) -> str:
        return send(thread_id, replace(owner, actor_id=other)) + read(thread_id)

    def read(thread_id: object) -> str:
        """The cursor goes where the first statement finds the end, as it does in the product."""
        before = thread_get(owner, thread_id=thread_id)
        script = write_script(company, lambda: thread_read(owner, thread_id=thread_id))
        lock, move = script.split("FOR NO KEY UPDATE OF p;\n")
        move = move.replace(f"'{before['last_message']['id']}'::uuid", ":last_message_id::uuid")
        move = move.replace(f"'{before['last_read_id']}'::uuid", ":after::uuid")
        # Where another was faster, the product finds nothing new; here nothing goes back.
        move = move.replace(
            "last_read_id = :last_message_id::uuid",
            "last_read_id = greatest(:last_message_id::uuid, p.last_read_id)",
        )
        move = re.sub(r"sent_read = \d+", "sent_read = greatest(:sent::bigint, p.sent_read)", move)
        return f"{lock}FOR NO KEY UPDATE OF p\n\\gset\n{move}"

    def react(message_id: object) -> str:
        """In one transaction, under the message's lock, so that it can be done again."""

        def forth_and_back() -> None:
            reaction_add(owner, message_id=message_id, emoji=PARTY)
            reaction_remove(owner, message_id=message_id, emoji=PARTY)

        return write_script(company, forth_and_back)

    return {
        POSTED: [send(one) for one in talk.threads],
        "post, then mark read by another": list(map(talked, talk.threads, talk.others)),
        "react, and take it back": [react(one) for one in talk.deep],
    }


def _cursors(talk: Talk) -> list[str]:
    ctx = talk.company.ctx()
    return [
        Cursor(ctx, order_of(thread_id)).write({"id": message_id}, backwards=False)
        for thread_id, message_id in zip(talk.threads, talk.deep, strict=True)
    ]


def _calls(server: Server, talk: Talk) -> dict[str, list[Call]]:
    token = talk.company.token
    body = dumps({"body": "What somebody says at the bench"})

    def threads(method: str, path: str, body: bytes = b"") -> list[Call]:
        return [Call(method, f"/api/v1/threads/{one}/{path}", token, body) for one in talk.threads]

    deep = [
        replace(call, path=f"{call.path}&cursor={cursor}")
        for call, cursor in zip(threads("GET", "messages/?limit=50"), _cursors(talk), strict=True)
    ]
    thumbs = [f"/api/v1/messages/{one}/reactions/{quote(THUMB)}/" for one in talk.deep]
    found = {
        PAGE: threads("GET", "messages/?limit=50"),
        "page of 50, half way down": deep,
        "inbox of 200": [Call("GET", "/api/v1/inbox/?limit=200", token)],
        "unread of one thread": threads("GET", ""),
        "search": [Call("GET", f"/api/v1/messages/search/?q={WORDS}", token)],
        POSTED: threads("POST", "messages/", body),
        "mark read, nothing new": threads("POST", "read/", b"{}"),
        "react, again": [Call("PUT", one, token, b"{}") for one in thumbs],
    }
    for calls in found.values():
        if calls[0].method == "GET":
            status, answer = request(server, calls[0].path, token)
            if status != 200:
                raise BenchError(f"{calls[0].path} answered {status}: {answer[:300]!r}")
    return found


def _sql(name: str, dsn: str, scripts: Sequence[str], scale: Scale) -> Variant:
    def run(seconds: float = scale.seconds) -> Load:
        return Load(pgbench(dsn, scripts, clients=scale.clients, seconds=seconds))

    return Variant(name, scale.clients, run, tables=TABLES, warm=lambda: run(1))


def _web(server: Server, name: str, calls: Sequence[Call], scale: Scale) -> Variant:
    return http_variant(
        server, name, calls, clients=scale.clients, seconds=scale.seconds, tables=TABLES
    )


def _dsn_of(tenant_id: object) -> str:
    """As `erp_app` with the tenant set for the session, so that a statement can stand alone.

    Without the time limit of a request: the shapes that it is compared with may take longer.
    """
    dsn = application_dsn()
    options = quote(
        f"-c plan_cache_mode=force_generic_plan -c app.tenant_id={tenant_id} -c statement_timeout=0"
    )
    return f"{dsn}{'&' if '?' in dsn else '?'}options={options}"
