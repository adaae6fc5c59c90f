"""Slack and Zulip exports: small ones, written here as those products write them."""

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.imports import SourceUnusable
from tests.cast import Company, join, new_user
from tests.messaging_imports.talk import Import, everything, messages, reactions, threads


def slack_files(alice: str) -> dict[str, Any]:
    file = {
        "name": "q3.pdf",
        "mimetype": "application/pdf",
        "size": 9,
        "url_private": "https://f/1",
    }
    return {
        "users.json": [
            {"id": "U1", "name": "alice", "profile": {"real_name": "Alice A", "email": alice,
                                                     "display_name": "ali"}},
            {"id": "U2", "name": "ben", "deleted": True, "profile": {"real_name": "Ben B"}},
            {"id": "B1", "name": "robot", "is_bot": True,
             "profile": {"real_name": "Robot", "email": alice}},
        ],
        "channels.json": [{"id": "C1", "name": "general", "members": ["U1", "U2", "U3"]}],
        "dms.json": [{"id": "D1", "members": ["U1", "U2"]}],
        "general/2023-05-01.json": [
            {"type": "message", "user": "U1", "ts": "1682935200.000100", "thread_ts":
                "1682935200.000100", "text": "Hi <@U2> &amp; all, see <https://x.test|this>",
             "reactions": [{"name": "thumbsup", "users": ["U2", "B1"], "count": 2},
                           {"name": "wave::skin-tone-2", "users": ["U2"], "count": 1},
                           {"name": "our-logo", "users": ["U2"], "count": 1}]},
            {"type": "message", "subtype": "channel_join", "user": "U2",
             "ts": "1682935200.000150", "text": "<@U2> has joined the channel"},
            {"type": "message", "user": "U2", "ts": "1682935200.000200", "text": "first",
             "thread_ts": "1682935200.000100", "edited": {"user": "U2", "ts": "1682935300.000000"},
             "files": [file]},
            {"type": "message", "subtype": "bot_message", "bot_id": "B9", "username": "Cron",
             "ts": "1682935201.000000", "text": "done"},
            {"type": "message", "user": "U1", "text": "when?"},
        ],
        "general/2023-05-02.json": [
            {"type": "message", "subtype": "tombstone", "user": "USLACKBOT",
             "ts": "1683021600.000000", "text": "This message was deleted."},
            {"type": "message", "user": "U3", "ts": "1683021601.000000", "text": "<!channel> bye"},
        ],
        "D1/2023-05-01.json": [
            {"type": "message", "user": "U2", "ts": "1682935500.000000", "text": "psst"}],
        "integration_logs.json": [],
    }  # fmt: skip


