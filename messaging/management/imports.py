"""What the commands share: the progress bars, the summary."""

from pathlib import Path
from typing import Any

from core.tenancy.commands import progress_bar
from messaging.services.imports.report import Summary


class Bars:
    """A bar for each step of an import, one after the other; called as its progress."""

    def __init__(self, *, hidden: bool) -> None:
        self._hidden = hidden
        self._bar: Any = None
        self._step = ""

    def __enter__(self) -> "Bars":
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, step: str, done: int, total: int) -> None:
        if step != self._step:
            if self._bar is not None:
                self._bar.close()
            self._step = step
            self._bar = progress_bar(
                total=total or None, unit_scale=True, desc=step, disable=self._hidden
            )
        self._bar.update(done - self._bar.n)


def stem_of(path: Path) -> str:
    """`talk` of `data/talk.jsonl.gz`."""
    name = path.name
    for suffix in (".gz", ".tar", ".jsonl", ".ndjson", ".json", ".zip"):
        name = name.removesuffix(suffix)
    return name or "import"


def summary_text(summary: Summary, report: Path) -> str:
    """Where the messages went."""
    tallies = {
        "added": summary.added,
        "known already": summary.known,
        "set aside": summary.set_aside,
        "refused": summary.refused,
    }
    text = [f"{name:<22} {count:>12,} messages" for name, count in tallies.items()]
    text += [f"created: {count:,} {what}" for what, count in summary.created.items()]
    if summary.set_aside or summary.refused or summary.noted:
        text.append(f"report: {report}")
    rate = f"{summary.messages_per_second:,.0f} messages/s"
    text.append(f"{summary.seconds:.1f} s ({summary.seconds_reading:.1f} s reading), {rate}")
    return "\n".join(text)
