"""Every permission code, `module.page.action`, declared by the app that asks for it.

Two kinds: codes that the roles of a tenant may grant, and the platform's own,
which only `User.is_platform_admin` holds and no role can.
"""

from collections.abc import Iterable
from dataclasses import dataclass

Pages = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Code:
    """A declared code, and whether it is the platform's."""

    module: str
    page: str
    action: str
    is_platform: bool

    def __str__(self) -> str:
        return f"{self.module}.{self.page}.{self.action}"


@dataclass(frozen=True, slots=True)
class Duty:
    """Two codes that one person had better not hold both, and what he could do with them."""

    name: str
    first: str
    second: str
    why: str


_declared: dict[str, Code] = {}
_duties: dict[str, Duty] = {}


def declare(module: str, pages: Pages, *, platform: Pages | None = None) -> None:
    """Called by each app when it is ready: its pages and the actions on each."""
    for kind, declared in ((False, pages), (True, platform or {})):
        for page, actions in declared.items():
            codes = [Code(module, page, action, is_platform=kind) for action in actions]
            _declared.update({str(code): code for code in codes})


def declare_duties(*duties: Duty) -> None:
    """Called by each app when it is ready: what it wants to be done by two people."""
    _duties.update({duty.name: duty for duty in duties})


def declared() -> list[Code]:
    """Everything declared, by code."""
    return [_declared[code] for code in sorted(_declared)]


def duties() -> list[Duty]:
    """The duties to be kept apart, by name."""
    return [_duties[name] for name in sorted(_duties)]


def all_codes() -> frozenset[str]:
    """Of both kinds."""
    return frozenset(_declared)


def tenant_codes() -> frozenset[str]:
    """What roles may grant and super admins may hold."""
    return frozenset(name for name, code in _declared.items() if not code.is_platform)


def platform_codes() -> frozenset[str]:
    """What the platform's admins hold, and nobody else."""
    return frozenset(name for name, code in _declared.items() if code.is_platform)


def modules() -> list[str]:
    """The modules that a super admin may be given, sorted."""
    return sorted({code.module for code in _declared.values() if not code.is_platform})


def codes_of_modules(modules: Iterable[str]) -> frozenset[str]:
    """Every code of every page of these modules, without the platform's."""
    wanted = set(modules)
    return frozenset(code for code in tenant_codes() if code.partition(".")[0] in wanted)


#: The role that can always give back what was taken: its last holder stays, and so do its
#: codes of GOVERNING_MODULE.
OWNER = "owner"
GOVERNING_MODULE = "permissions"

#: Pages that everybody works with: what the two lesser roles hold codes of.
BOOKS = ("accounting.",)
MAILS = ("mail.mails.",)
CONVERSATIONS = ("messaging.threads.", "messaging.messages.")

#: The roles that every tenant starts with, by what they may do.
ROLE_TEMPLATES = {
    OWNER: lambda code: True,
    "accountant": lambda code: code.startswith(BOOKS + CONVERSATIONS + MAILS),
    "viewer": lambda code: (
        code.startswith(BOOKS + CONVERSATIONS) and code.endswith((".view", ".print"))
    ),
}


def codes_of_template(role: str, among: Iterable[str] | None = None) -> list[str]:
    """The codes (of `among`) that a freshly seeded role holds, sorted; never the platform's."""
    codes = tenant_codes() if among is None else tenant_codes().intersection(among)
    return sorted(filter(ROLE_TEMPLATES[role], codes))


def governing_codes() -> frozenset[str]:
    """What the role `owner` never loses."""
    return codes_of_modules([GOVERNING_MODULE])
