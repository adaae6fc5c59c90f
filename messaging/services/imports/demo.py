"""The demo's conversations: slices of real ones, in the companies that `seed_demo` opens."""

import os
from pathlib import Path

from core.tenancy.context import Context
from messaging.services.imports.messages import Origin, messages_import
from messaging.services.imports.report import Summary

CONVERSATIONS = Path(__file__).resolve().parents[3] / "demo" / "conversations"
#: Nobody reads what the slices leave out; their README says it.
NO_REPORT = Path(os.devnull)


def demo_slugs() -> list[str]:
    """Short names of the companies that there are conversations for."""
    return sorted(path.stem for path in CONVERSATIONS.glob("*.jsonl"))


def demo_conversations_ensure(ctx: Context, *, slug: str) -> Summary:
    """Those that the company lacks; again it adds nothing."""
    origin = Origin(CONVERSATIONS / f"{slug}.jsonl", "jsonl", "demo")
    return messages_import(ctx, origin=origin, report_path=NO_REPORT)
