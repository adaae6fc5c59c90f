"""How large a function, a class and a module may grow. Exceptions stand here with their reason."""

import ast

import pytest

from tests.architecture.source import APPS, Module, modules

FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 500
CLASS_METHODS_MAX = 12
KEYWORDS_MAX = 4

CODE = modules(*APPS, "deploy")

#: Functions with more than four keyword-only arguments that are no dataclass, and why.
MANY_KEYWORDS: dict[str, str] = {
    "accounting.services.credits.document_credit": "the body of one endpoint, passed on as it came",
}
LONG_FUNCTIONS: dict[str, str] = {}
LONG_MODULES: dict[str, str] = {}
LARGE_CLASSES: dict[str, str] = {
    "accounting.admin.posting.PostingAdmin": "hooks that Django's admin calls by their names",
}


def label(module: Module) -> str:
    return module.name


def test_functions_are_at_most_seventy_lines() -> None:
    found = {
        f"{module.name}.{name}": size
        for module in CODE
        for name, function in module.functions()
        if (size := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert found.keys() == LONG_FUNCTIONS.keys()


def test_modules_are_at_most_five_hundred_lines() -> None:
    found = {module.name: module.lines for module in CODE if module.lines > MODULE_LINES_MAX}
    assert found.keys() == LONG_MODULES.keys()


def test_classes_have_at_most_twelve_methods() -> None:
    found = {
        f"{module.name}.{cls.name}": size
        for module in CODE
        for cls in module.classes()
        if (size := sum(isinstance(node, ast.FunctionDef) for node in cls.body)) > CLASS_METHODS_MAX
    }
    assert found.keys() == LARGE_CLASSES.keys()


def test_more_than_four_keywords_are_a_dataclass() -> None:
    found = {
        f"{module.name}.{name}": len(function.args.kwonlyargs)
        for module in CODE
        for name, function in module.functions()
        if len(function.args.kwonlyargs) > KEYWORDS_MAX
    }
    assert found.keys() == MANY_KEYWORDS.keys(), found


@pytest.mark.parametrize("module", CODE, ids=label)
def test_every_module_that_does_something_says_what(module: Module) -> None:
    """Short ones whose name says it all are excused: apps, urls, models of one noun."""
    excused = module.lines <= 60 or module.room in {"models", "views", "admin", "management"}
    assert ast.get_docstring(module.tree) or excused
