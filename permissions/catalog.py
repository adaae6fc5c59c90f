"""Every permission code, `module.page.action`, declared by the app that asks for it."""

from collections.abc import Iterable

_codes: set[str] = set()


def declare(module: str, pages: dict[str, list[str]]) -> None:
    """Called by each app when it is ready: its pages and the actions on each."""
    for page, actions in pages.items():
        _codes.update(f"{module}.{page}.{action}" for action in actions)


def all_codes() -> frozenset[str]:
    return frozenset(_codes)


def codes_of_modules(modules: Iterable[str]) -> frozenset[str]:
    """Every code of every page of these modules."""
    wanted = set(modules)
    return frozenset(code for code in _codes if code.partition(".")[0] in wanted)


#: The roles that every tenant starts with, by what they may do.
ROLE_TEMPLATES = {
    "owner": lambda code: True,
    "accountant": lambda code: code.startswith("accounting."),
    "viewer": lambda code: code.startswith("accounting.") and code.endswith(".view"),
}


def codes_of_template(role: str) -> list[str]:
    """The codes that a freshly seeded role holds, sorted."""
    return sorted(filter(ROLE_TEMPLATES[role], all_codes()))
