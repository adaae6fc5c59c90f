"""Every endpoint as the URLconf and its declarations tell it; writes `docs/endpoints.md`.

python -m deploy.shell -- python -m tests.architecture.endpoint_table
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "endpoints.md"
PREFIX = "api/v1/"

HEAD = """# Endpoints

Written by `python -m deploy.shell -- python -m tests.architecture.endpoint_table`; a test compares
it with the URLconf. `public`: anybody; `authenticated`: whoever is logged in, for himself.

| method | path | permission | takes | gives | says |
|---|---|---|---|---|---|
"""


class Row(NamedTuple):
    method: str
    path: str
    permission: str
    takes: str
    gives: str
    summary: str


def endpoints() -> list[Row]:
    """Every method of every address below `/api/v1/`, in the order of the paths."""
    return sorted(_rows())


def addresses() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """(path with `{id}`, view class, what the address tells the view) below `/api/v1/`."""
    from django.urls import get_resolver

    for path, callback in _patterns(get_resolver().url_patterns, ""):
        if path.startswith(PREFIX):
            shown = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)
            yield shown, callback.view_class, callback.view_initkwargs


def table() -> str:
    lines = (f"| {' | '.join(cell or ' ' for cell in row)} |\n" for row in endpoints())
    return HEAD + "".join(lines)


def _patterns(patterns: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            if PREFIX.startswith(path) or path.startswith(PREFIX):
                yield from _patterns(pattern.url_patterns, path)
        else:
            yield path, pattern.callback


def _rows() -> Iterator[Row]:
    from core.api.guards import declared

    for path, view_class, known in addresses():
        for method, endpoint in declared(view_class).items():
            yield Row(
                method,
                path,
                endpoint.permission_of(view_class(**known)),
                _takes(endpoint),
                _gives(endpoint),
                endpoint.summary,
            )


def _takes(endpoint: Any) -> str:
    query = sorted(endpoint.filters.base_filters) if endpoint.filters else []
    query += ["ordering"] if endpoint.orderings else []
    query += ["expand"] if endpoint.expand else []
    query += ["dry_run"] if endpoint.transition else []
    body = [endpoint.body.__name__] if endpoint.body else []
    return ", ".join([*body, *(f"`{name}`" for name in query)])


def _gives(endpoint: Any) -> str:
    answer = endpoint.answer.__name__ if endpoint.answer else ""
    page = "page of " if endpoint.many else ""
    csv = ", CSV" if endpoint.csv else ""
    return f"{endpoint.status} {page}{answer}{csv}".strip()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erp.settings")
    import django

    django.setup()
    TABLE.write_text(table(), encoding="utf-8")


if __name__ == "__main__":
    main()
