"""Every kind of mail, declared by the app that writes it, and the placeholders of its texts.

A template holds `{name}` of what its kind knows and nothing else: no attribute, no index,
no format. What is put in is never looked at again.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from core.errors import Invalid
from core.jobs.models import Queue
from core.tenancy.context import Context

DEFAULT_LANGUAGE = "en"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

#: Subject and text.
Words = tuple[str, str]
#: Of the id of what a mail is about: what is put in last; None where it is not wanted any more.
Secrets = Callable[[Context, UUID], Mapping[str, str] | None]


@dataclass(frozen=True, slots=True)
class MailKind:
    """`words` by language, with `en` among them.

    `placeholders` are known when it is written, those of `secrets` only when it is handed
    over; these a template must hold. A kind `of_platform` comes from the system itself, in
    its own words.
    """

    name: str
    title: str
    placeholders: tuple[str, ...]
    words: Mapping[str, Words] = field(hash=False)
    secret_placeholders: tuple[str, ...] = ()
    secrets: Secrets | None = None
    queue: Queue = Queue.NORMAL
    of_platform: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        return self.placeholders + self.secret_placeholders


class UnknownKind(LookupError):
    """A mail of a kind that this release does not know."""


_declared: dict[str, MailKind] = {}


def declare(*kinds: MailKind) -> None:
    """Called by each app when it is ready."""
    _declared.update({one.name: one for one in kinds})


def find(name: str) -> MailKind:
    try:
        return _declared[name]
    except KeyError:
        raise UnknownKind(name) from None


def declared() -> list[MailKind]:
    """By name."""
    return [_declared[name] for name in sorted(_declared)]


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with these placeholders filled, once; others stay."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def words_require(kind: MailKind, *, subject: str, text: str) -> None:
    """Raises Invalid for a placeholder that the kind does not know, or a missing one."""
    if not subject.isprintable():
        raise Invalid.field("subject", "One line.")
    _known_require("subject", subject, kind.placeholders)
    _known_require("text", text, kind.known)
    for name in kind.secret_placeholders:
        if f"{{{name}}}" not in text:
            raise Invalid.field("text", f"It must hold {{{name}}}.")


def _known_require(field_name: str, text: str, known: Collection[str]) -> None:
    for name in _PLACEHOLDER.findall(text):
        if name not in known:
            offered = ", ".join(f"{{{one}}}" for one in known)
            raise Invalid.field(field_name, f"Known here: {offered}.")
