"""From a paper to the bytes of its PDF/A-3b. Takes 30 to 1,000 ms of a processor."""

from collections.abc import Callable
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst
from django.conf import settings

from core.json import dumps
from core.printing.glyphs import plain, printable
from core.printing.paper import Paper

LAYOUT = (Path(__file__).parent / "paper.typ").read_bytes()
STANDARD: Any = ["a-3b"]
#: One sign as it would be printed.
PROBE = b'#set text(font: "Libertinus Serif")\n#json("data.json")'
SIGNS_REMEMBERED = 20_000


def pdf_of(paper: Paper) -> bytes:
    """The file. What it says is data to the layout, so no text can be a command in it."""
    said = _said(paper, lambda text: printable(text, has_sign))
    try:
        return _printed(paper, said)
    except typst.TypstError:  # signs that each can be shown, and together cannot
        return _printed(paper, _said(paper, lambda text: plain(printable(text, has_sign))))


def _said(paper: Paper, shown: Callable[[str], str]) -> bytes:
    """What the layout is told, as JSON; bytes of pictures and files as numbers."""

    def of(value: Any) -> Any:
        if isinstance(value, str):
            return shown(value)
        if isinstance(value, bytes):
            return list(value)
        if isinstance(value, dict):
            return {name: of(one) for name, one in value.items()}
        return [of(one) for one in value] if isinstance(value, list | tuple) else value

    return dumps(of(asdict(paper) | {"made_at": None}))


def _printed(paper: Paper, said: bytes) -> bytes:
    files = {"main.typ": LAYOUT, "data.json": said}
    return _compiled(files, timestamp=int(paper.made_at.timestamp()))


@lru_cache(maxsize=SIGNS_REMEMBERED)
def has_sign(one: str) -> bool:
    """Whether a font of this machine has it: asked by printing it alone."""
    try:
        _compiled({"main.typ": PROBE, "data.json": dumps(one)}, timestamp=0)
    except typst.TypstError:
        return False
    return True


def _compiled(files: dict[str, bytes], *, timestamp: int) -> bytes:
    compiler: Any = _compiler()
    made: bytes = compiler.compile(
        files, format="pdf", pdf_standards=STANDARD, timestamp=timestamp, pdf_tags=True
    )
    return made


@cache
def _compiler() -> typst.Compiler:
    """One for each process, made in the process that uses it: it has threads.

    It sees no file but those it is given: its root and its packages are nowhere. The
    machine's own fonts are left out, so that every machine prints the same.
    """
    fonts = typst.Fonts(
        include_system_fonts=False, font_paths=[str(one) for one in settings.PRINTING_FONT_DIRS]
    )
    with TemporaryDirectory() as nowhere:  # which is gone when the first paper is printed
        return typst.Compiler(
            font_paths=fonts, root=nowhere, package_path=nowhere, package_cache_path=nowhere
        )
