"""What was measured, as one table for people, as JSON, and against the targets."""

import json
import math
import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Figure
from bench.scale import Scale

HEADINGS = (
    "| variant | clients | per second | of the limit | p50 ms | p95 ms "
    "| CPU µs Python | CPU µs database |"
)
RESULTS = Path(__file__).resolve().parent / "results"
DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


@dataclass(frozen=True, slots=True)
class Target:
    """A line of the targets; `unit` is `%` of something, `x` times something, or `µs`."""

    number: str
    measure: str
    value: float
    floor: float
    aim: float
    unit: str
    less_is_better: bool = False

    @property
    def verdict(self) -> str:
        if math.isnan(self.value):
            return "not measured"
        sign = -1 if self.less_is_better else 1
        if sign * self.value >= sign * self.aim:
            return "aim"
        return "floor" if sign * self.value >= sign * self.floor else "MISSED"

    def shown(self, value: float) -> str:
        if math.isnan(value):
            return "-"
        if self.unit == "µs":
            return f"{value:.0f} µs"
        if self.unit == "%":
            return f"{value * 100:.1f} %" if value < 0.1 else f"{value * 100:.0f} %"
        return f"{value:.0f} x" if value >= 10 else f"{value:.1f} x"

    def as_row(self) -> dict[str, Any]:
        return {
            "number": self.number, "measure": self.measure, "value": self.value,
            "floor": self.floor, "aim": self.aim, "verdict": self.verdict,
        }  # fmt: skip


@dataclass(slots=True)
class Section:
    """One table: figures, of which `limit` (a variant's name) is 100 %."""

    title: str
    figures: list[Figure]
    limit: str
    notes: list[str] = field(default_factory=list)

    def share(self, figure: Figure) -> float:
        same = [f for f in self.figures if f.name == self.limit and f.clients == figure.clients]
        return figure.per_second / same[0].per_second if same else math.nan


@dataclass(slots=True)
class Report:
    scale: Scale
    postgres: str
    sections: list[Section] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    def markdown(self) -> str:
        lines = [f"{self._machine()}", ""]
        for section in self.sections:
            lines += [*_section_lines(section), ""]
        lines += ["### Targets", "", "| # | measure | measured | floor | aim | reached |",
                  "|---|---|---:|---:|---:|---|"]  # fmt: skip
        for t in self.targets:
            lines.append(
                f"| {t.number} | {t.measure} | **{t.shown(t.value)}** | {t.shown(t.floor)} "
                f"| {t.shown(t.aim)} | {t.verdict} |"
            )
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        return {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": self._machine(),
            "scale": {"factor": self.scale.factor, "seconds": self.scale.seconds,
                      "rounds": self.scale.rounds},
            "sections": [
                {"title": s.title, "limit": s.limit, "notes": s.notes,
                 "figures": [f.as_row() | {"of_limit": _none(s.share(f))} for f in s.figures]}
                for s in self.sections
            ],
            "targets": [t.as_row() | {"value": _none(t.value)} for t in self.targets],
        }  # fmt: skip

    def write(self) -> None:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "latest.md").write_text(self.markdown(), encoding="utf-8")
        text = json.dumps(self.as_json(), indent=1) + "\n"
        (RESULTS / "latest.json").write_text(text, encoding="utf-8")

    def publish(self) -> None:
        """Put the tables between the two marks of the page that people read."""
        page = DOCUMENT.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        table = f"{before}{BEGIN}\n{self.markdown()}{END}{after}"
        DOCUMENT.write_text(table, encoding="utf-8")

    def _machine(self) -> str:
        return (
            f"{os.cpu_count()} cores, PostgreSQL {self.postgres} (unix socket, fsync on), "
            f"Python {platform.python_version()}; {self.scale.rounds} interleaved rounds of "
            f"{self.scale.seconds:g} s, medians; scale {self.scale.factor:g}."
        )


def _section_lines(section: Section) -> list[str]:
    lines = [f"### {section.title}", "", HEADINGS, "|---|---:|---:|---:|---:|---:|---:|---:|"]
    for f in section.figures:
        share = section.share(f)
        shown = "" if math.isnan(share) else f"{share * 100:.1f} %"
        python = "" if f.python_cpu_us is None else f"{f.python_cpu_us:,.0f}"
        lines.append(
            f"| {f.name} | {f.clients} | {_number(f.per_second)} | {shown} | {_ms(f.p50_ms)} "
            f"| {_ms(f.p95_ms)} | {python} | {f.database_cpu_us:,.0f} |"
        )
    return [*lines, *(f"\n{note}" for note in section.notes)]


def _ms(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _none(value: float) -> float | None:
    return None if math.isnan(value) else value
