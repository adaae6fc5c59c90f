"""The figures as bars in one SVG file: shares of the limit, for people who would rather look."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from bench.measure import Figure
from bench.results import Section

WIDTH, LABEL, BAR, GAP, TITLE = 860, 330, 20, 6, 34
#: Beyond the limit a bar is cut off, and says so by its number.
LARGEST = 1.5
COLOURS = {"limit": "#8a8f98", "sql": "#5b8db8", "python": "#d08b3c"}
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #222 } .t { font-weight: 600; font-size: 15px }
.n { fill: #555 } .page { fill: #fff }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .n { fill: #aaa } .page { fill: #1c1e21 }
}
"""


def write_chart(sections: Sequence[Section], path: Path) -> None:
    """One block of bars per section that has a limit; nothing is fetched from anywhere."""
    parts: list[str] = []
    height = GAP
    for section in sections:
        block, height = _block(section, height)
        parts += block
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="Shares of the limit">'
        f'<style>{STYLE}</style><rect class="page" width="{WIDTH}" height="{height}"/>'
    )
    path.write_text("\n".join([head, *parts, "</svg>\n"]), encoding="utf-8")


def _block(section: Section, top: int) -> tuple[list[str], int]:
    lines = [f'<text class="t" x="12" y="{top + 22}">{escape(section.title)}</text>']
    top += TITLE
    for figure in _drawn(section):
        lines += _bar(section, figure, top)
        top += BAR + GAP
    return lines, top + GAP


def _drawn(section: Section) -> Iterable[Figure]:
    return (figure for figure in section.figures if section.share(figure) > 0)


def _bar(section: Section, figure: Figure, top: int) -> list[str]:
    share = section.share(figure)
    room = WIDTH - LABEL - 170
    width = max(2, round(min(share, LARGEST) / LARGEST * room))
    kind = "python" if figure.python_cpu_us is not None else "sql"
    colour = COLOURS["limit" if figure.name == section.limit else kind]
    clients = f", {figure.clients} client{'s' if figure.clients > 1 else ''}"
    said = f"{share * 100:.0f} %  ({figure.per_second:,.0f}/s)"
    label = f'<text x="{LABEL - 8}" y="{top + 15}" text-anchor="end">'
    return [
        f"{label}{escape(figure.name)}{clients}</text>",
        f'<rect x="{LABEL}" y="{top}" width="{width}" height="{BAR}" rx="3" fill="{colour}"/>',
        f'<text class="n" x="{LABEL + width + 8}" y="{top + 15}">{escape(said)}</text>',
    ]