def write_zip(path: Path, files: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def job(acme: Company, tmp_path: Path) -> Import:
    return Import(acme, tmp_path, "slack")


def test_a_slack_export(job: Import, tmp_path: Path) -> None:
    alice = job.company.owner
    path = write_zip(tmp_path / "slack.zip", slack_files(alice.email))
    summary = job.run(path)
    assert (summary.added, summary.refused, summary.set_aside, summary.noted) == (6, 1, 1, 1)
    by_text = {message.body: message for message in messages(job.ctx)}
    assert set(by_text) == {
        "Hi @Ben B & all, see this (https://x.test)", "first", "done", "", "@channel bye", "psst"
    }  # fmt: skip
    parent, reply = by_text["Hi @Ben B & all, see this (https://x.test)"], by_text["first"]
    assert (parent.sender, parent.reply_to_id) == (alice, None)
    assert (reply.reply_to_id, reply.edited_at is not None) == (parent.id, True)
    assert reply.attachments == [
        {"name": "q3.pdf", "content_type": "application/pdf", "size": 9, "key": "https://f/1"}
    ]
    assert by_text["done"].sender.name == "Cron"
    assert by_text[""].deleted_at is not None
    assert by_text["@channel bye"].sender.name == "U3"
    assert reactions(job.ctx) == {(parent.id, "👍"): 2, (parent.id, "👋"): 1}
    kinds = {thread.kind: thread.subject for thread in threads(job.ctx)}
    assert kinds == {"group": "general", "direct": ""}
    assert {row["outcome"] for row in job.reported} == {"refused", "set aside", "kept"}
    before = everything(job.ctx)
    assert (job.run(path).added, everything(job.ctx)) == (0, before)


def test_a_day_that_cannot_be_read_is_one_fault(job: Import, tmp_path: Path) -> None:
    files = slack_files("nobody@example.test") | {"general/2023-05-01.json": "[{"}
    summary = job.run(write_zip(tmp_path / "slack.zip", files))
    assert (summary.added, summary.refused) == (3, 1)
    assert "this day cannot be read" in job.reported[0]["reason"]


def test_what_is_no_slack_export_is_said_so(job: Import, tmp_path: Path) -> None:
    path = tmp_path / "no.zip"
    path.write_bytes(b"PK no")
    with pytest.raises(SourceUnusable, match="no Slack export"):
        job.run(path)
    with pytest.raises(SourceUnusable, match=r"users\.json"):
        job.run(write_zip(path, {"x.json": []}))


def zulip_files(alice: str) -> dict[str, Any]:
    return {
        "realm.json": {
            "zerver_userprofile": [
                {"id": 10, "full_name": "Alice", "delivery_email": alice, "email": "user10@z"},
                {"id": 11, "full_name": "Ben", "delivery_email": "ben@elsewhere.test"},
                {"id": 12, "full_name": "Bot", "is_bot": True, "email": alice},
            ],
            "zerver_stream": [{"id": 5, "name": "design"}],
            "zerver_recipient": [
                {"id": 1, "type": 2, "type_id": 5},
                {"id": 2, "type": 1, "type_id": 11},
                {"id": 3, "type": 3, "type_id": 9},
            ],
            "zerver_subscription": [
                {"user_profile": one, "recipient": 3} for one in (10, 11, 12)
            ],
            "zerver_reaction": [
                {"user_profile": 11, "message": 100, "emoji_name": "thumbs_up",
                 "emoji_code": "1f44d", "reaction_type": "unicode_emoji"},
                {"user_profile": 11, "message": 100, "emoji_name": "flag_de",
                 "emoji_code": "1f1e9-1f1ea", "reaction_type": "unicode_emoji"},
                {"user_profile": 11, "message": 100, "emoji_name": "logo", "emoji_code": "7",
                 "reaction_type": "realm_emoji"},
            ],
        },
        "attachment.json": {"zerver_attachment": [
            {"file_name": "a.png", "path_id": "2/x/a.png", "size": 3, "content_type": "image/png",
             "messages": [101]}]},
        "messages-000001.json": {"zerver_message": [
            {"id": 100, "sender": 10, "recipient": 1, "subject": "logo", "content": "Look",
             "date_sent": 1682935200.25},
            {"id": 101, "sender": 11, "recipient": 1, "subject": "logo", "content": "Nice",
             "date_sent": 1682935201.5, "last_edit_time": 1682935300.0},
            {"id": 102, "sender": 10, "recipient": 2, "subject": "", "content": "to you",
             "date_sent": 1682935202},
            {"id": 103, "sender": 77, "recipient": 99, "content": "lost", "date_sent": 1},
        ]},
        "messages-000002.json": {"zerver_message": [
            {"id": 104, "sender": 12, "recipient": 3, "subject": "", "content": "to all",
             "date_sent": 1682935203}]},
    }  # fmt: skip


@pytest.mark.parametrize("packed", [True, False])
def test_a_zulip_export(acme: Company, tmp_path: Path, packed: bool) -> None:
    job = Import(acme, tmp_path, "zulip")
    files = zulip_files(acme.owner.email)
    path = tmp_path / ("zulip.tar.gz" if packed else "zulip")
    if packed:
        with tarfile.open(path, "w:gz") as archive:
            for name, content in files.items():
                raw = json.dumps(content).encode()
                info = tarfile.TarInfo(f"zulip-export-1/../../{name}")
                info.size = len(raw)
                archive.addfile(info, io.BytesIO(raw))
    else:
        path.mkdir()
        for name, content in files.items():
            (path / name).write_text(json.dumps(content))
    summary = job.run(path)
    assert (summary.added, summary.refused, summary.noted) == (4, 1, 1)
    assert "recipient" in job.reported[0]["reason"] + job.reported[1]["reason"]
    by_text = {message.body: message for message in messages(job.ctx)}
    look = by_text["Look"]
    assert (look.sender, look.thread.subject) == (acme.owner, "design > logo")
    assert reactions(job.ctx) == {(look.id, "👍"): 1, (look.id, "🇩🇪"): 1}
    assert by_text["Nice"].attachments[0]["key"] == "user_uploads/2/x/a.png"
    assert by_text["Nice"].edited_at is not None
    assert by_text["to you"].thread.kind == "direct"
    assert by_text["to all"].sender.name == "Bot"
    assert by_text["to all"].sender != acme.owner
    assert everything(job.ctx)["Participant"] == 2 + 2 + 3
    assert job.run(path).added == 0


def test_what_is_no_zulip_export_is_said_so(acme: Company, tmp_path: Path) -> None:
    job = Import(acme, tmp_path, "zulip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceUnusable, match=r"realm\.json"):
        job.run(tmp_path / "empty")
    job.file.write_bytes(b"no tar")
    with pytest.raises(SourceUnusable, match="no Zulip export"):
        job.run()


def test_a_slack_member_is_who_he_is_here(job: Import, tmp_path: Path) -> None:
    ben = join(job.company, new_user("ben"), "viewer")
    files = slack_files(job.company.owner.email)
    files["users.json"][1]["profile"]["email"] = ben.email
    job.run(write_zip(tmp_path / "slack.zip", files))
    assert ben in {message.sender for message in messages(job.ctx)}
