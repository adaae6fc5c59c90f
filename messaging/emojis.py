"""What is an emoji: the sequences that Unicode recommends for general interchange.

Source: UTS #51, emoji-test.txt, as the `emoji` library carries it: skin tones,
flags, keycaps and joined sequences included, single modifiers not.
"""

from functools import cache

import emoji

from messaging.errors import NotAnEmoji

VARIATION = "\ufe0f"


@cache
def _qualified() -> dict[str, str]:
    """Each emoji without variation selectors to its fully qualified form."""
    whole = emoji.STATUS["fully_qualified"]
    return {
        text.replace(VARIATION, ""): text
        for text, data in emoji.EMOJI_DATA.items()
        if data["status"] == whole
    }


def emoji_of(text: str) -> str:
    """The emoji in its one form, so that two spellings of it count as one."""
    found = _qualified().get(text.replace(VARIATION, "")) if text else None
    if found is None:
        raise NotAnEmoji
    return found
