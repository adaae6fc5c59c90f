"""JSON Lines: what becomes of each field, repetition, and lines that become no message."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from core.imports import SourceUnusable
from core.tenancy.transactions import command, query
from messaging.models import MessageReaction, MessageRead, Participant
from messaging.services.imports import batches
from messaging.services.imports.json_lines import LINE_BYTES_MAX
from permissions.models import Membership
from tests.cast import Api, Company, join, new_company, new_user
from tests.messaging_imports.talk import (
    START,
    Import,
    everything,
    messages,
    participants,
    said,
    texts,
    threads,
)


@pytest.fixture
def job(acme: Company, tmp_path: Path) -> Import:
    return Import(acme, tmp_path)


@query
def receipts(ctx: Any) -> set[tuple[str, str, datetime]]:
    rows = MessageRead.objects.values_list("message__body", "user__name", "read_at")
    return set(rows)


@query
def reacted(ctx: Any) -> set[tuple[str, str, str]]:
    return set(MessageReaction.objects.values_list("message__body", "user__name", "emoji"))


def test_every_field_arrives(job: Import) -> None:
    file = {"name": "menu.pdf", "content_type": "application/pdf", "size": 7, "key": "k/1"}
    edited = (START + timedelta(hours=1)).isoformat()
    job.write(
        {"type": "thread", "thread": "lunch", "subject": "Lunch?", "participants": ["zoe"]},
        {"type": "person", "id": "ann", "name": "Ann A."},
        said(1, text="Où? 🍕", attachments=[file]),
        said(2, reply_to="m1", edited_at=edited, sender={"id": "ben", "name": "Ben B."}),
        said(3, reactions={"👍": ["ben", "ann"], "thumbsup": ["ben"], ":tada:": ["zoe"]}),
        said(4, reactions=[{"emoji": "❤", "user": "ann"}, {"emoji": "our-logo", "user": "b"}]),
        said(5, read_by=["ben", {"user": "zoe", "at": edited}, "ben"]),
        said(6, text=None, deleted_at=edited),
    )
    summary = job.run()
    assert (summary.added, summary.refused, summary.noted) == (6, 0, 1)
    assert job.reasons == {6: "reaction 'our-logo' of b is no emoji of Unicode"}
    one, two, three, four, five, six = messages(job.ctx)
    assert (one.body, one.attachments, one.thread.subject) == ("Où? 🍕", [file], "Lunch?")
    assert (two.reply_to_id, two.sender.name) == (one.id, "Ben B.")
    assert two.edited_at == START + timedelta(hours=1)
    assert (six.body, six.deleted_at, six.reply_to_id) == ("", two.edited_at, None)
    assert reacted(job.ctx) == {
        (three.body, "Ben B.", "👍"),
        (three.body, "Ann A.", "👍"),
        (three.body, "zoe", "🎉"),
        (four.body, "Ann A.", "❤️"),
    }
    at = START + timedelta(minutes=5)
    assert receipts(job.ctx) == {(five.body, "Ben B.", at), (five.body, "zoe", two.edited_at)}


def test_ids_are_of_the_moment_and_in_order(job: Import) -> None:
    """Equal moments keep the order of the file; later moments come later whatever the file."""
    job.write(*(said(n, moment=START.isoformat()) for n in range(5, 0, -1)), said(-9), said(9))
    job.run()
    assert texts(job.ctx) == ["text -9", *(f"text {n}" for n in range(5, 0, -1)), "text 9"]
    for message in messages(job.ctx):
        assert message.id.version == 7
    stamp = int(messages(job.ctx)[0].id.hex[:12], 16)
    assert stamp == int((START - timedelta(minutes=9)).timestamp() * 1000)
    [thread] = threads(job.ctx)
    assert thread.last_message_id == messages(job.ctx)[-1].id
    assert thread.created_at == START - timedelta(minutes=9)


def test_the_same_file_twice_adds_nothing(job: Import) -> None:
    job.write(said(1), said(2, read_by=["ann"], reactions={"👍": ["ann"]}), said(3, id=None),
              said(3, id=None))  # fmt: skip
    assert job.run().added == 4, "said twice in one moment is two messages"
    before = everything(job.ctx)
    again = job.run()
    assert (again.added, again.known, again.created) == (0, 4, {})
    assert everything(job.ctx) == before


def test_more_of_the_same_moment_does_not_double_what_is_there(job: Import) -> None:
    """Put right, a line in front of others of its moment moves their places, not their ids."""
    moment = START.isoformat()
    job.write("broken", said(2, moment=moment), said(3, moment=moment, reply_to="m2")).run()
    job.write(said(1, moment=moment), said(2, moment=moment), said(3, moment=moment),
              said(4, reply_to="m3"))  # fmt: skip
    assert (job.run().added, len(messages(job.ctx))) == (2, 4)
    by_text = {message.body: message for message in messages(job.ctx)}
    assert by_text["text 4"].reply_to_id == by_text["text 3"].id


def test_later_messages_of_a_thread_join_it(job: Import) -> None:
    job.write(said(1), said(2)).run()
    job.write(said(1), said(2), said(3, reply_to="m1")).run()
    one, _, three = messages(job.ctx)
    assert three.reply_to_id == one.id
    assert len(threads(job.ctx)) == 1


def test_broken_lines_are_refused_with_their_reasons(job: Import) -> None:
    latin = '{"thread": "lunch", "text": "caf\xe9"}'.encode("latin-1")
    huge = b'{"text": "' + b"x" * LINE_BYTES_MAX * 2 + b'"}'
    future = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    lines: list[Any] = [
        said(1),
        "",
        "{not json",
        '["a list"]',
        latin,
        huge,
        said(2, text="nul \0"),
        said(3, text="x" * 20_001),
        said(4, moment="1999-12-31T23:59:59Z"),
        said(5, moment=future),
        said(6, moment="yesterday"),
        said(7, moment=None),
        said(8, sender=None),
        said(9, thread=""),
        said(10, read_by=3),
        said(11, reactions=["👍"]),
        '{"thread": "t", "sender": "s", "moment": 1, "text": "\\ud800"}',
        said(12, type="poem"),
        said(13, moment=1e300),
        said(1, text="the same id"),
        said(99, reply_to="m98"),
    ]
    summary = job.write(*lines).run()
    assert texts(job.ctx) == ["text 1", "text 99"]
    assert (summary.added, summary.refused, summary.noted) == (2, 18, 1)
    reasons = job.reasons
    assert reasons[5] == "not UTF-8"
    assert reasons[6] == f"longer than {LINE_BYTES_MAX:,} bytes"
    assert reasons[7] == "text holds a NUL character"
    assert reasons[8] == "text is longer than 20,000 characters"
    assert reasons[9] == "moment is before 2000-01-01"
    assert reasons[10] == "moment lies in the future"
    assert reasons[11] == "moment 'yesterday' is no moment"
    assert reasons[20] == "another message of this thread has the same id"
    assert reasons[21] == "the message that it answers is not in the file"
    assert set(reasons) == set(range(3, 22))
    assert {row["outcome"] for row in job.reported} == {"refused", "kept"}


def test_old_history_gets_its_partitions(job: Import) -> None:
    job.write(said(1, moment="1998-05-05T05:05:05Z"), said(2, moment=951782400)).run(
        earliest=datetime(1990, 1, 1, tzinfo=UTC)
    )
    assert texts(job.ctx) == ["text 1", "text 2"]
    assert messages(job.ctx)[1].id.hex[:12] == f"{951782400000:012x}"


def test_members_are_known_by_email_and_strangers_cannot_log_in(job: Import) -> None:
    bob = join(job.company, new_user("bob"), "viewer")
    outsider = new_user("outsider")
    job.write(
        said(1, sender={"id": 7, "email": bob.email.upper()}),
        said(2, sender={"id": 8, "email": outsider.email, "name": "Out"}),
        said(3, sender="nick"),
    )
    assert job.run().created["placeholders"] == 2
    one, two, three = messages(job.ctx)
    assert one.sender == bob
    assert two.sender != outsider, "who is elsewhere in the system is nobody's business"
    for message in (two, three):
        sender = message.sender
        assert (sender.is_active, sender.has_usable_password()) == (False, False)
        assert sender.email.endswith("@imported.invalid")
        membership = Membership.objects.get(tenant=job.company.tenant_id, user=sender)
        assert (membership.is_active, membership.joined_at is None) == (False, False)
        body = {"email": sender.email, "password": "x", "tenant": job.company.slug}
        assert Api(None).post("auth/login/", body).status_code == 401
        assert sender.name in ("Out", "nick")


def test_a_guest_is_not_brought_into_an_internal_thread(job: Import) -> None:
    from messaging.models import Thread

    guest = join(job.company, new_user("guest"), "viewer")

    @command
    def invite(ctx: Any) -> None:
        thread = Thread.objects.create(
            kind="group", visibility="external", created_by=job.company.owner, created_at=ctx.now
        )
        Participant.objects.create(thread=thread, user=guest, role="guest", joined_at=ctx.now)

    invite(job.ctx)
    job.write(said(1, sender=guest.email)).run()
    assert messages(job.ctx)[0].sender != guest


def test_cursors_say_what_is_unread(job: Import) -> None:
    """Who has read is taken from the source; where it does not say, all of it is history."""
    job.write(
        *(said(n, read_by=["cat"] if n <= 2 else []) for n in range(1, 5)),
    ).run()
    ids = [message.id for message in messages(job.ctx)]
    read = {name: ids.index(one.last_read_id) for name, one in participants(job.ctx).items()}
    assert read == {"ann": 2, "ben": 3, "cat": 1}
    other = Import(new_company(new_user("dora")), job.file.parent)
    other.write(*(said(n) for n in range(1, 5))).run()
    last = messages(other.ctx)[-1].id
    assert {one.last_read_id for one in participants(other.ctx).values()} == {last}


def test_another_companys_thread_of_the_same_key_is_another(
    job: Import, globex: Company, tmp_path: Path
) -> None:
    job.write(said(1), said(2))
    other = Import(globex, tmp_path)
    assert (job.run().added, other.run().added) == (2, 2)
    assert {one.id for one in threads(job.ctx)}.isdisjoint(one.id for one in threads(globex.ctx()))
    assert everything(job.ctx) == everything(globex.ctx())
    ours = {message.sender_id for message in messages(job.ctx)}
    assert ours.isdisjoint(message.sender_id for message in messages(globex.ctx()))


def test_two_peoples_thread_is_the_one_that_they_have(job: Import) -> None:
    bob = join(job.company, new_user("bob"), "viewer")
    people = [job.company.owner.email, bob.email]
    for key in ("dm-1", "dm-2"):
        job.write(
            {"type": "thread", "thread": key, "kind": "direct", "participants": people},
            said(1, thread=key, sender=bob.email),
        ).run()
    [thread] = threads(job.ctx)
    assert (thread.kind, len(messages(job.ctx)), len(participants(job.ctx))) == ("direct", 2, 2)


def test_stopped_in_the_middle_it_goes_on(job: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MESSAGES_MAX", 10)
    lines = [said(n, thread=f"t{n % 2}", reactions={"👍": ["cat"]}) for n in range(50)]
    write, calls = batches.messages_write, Counter()

    def stopping(*args: Any, **named: Any) -> Any:
        calls["write"] += 1
        if calls["write"] == 3:
            raise KeyboardInterrupt
        return write(*args, **named)

    monkeypatch.setattr("messaging.services.imports.messages.messages_write", stopping)
    with pytest.raises(KeyboardInterrupt):
        job.write(*lines).run()
    assert len(messages(job.ctx)) == 20
    summary = job.run()
    assert (summary.known, summary.added) == (20, 30)
    assert everything(job.ctx)["MessageReaction"] == 50
    last = {one.last_message_id for one in threads(job.ctx)}
    assert {one.last_read_id for one in participants(job.ctx).values()} <= last


def test_killed_in_the_middle_it_goes_on(job: Import) -> None:
    """A process that is gone, not an exception: what was committed is whole."""
    count = 30_000
    job.write(*(said(n, thread=f"t{n % 3}") for n in range(count)))
    program = (
        "import os, django; django.setup();"
        "from django.conf import settings; from django.db import connections;"
        "[connections[a].settings_dict.update(NAME=os.environ['DB']) for a in settings.DATABASES];"
        "from django.core.management import call_command;"
        f"call_command('import_messages', {str(job.file)!r}, tenant={job.company.slug!r},"
        f" name='talk', report={str(job.report)!r}, verbosity=0)"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings",
           "DB": connections["default"].settings_dict["NAME"]}  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", program], env=env)
    while process.poll() is None and not everything(job.ctx)["Message"]:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = everything(job.ctx)["Message"]
    assert 0 < there < count
    summary = job.run()
    assert (summary.known, summary.added) == (there, count - there)


def test_two_importers_at_once(job: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MESSAGES_MAX", 50)
    job.write(*(said(n, thread=f"t{n % 5}", read_by=["ann"]) for n in range(1_000)))
    summaries: list[Any] = []

    def run(n: int) -> None:
        own = Import(job.company, job.file.parent)
        own.report = job.file.parent / f"refused-{n}.csv"
        try:
            summaries.append(own.run())
        finally:
            connections.close_all()

    both = [threading.Thread(target=run, args=(n,)) for n in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(summaries) == 2
    assert sum(summary.added for summary in summaries) == 1_000
    assert len(messages(job.ctx)) == 1_000
    assert everything(job.ctx)["MessageRead"] == 1_000


def test_the_command(job: Import, capsys: Any) -> None:
    job.write(said(1), "broken")
    arguments = {"tenant": job.company.slug, "report": str(job.report)}
    call_command("import_messages", str(job.file), **arguments)
    printed = capsys.readouterr().out
    assert "added" in printed
    assert str(job.report) in printed
    with pytest.raises(CommandError, match="no company"):
        call_command("import_messages", str(job.file), tenant="nobody-here")
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_messages", "/nowhere/x.jsonl", **arguments)


def test_a_damaged_gzip_is_said_so(job: Import, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl.gz"
    path.write_bytes(b"\x1f\x8b\x08\x00 this is no gzip")
    with pytest.raises(SourceUnusable, match="damaged"):
        job.run(path)
