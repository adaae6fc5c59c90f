"""Every endpoint of `/api/v1/`, from the URLconf itself."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from core.api.endpoints import Endpoint
from core.api.guards import declared

PREFIX = "api/v1/"


@dataclass(frozen=True)
class Found:
    """One method of one address such as `invoices/{id}/post/`."""

    method: str
    path: str
    permission: str
    endpoint: Endpoint


def endpoints() -> list[Found]:
    return [found for path, pattern in _patterns() for found in _methods(path, pattern)]


def _patterns() -> Iterator[tuple[str, URLPattern]]:
    for path, pattern in _walk(get_resolver().url_patterns):
        if path.startswith(PREFIX):
            yield re.sub(r"<\w+:(\w+)>", r"{\1}", path.removeprefix(PREFIX)), pattern


def _walk(patterns: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        path = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, path)
        else:
            yield path, pattern


def _methods(path: str, pattern: URLPattern) -> Iterator[Found]:
    view_class: Any = pattern.callback.view_class  # type: ignore[attr-defined]
    view = view_class(**pattern.callback.view_initkwargs)  # type: ignore[attr-defined]
    for method, endpoint in declared(view_class).items():
        yield Found(method, path, endpoint.permission_of(view), endpoint)
