"""The old shape: adopted whole or not at all, by command and by SQL."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from core.ids import uuid7
from core.imports import SourceUnusable
from core.tenancy.context import Context
from core.tenancy.transactions import command, query, tenant_cursor
from messaging.models import Message, MessageReaction, MessageRead, Participant, Thread
from messaging.services.imports import adoption as adoption_module
from messaging.services.imports import batches
from messaging.services.imports.adoption import (
    HIDDEN,
    Adopted,
    Adoption,
    AdoptionDiffers,
    table_adopt,
    table_examine,
)
from tests.cast import Company, join, new_user
from tests.messaging_imports.old_shape import OldTable
from tests.messaging_imports.talk import START, everything, messages, reactions


def key(n: int) -> str:
    return str(UUID(int=n))


@pytest.fixture
def table() -> Iterator[OldTable]:
    made = OldTable()
    yield made
    made.run(f"DROP SCHEMA {made.schema} CASCADE")


def rows(alice: str, bob: str) -> list[dict[str, Any]]:
    """Both shapes of receipts, both of reactions; edited, deleted, answered, malformed."""
    at = (START + timedelta(hours=2)).isoformat()

    def row(n: int, **changes: Any) -> dict[str, Any]:
        return {
            "id": key(n),
            "thread_id": f"t{n % 2}",
            "sender_id": alice if n % 3 else bob,
            "content": f"text {n}",
            "created_at": START + timedelta(minutes=n),
            **changes,
        }

    return [
        row(1, readBy=[alice, bob, alice], reactions={"👍": [alice, bob], "❤": [bob]}),
        row(2, readBy=[{"user": bob, "timestamp": at}, {"userId": "gone@example.test"}]),
        row(3, readBy={bob: at, alice: True}, parent_id=key(1)),
        row(4, reactions=[{"emoji": "🎉", "user": bob, "at": at}], edited_at=at),
        row(5, is_deleted=True, updated_at=at, content="forget it"),
        row(6, readBy=[], parent_id=key(4), created_at=START),
        row(8, readBy="all of them", reactions=7),
        row(10, readBy=[{"timestamp": at}], parent_id=key(999)),
    ]


class Job:
    def __init__(self, company: Company, table: OldTable, folder: Path) -> None:
        self.company, self.ctx, self.table = company, company.ctx(), table
        self.report = folder / "refused.csv"
        self.alice = company.owner
        self.bob = join(company, new_user("bob"), "viewer")
        table.add(rows(str(self.alice.pk), str(self.bob.pk)))

    def adoption(self, **changes: Any) -> Adoption:
        return Adoption(**({"dsn": "", "table": self.table.name, "name": "old"} | changes))

    def run(self, **changes: Any) -> Adopted:
        return table_adopt(self.ctx, adoption=self.adoption(**changes), report_path=self.report)


@pytest.fixture
def job(acme: Company, table: OldTable, tmp_path: Path) -> Job:
    return Job(acme, table, tmp_path)


@query
def hidden(ctx: Context) -> int:
    return Participant.objects.filter(left_at=HIDDEN).count()


@query
def receipts(ctx: Context) -> Counter[tuple[str, str]]:
    return Counter(MessageRead.objects.values_list("message__body", "user__name"))


def test_it_is_adopted_whole(job: Job) -> None:
    adopted = job.run()
    by_text = {message.body: message for message in messages(job.ctx)}
    assert adopted.compared[:2] == (8, 2)
    assert adopted.compared[3:] == (6, 4, 1, 1)
    assert (adopted.is_shown, hidden(job.ctx)) == (True, 0)
    assert adopted.shown == everything(job.ctx)["Participant"]
    assert by_text["text 3"].reply_to_id == by_text["text 1"].id
    assert by_text["text 10"].reply_to_id is None
    assert by_text["text 2"].sender == job.alice
    assert by_text["text 4"].edited_at == START + timedelta(hours=2)
    assert by_text[""].deleted_at == START + timedelta(hours=2)
    assert [m.body for m in messages(job.ctx) if m.thread_id == by_text["text 4"].thread_id] == [
        "text 6", "text 2", "text 4", "text 8", "text 10"
    ]  # fmt: skip
    one = by_text["text 1"].id
    assert reactions(job.ctx) == Counter(
        {(one, "👍"): 2, (one, "❤️"): 1, (by_text["text 4"].id, "🎉"): 1}
    )
    assert receipts(job.ctx) == Counter(
        [("text 1", "alice"), ("text 1", "bob"), ("text 2", "bob"),
         ("text 2", "gone@example.test"), ("text 3", "alice"), ("text 3", "bob")]
    )  # fmt: skip
    report = job.report.read_text()
    assert report.count("kept without") == 3
    assert '"""all of them"""' in report or "all of them" in report


def test_again_it_adds_only_what_is_new(job: Job) -> None:
    job.run()
    before = everything(job.ctx)
    again = job.run()
    assert (again.summary.added, again.summary.known, again.shown) == (0, 8, 0)
    assert everything(job.ctx) == before
    job.table.add([{"id": key(20), "thread_id": "t0", "sender_id": "new", "content": "late",
                    "created_at": START + timedelta(days=40)}])  # fmt: skip
    assert (job.run().summary.added, hidden(job.ctx)) == (1, 0)


@pytest.mark.parametrize(
    "spoil",
    ["text", "receipt", "reaction", "missing", "sender"],
)
def test_nothing_is_shown_when_anything_differs(
    job: Job, monkeypatch: pytest.MonkeyPatch, spoil: str
) -> None:
    """Between the copy and the comparison somebody spoils what was copied."""

    @command
    def spoiled(ctx: Context) -> None:
        found = Message.objects.filter(body="text 4")
        if spoil == "text":
            found.update(body="text 5")
        elif spoil == "receipt":
            MessageRead.objects.filter(message__body="text 2").delete()
        elif spoil == "reaction":
            MessageReaction.objects.filter(message__body="text 4").delete()
        elif spoil == "missing":
            Message.objects.filter(body="text 10").delete()
        else:
            wrong = found.get()
            MessageReaction.objects.filter(message=wrong.id).delete()
            found.delete()
            wrong.sender = job.bob if wrong.sender == job.alice else job.alice
            wrong.save(force_insert=True)
            MessageReaction.objects.create(
                message=wrong, user=job.bob, emoji="🎉", reacted_at=ctx.now
            )

    copy = adoption_module._copy

    def copied(*args: Any) -> Any:
        summary = copy(*args)
        spoiled(job.ctx)
        return summary

    monkeypatch.setattr(adoption_module, "_copy", copied)
    with pytest.raises(AdoptionDiffers, match="nothing is shown"):
        job.run()
    assert hidden(job.ctx) == everything(job.ctx)["Participant"] > 0


def test_refused_rows_stop_it_unless_accepted(job: Job) -> None:
    job.table.add([{"id": key(50), "thread_id": "t1", "sender_id": "x", "content": "then",
                    "created_at": "1970-01-01"},
                   {"id": key(51), "thread_id": "t1", "sender_id": "x", "content": None,
                    "created_at": START}])  # fmt: skip
    with pytest.raises(AdoptionDiffers, match="2 rows"):
        job.run()
    assert hidden(job.ctx) > 0
    assert job.run(accepts_refused=True).is_shown


def test_stopped_in_the_middle_it_goes_on(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MESSAGES_MAX", 2)
    write, calls = batches.messages_write, Counter()

    def stopping(*args: Any, **named: Any) -> Any:
        calls["write"] += 1
        if calls["write"] == 3:
            raise KeyboardInterrupt
        return write(*args, **named)

    monkeypatch.setattr("messaging.services.imports.messages.messages_write", stopping)
    with pytest.raises(KeyboardInterrupt):
        job.run()
    assert (len(messages(job.ctx)), hidden(job.ctx) > 0) == (4, True)
    adopted = job.run()
    assert (adopted.summary.known, adopted.summary.added, hidden(job.ctx)) == (4, 4, 0)


def test_a_dry_run_writes_nothing(job: Job) -> None:
    before = everything(job.ctx)
    adopted = table_examine(job.ctx, adoption=job.adoption(), report_path=job.report)
    assert (adopted.summary.added, adopted.is_shown) == (8, False)
    assert everything(job.ctx) == before


def test_elsewhere_with_its_owner_it_is_renamed(job: Job) -> None:
    adopted = job.run(dsn=job.table.dsn, rename_to="thread_messages_adopted")
    assert (adopted.is_shown, adopted.summary.added) == (True, 8)
    with pytest.raises(SourceUnusable, match="does not exist"):
        job.run()
    job.table.run(f"SELECT FROM {job.table.name}_adopted")


def test_what_is_no_such_table_is_said_so(job: Job) -> None:
    job.table.run(f"ALTER TABLE {job.table.name} DROP COLUMN content")
    with pytest.raises(SourceUnusable, match="lacks content"):
        job.run()
    with pytest.raises(SourceUnusable, match="no name of a table"):
        job.run(table="x; DROP TABLE y")


def test_the_command(job: Job, capsys: Any) -> None:
    asked = {"tenant": job.company.slug, "table": job.table.name, "report": str(job.report)}
    call_command("adopt_messages", dry_run=True, **asked)
    assert "nothing was written" in capsys.readouterr().out
    call_command("adopt_messages", **asked)
    printed = capsys.readouterr().out
    assert "equal in 2 threads: 8 messages, 2 replies, 6 receipts, 4 reactions" in printed
    with pytest.raises(CommandError, match="does not exist"):
        call_command("adopt_messages", **(asked | {"table": "nothing_here"}))


@command
def by_sql(ctx: Context, *, function: str, table: str, batch: int) -> dict[str, Any]:
    """Every batch, one call after the other."""
    total: dict[str, Any] = Counter()
    problems: list[Any] = []
    after = None
    while True:
        with tenant_cursor() as cursor:
            cursor.execute(f"SELECT * FROM {function}(%s, %s, %s)", [table, batch, after])
            scanned, inserted, known, malformed, after, found = cursor.fetchone()
        total.update(scanned=scanned, inserted=inserted, known=known, malformed=malformed)
        problems += found if isinstance(found, list) else json.loads(found)
        if after is None:
            return {**total, "problems": problems}


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_sql_makes_the_same_receipts_and_reactions(
    job: Job, globex: Company, tmp_path: Path, table: OldTable, batch: int
) -> None:
    name = table.name
    job.run(with_children=False, name=name)
    assert (receipts(job.ctx), reactions(job.ctx)) == (Counter(), Counter())
    reads = by_sql(job.ctx, function="migrate_readby_to_normalized", table=name, batch=batch)
    reacts = by_sql(job.ctx, function="migrate_reactions_to_normalized", table=name, batch=batch)
    assert (reads["scanned"], reads["inserted"], reads["malformed"]) == (8, 6, 2)
    assert {(p["id"], p["reason"]) for p in reads["problems"]} == {
        (key(8), "malformed"), (key(10), "malformed")}  # fmt: skip
    assert (reacts["inserted"], reacts["malformed"]) == (4, 1)
    sql_receipts, sql_reactions = receipts(job.ctx), reactions(job.ctx)
    again = by_sql(job.ctx, function="migrate_readby_to_normalized", table=name, batch=batch)
    assert again["inserted"] == 0
    assert again["known"] >= 6
    assert receipts(job.ctx) == sql_receipts
    assert sum(sql_receipts.values()) == 6
    assert sum(sql_reactions.values()) == 4
    # Another company has none of these messages: everything is named, nothing written.
    other = globex.ctx()
    stranger = by_sql(other, function="migrate_readby_to_normalized", table=name, batch=batch)
    assert (stranger["inserted"], everything(other)["MessageRead"]) == (0, 0)
    assert "its message is not here" in {p["reason"] for p in stranger["problems"]}


def test_sql_finds_messages_that_kept_their_ids(job: Job) -> None:
    """Somebody copied the messages himself: `INSERT INTO messaging_message SELECT id, ...`."""
    message_id = uuid7()

    @command
    def copied(ctx: Context) -> None:
        thread = Thread.objects.create(
            kind="group", visibility="internal", created_by=job.alice, created_at=ctx.now
        )
        Participant.objects.create(thread=thread, user=job.alice, role="member", joined_at=ctx.now)
        Message.objects.create(id=message_id, thread=thread, sender=job.alice, body="kept")

    copied(job.ctx)
    people = [str(job.alice.pk), str(job.bob.pk)]
    job.table.add([{"id": str(message_id), "thread_id": "z", "sender_id": "z", "content": "kept",
                    "created_at": START, "readBy": people}])  # fmt: skip
    found = by_sql(
        job.ctx, function="migrate_readby_to_normalized", table=job.table.name, batch=100
    )
    assert receipts(job.ctx) == Counter({("kept", "alice"): 1})
    assert "he does not take part in the thread" in {p["reason"] for p in found["problems"]}
