"""What the log holds as text, as PostgreSQL wrote it, in the types of the model's fields."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from django.apps import apps
from django.db import models

Values = dict[str, Any]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


#: The first that fits a field; amounts, days and ids stay text, as the API shows them.
KINDS: tuple[tuple[type[models.Field], Callable[[str], Any]], ...] = (
    (models.BooleanField, lambda text: {"t": True, "f": False}[text]),
    (models.IntegerField, int),
    (models.DateTimeField, _moment),
    (models.JSONField, orjson.loads),
)


def values_shown(table: str, texts: dict[str, Any] | None) -> Values | None:
    """`texts` of a row of `table` by column, in the order of its fields.

    A column that is no more, and a value that is not what the column holds, such as the mask
    of a secret, stay as they are. Lines that came together are under `rows`.
    """
    if texts is None:
        return None
    if isinstance(texts.get("rows"), list):  # lines that came together; alone a value is text
        lines = [dict(zip(texts["columns"], row, strict=True)) for row in texts["rows"]]
        return {"rows": [values_shown(table, line) for line in lines]}
    known = _columns(table)
    ordered = sorted(texts, key=lambda name: known[name][0] if name in known else len(known))
    return {name: _value(texts[name], known.get(name, (0, None))[1]) for name in ordered}


def _value(text: Any, kind: Callable[[str], Any] | None) -> Any:
    if kind is None or not isinstance(text, str):
        return text
    try:
        return kind(text)
    except (KeyError, ValueError):
        return text


@cache
def _columns(table: str) -> dict[str, tuple[int, Callable[[str], Any] | None]]:
    """Column to its place in the table and what makes a value of its text."""
    fields = [
        field
        for model in apps.get_models()
        if model._meta.db_table == table and not model._meta.proxy
        for field in model._meta.concrete_fields
    ]
    return {str(field.column): (place, _kind(field)) for place, field in enumerate(fields)}


def _kind(field: Any) -> Callable[[str], Any] | None:
    return next((kind for known, kind in KINDS if isinstance(field, known)), None)
