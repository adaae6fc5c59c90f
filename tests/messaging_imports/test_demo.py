"""The demo's conversations, as they are loaded at every start."""

import json
from pathlib import Path
from typing import Any

from django.core.management import call_command

from messaging.services.imports.demo import CONVERSATIONS, demo_conversations_ensure, demo_slugs
from tests.cast import Company, join, new_user
from tests.messaging_imports.talk import everything, messages

ROOT = Path(__file__).resolve().parents[2]


def test_each_company_gets_its_own_and_again_nothing(acme: Company) -> None:
    for slug in demo_slugs():
        lines = (CONVERSATIONS / f"{slug}.jsonl").read_text(encoding="utf-8").splitlines()
        said = [row for row in map(json.loads, lines) if "type" not in row]
        summary = demo_conversations_ensure(acme.ctx(), slug=slug)
        assert (summary.added, summary.refused, summary.noted) == (len(said), 0, 0)
        replies = sum(message.reply_to_id is not None for message in messages(acme.ctx()))
        if slug == "hack-club":
            assert replies == sum("reply_to" in row for row in said) > 30
    before = everything(acme.ctx())
    for slug in demo_slugs():
        assert demo_conversations_ensure(acme.ctx(), slug=slug).added == 0
    assert everything(acme.ctx()) == before


def test_the_command_leaves_other_companies_alone(acme: Company, capsys: Any) -> None:
    join(acme, new_user("bob"), "viewer")
    call_command("seed_conversations")
    capsys.readouterr()
    assert everything(acme.ctx())["Message"] == 0


def test_the_slices_say_where_they_come_from() -> None:
    said = (ROOT / "demo" / "README.md").read_text(encoding="utf-8")
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for credit in ("Perception, Control", "MIT", "Kummerfeld", "CC BY 4.0"):
        assert credit in said, credit
        assert credit in notice, credit
