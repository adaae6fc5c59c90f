"""Pages of a list: keyset cursors by default, numbered pages when asked for.

Doors parse a `PageRequest`; selectors hand it a queryset and get a `Page` back.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import orjson
from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import TupleGreaterThan, TupleLessThan

from core.errors import Invalid
from core.tenancy.context import Context

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
#: Page mode counts and skips rows, so it ends where that gets slow.
PAGE_NUMBER_MAX = 10_000
MAC_BYTES = 9

Row = dict[str, Any]
Narrow = Callable[[QuerySet[Any]], QuerySet[Any]]


def everything(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """The filter that leaves nothing out."""
    return queryset


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page: `cursor` as an earlier page gave it, or `number` in page mode."""

    limit: int = LIMIT_DEFAULT
    cursor: str | None = None
    number: int | None = None
    narrow: Narrow = everything
    ordering: str | None = None
    expand: frozenset[str] = frozenset()
    #: The validated parameters by name, for reports that are no plain filter of rows.
    filters: Row = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether this is just the next rows of a list in its usual order, whole."""
        return (
            self.number is None
            and self.narrow is everything
            and self.ordering is None
            and not self.expand
        )

    def following(self, page: "Page") -> "PageRequest | None":
        """The request for what comes after `page`, in the largest steps; None at the end."""
        if page.next is None or self.number is not None:
            return None
        return replace(self, cursor=str(page.next), limit=LIMIT_MAX)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order; `next` and `previous` are cursors, or page numbers in page mode."""

    rows: list[Any]
    limit: int
    next: str | int | None = None
    previous: str | int | None = None
    number: int | None = None
    total: int | None = None

    def shaped(self, shape: Callable[[Any], Row]) -> "Page":
        """The same page with each row as a client sees it."""
        return replace(self, rows=[shape(row) for row in self.rows])

    @property
    def pagination(self) -> Row:
        shown: Row = {"next": self.next, "previous": self.previous, "limit": self.limit}
        if self.total is not None:
            shown |= {
                "page": self.number,
                "total": self.total,
                "pages": -(-self.total // self.limit),
            }
        return shown


@dataclass(frozen=True, slots=True)
class Order:
    """A total order in one direction: `columns` end in `id`, `descending` applies to all.

    `name` says which list it is, so that a cursor of one list is refused by another.
    """

    name: str
    columns: tuple[str, ...]
    descending: bool = True


def page_of(ctx: Context, queryset: QuerySet[Any], order: Order, asked: PageRequest) -> Page:
    """The page of `queryset` (dict rows holding the order's columns) that was asked for."""
    if asked.number is not None:
        return _numbered_page(queryset, order, asked, asked.number)
    cursor = Cursor(ctx, order)
    place = cursor.place(asked)
    descending = order.descending != place.backwards
    if place.values is not None:
        compare = TupleLessThan if descending else TupleGreaterThan
        queryset = queryset.filter(compare(tuple(F(c) for c in order.columns), place.values))
    rows = list(queryset.order_by(*_direction(order, descending))[: asked.limit + 1])
    return cursor.page(rows, asked, place)


def _numbered_page(queryset: QuerySet[Any], order: Order, asked: PageRequest, number: int) -> Page:
    total = queryset.order_by().count()
    start = (number - 1) * asked.limit
    rows = list(
        queryset.order_by(*_direction(order, order.descending))[start : start + asked.limit]
    )
    return Page(
        rows,
        asked.limit,
        next=number + 1 if start + asked.limit < total else None,
        previous=number - 1 if number > 1 else None,
        number=number,
        total=total,
    )


def _direction(order: Order, descending: bool) -> Sequence[str]:
    return [f"-{column}" if descending else column for column in order.columns]


class Place(NamedTuple):
    """Where a page starts: after (or, backwards, before) these values; None: at the start."""

    backwards: bool
    values: list[Any] | None


START = Place(False, None)


@dataclass(frozen=True, slots=True)
class Cursor:
    """An opaque place in one list of one tenant, signed, so that no other list takes it."""

    ctx: Context
    order: Order

    def place(self, asked: PageRequest) -> Place:
        return self.read(asked.cursor) if asked.cursor else START

    def page(self, rows: list[Row], asked: PageRequest, place: Place) -> Page:
        """A page of rows in the direction of `place`, one more than asked for if there is more."""
        more = len(rows) > asked.limit
        rows = rows[: asked.limit]
        if not rows:
            return Page(rows, asked.limit)
        if place.backwards:
            rows.reverse()
        has_next = more or place.backwards
        has_previous = more if place.backwards else place.values is not None
        return Page(
            rows,
            asked.limit,
            next=self.write(rows[-1], backwards=False) if has_next else None,
            previous=self.write(rows[0], backwards=True) if has_previous else None,
        )

    def write(self, row: Row, *, backwards: bool) -> str:
        values = [row[column] for column in self.order.columns]
        payload = orjson.dumps([backwards, *values], default=str)
        return base64.urlsafe_b64encode(self._mac(payload) + payload).rstrip(b"=").decode()

    def read(self, text: str) -> Place:
        """The place that was written; raises Invalid on anything else."""
        try:
            raw = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        mac, payload = raw[:MAC_BYTES], raw[MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(payload)):
            raise Invalid.field("cursor", "This cursor does not belong to this list.")
        backwards, *values = orjson.loads(payload)
        return Place(backwards, values)

    def _mac(self, payload: bytes) -> bytes:
        order = (
            f"{self.ctx.tenant_id}|{self.order.name}|{self.order.columns}|{self.order.descending}"
        )
        message = order.encode() + payload
        return hmac.digest(settings.SECRET_KEY.encode(), message, "sha256")[:MAC_BYTES]
