"""A namespace of cached values: `get` what is still true, `bump` what no longer is."""

from collections.abc import Callable
from typing import Generic, TypeVar
from uuid import UUID

V = TypeVar("V")
Scope = UUID | str


class Namespace(Generic[V]):
    def __init__(self, name: str) -> None:
        self.name = name

    def get(self, scope: Scope, key: str, load: Callable[[], V]) -> V:
        return load()

    def bump(self, *scopes: Scope) -> None:
        """Within a transaction: once it commits, nobody reads what was cached before."""
