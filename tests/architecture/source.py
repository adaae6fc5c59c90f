"""The project's own source, parsed: what the tests of rooms and sizes look at."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("core", "permissions", "activity", "messaging", "accounting", "erp")


@dataclass(frozen=True)
class Module:
    """One file: `name` is dotted, `app` the first part, `room` what it is inside its app."""

    path: Path
    name: str
    tree: ast.Module

    @property
    def app(self) -> str:
        return self.name.split(".")[0]

    @property
    def package(self) -> str:
        """The Django app: `core.api` and its siblings are each one."""
        parts = self.name.split(".")
        return ".".join(parts[:2]) if parts[0] == "core" else parts[0]

    @property
    def room(self) -> str:
        inside = self.name.removeprefix(self.package).lstrip(".")
        return inside.split(".")[0]

    @property
    def lines(self) -> int:
        return len(self.path.read_text(encoding="utf-8").splitlines())

    def imports(self) -> Iterator[str]:
        """Dotted names of what is imported, anywhere in the file."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def attributes(self) -> Iterator[tuple[str, int]]:
        """Names after a dot, with their lines."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute):
                yield node.attr, node.lineno

    def functions(self) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
        """Every function with its dotted name in the module."""
        yield from _functions(self.tree, "")

    def classes(self) -> Iterator[ast.ClassDef]:
        yield from (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))


def _functions(
    node: ast.AST, prefix: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}{child.name}"
            if not isinstance(child, ast.ClassDef):
                yield name, child
            yield from _functions(child, f"{name}.")
        else:
            yield from _functions(child, prefix)


@cache
def modules(*packages: str) -> tuple[Module, ...]:
    """The modules of these packages (of the apps by default), without migrations."""
    found = []
    for package in packages or APPS:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                relative = path.relative_to(ROOT).with_suffix("")
                name = ".".join(relative.parts).removesuffix(".__init__")
                tree = ast.parse(path.read_text(encoding="utf-8"))
                found.append(Module(path, name, tree))
    return tuple(found)
