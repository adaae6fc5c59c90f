"""Texts of people as they can be printed: no controls, and a mark where a font has no sign.

PDF/A refuses a file with a missing sign, so it is looked for before. The fonts that come
with the typesetter hold Latin, Greek, Cyrillic, Hebrew, Arabic, Armenian, Georgian and
Devanagari; `PRINTING_FONT_DIRS` adds others.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable

#: What is printed in place of a sign that no font has.
MISSING = "\N{REPLACEMENT CHARACTER}"
#: Latin, Greek and Cyrillic of living languages, which the fonts have (a test asks them).
PLAIN = re.compile(
    "[\n\x20-\x7e\xa0-\xac\xae-\u024f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u045f]*"
)
#: A text without a place to break is given one after so many characters.
UNBROKEN_MAX = 40
BREAK = "\N{ZERO WIDTH SPACE}"
_UNBROKEN = re.compile(rf"[^\s{BREAK}]{{{UNBROKEN_MAX}}}(?=\S)")
#: Of what is not seen, these join signs; the others would turn what follows them around.
_JOINERS = ("\N{ZERO WIDTH NON-JOINER}", "\N{ZERO WIDTH JOINER}")
_UNSEEN, _LINE_ENDS, _NO_SIGNS = {"Cc", "Cf"}, {"Zl", "Zp"}, {"Cs", "Co", "Cn"}
_MARKS = {"Mn", "Mc", "Me"}

HasSign = Callable[[str], bool]


def printable(text: str, has_sign: HasSign) -> str:
    """`text` with breaks, and without what cannot be shown."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    if not PLAIN.fullmatch(text):
        normal = unicodedata.normalize("NFC", text)
        text = "".join(one if _is_shown(one, has_sign) else MISSING for one in _signs(normal))
    return _UNBROKEN.sub(rf"\g<0>{BREAK}", text)


def plain(text: str) -> str:
    """`text` of what every font has, for what cannot be printed as it is in spite of all care."""
    return "".join(one if PLAIN.fullmatch(one) else MISSING for one in text)


def _is_shown(sign: str, has_sign: HasSign) -> bool:
    """Each part of it, and all together: neither follows from the other."""
    if PLAIN.fullmatch(sign):
        return True
    if any(unicodedata.category(part) in _NO_SIGNS for part in sign):
        return False
    return all(has_sign(part) for part in {*sign, sign})


def _signs(text: str) -> Iterable[str]:
    """Each with the marks that stand on it."""
    sign = ""
    for one in text:
        kind = unicodedata.category(one)
        if kind in _UNSEEN and one != "\n" and one not in _JOINERS:
            continue
        if kind in _MARKS or one in _JOINERS:
            sign += one
            continue
        if sign:
            yield sign
        sign = "\n" if kind in _LINE_ENDS else one
    if sign:
        yield sign
