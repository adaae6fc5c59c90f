"""`reads`, `writes` and `downloads`: what an endpoint needs, takes and gives, said once.

The declaration drives the permission check, validation, pagination, the
OpenAPI schema and the tests that walk every endpoint.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django_filters import FilterSet
from rest_framework.serializers import BaseSerializer, Serializer

from core.cache.answers import Answer
from core.cache.namespaces import Namespace

Handler = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The declaration of one method of one view.

    `permission` may hold `{resource}`, filled from the view. `answer` and
    `body` are serializer classes; `answer` describes one row of a list.
    """

    permission: str
    answer: type[Serializer] | None = None
    body: type[Serializer] | None = None
    status: int = 200
    many: bool = False
    filters: type[FilterSet] | None = None
    orderings: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()
    csv: bool = False
    etag: bool = False
    #: Keep the answer as it is sent, per company and address; whoever may ask gets the same.
    cached: Namespace[Answer] | None = None
    transition: bool = False
    idempotent: bool = True
    #: It answers with bytes.
    is_file: bool = False
    #: Every field of a flat body may be left out.
    partial: bool = False
    summary: str = ""

    @property
    def is_conditional(self) -> bool:
        """Whether its answers carry an ETag."""
        return self.etag or self.cached is not None

    @property
    def filter_names(self) -> frozenset[str]:
        return frozenset(self.filters.base_filters if self.filters else ())

    @property
    def needs_parameters(self) -> bool:
        """Whether a parameter is required, so that leaving all of them out is an error."""
        declared = self.filters.base_filters.values() if self.filters else ()
        return any(one.extra.get("required") for one in declared)

    @property
    def answer_fields(self) -> list[str]:
        """The fields of the answer, or of one row of a list."""
        return list(self.answer._declared_fields) if self.answer else []

    @property
    def csv_columns(self) -> list[str]:
        """The flat fields of one row of a list, or of a report's `rows`."""
        assert self.answer is not None
        row: Any = self.answer
        if not self.many:
            rows: Any = row._declared_fields["rows"]
            row = type(rows.child)
        declared = row._declared_fields.items()
        return [name for name, field in declared if not isinstance(field, BaseSerializer)]

    def permission_of(self, view: Any) -> str:
        return self.permission.format(resource=getattr(view, "resource", ""))


def reads(
    permission: str, answer: type[Serializer] | None = None, **declared: Any
) -> Callable[[Handler], Handler]:
    """A GET. With `many=True` the method receives a `PageRequest` and returns a `Page`;
    otherwise it returns one JSON-ready mapping."""
    endpoint = Endpoint(permission, answer, **declared)

    def decorate(method: Handler) -> Handler:
        @functools.wraps(method)
        def handler(view: Any, request: Any, **kwargs: Any) -> Any:
            if endpoint.many:
                return view.answer_list(
                    request, endpoint, functools.partial(method, view, **kwargs)
                )
            return view.answer_one(request, endpoint, functools.partial(method, view, **kwargs))

        handler.endpoint = endpoint  # type: ignore[attr-defined]
        return handler

    return decorate


def writes(
    permission: str, answer: type[Serializer] | None = None, **declared: Any
) -> Callable[[Handler], Handler]:
    """A POST, PATCH or DELETE. The method receives the validated body and returns one
    JSON-ready mapping, or None for 204."""
    endpoint = Endpoint(permission, answer, **declared)

    def decorate(method: Handler) -> Handler:
        @functools.wraps(method)
        def handler(view: Any, request: Any, **kwargs: Any) -> Any:
            return view.answer_write(request, endpoint, functools.partial(method, view, **kwargs))

        handler.endpoint = endpoint  # type: ignore[attr-defined]
        return handler

    return decorate


def downloads(permission: str, **declared: Any) -> Callable[[Handler], Handler]:
    """A GET whose method returns a `Download`."""
    endpoint = Endpoint(permission, is_file=True, **declared)

    def decorate(method: Handler) -> Handler:
        @functools.wraps(method)
        def handler(view: Any, request: Any, **kwargs: Any) -> Any:
            return view.answer_file(request, endpoint, functools.partial(method, view, **kwargs))

        handler.endpoint = endpoint  # type: ignore[attr-defined]
        return handler

    return decorate
