"""What the database refuses, said in words.

Each app registers the names of its constraints and triggers with the error
that its service would have raised; this is the second wall, reached by a race
or by raw SQL.
"""

import re
from collections.abc import Callable, Mapping

from django.db import IntegrityError

from core.errors import Conflict, DomainError, Invalid

_refusals: dict[str, Callable[[], DomainError]] = {}

#: Citus appends the number of the shard to a constraint's name.
_SHARD_SUFFIX = re.compile(r"_\d{5,}$")


def register(refusals: Mapping[str, Callable[[], DomainError]]) -> None:
    """Say which error stands for which constraint name. Called when an app is ready."""
    _refusals.update(refusals)


def refusal_of(error: IntegrityError) -> DomainError:
    """The readable error for a violated constraint."""
    diagnostics = getattr(error.__cause__, "diag", None)
    name = _SHARD_SUFFIX.sub("", getattr(diagnostics, "constraint_name", None) or "")
    if name in _refusals:
        return _refusals[name]()
    match getattr(error.__cause__, "sqlstate", ""):
        case "23505":
            return Conflict("A record with these values exists already.")
        case "23503":
            return Invalid("This refers to a record that does not exist, or one still in use.")
        case _:
            return Invalid("The database refused these values.")
