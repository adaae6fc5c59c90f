"""What may happen in which room of an app. import-linter sees imports; this sees the rest."""

import ast
import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db.models import ForeignKey, Model

from tests.architecture.source import APPS, Module, modules

#: From the top of the house to its ground.
HOUSE = ("erp", "accounting", "messaging", "activity", "permissions", "core")
#: Apps of one floor, which do not know each other.
SIBLINGS = ({"accounting", "messaging"},)
#: Rooms of another app that may be entered.
OPEN_ROOMS = {"services", "selectors", "models", "events"}
#: Seams that are entered although they are no room: module, who may, why.
SEAMS = {
    "permissions.catalog": (set(APPS), "apps declare their permission codes in it"),
    "permissions.staff": ({"erp"}, "the middleware of the staff console, wired in erp"),
    "permissions.authentication": ({"activity"}, "a token in the body stands for the same callers"),
    "permissions.policy": ({"messaging"}, "the live process asks as a request does"),
    "permissions.tokens": ({"messaging"}, "the same"),
    "messaging.live": ({"erp"}, "served by erp.asgi"),
    "permissions.console": ({"erp"}, "pages at the door of the staff console, wired in erp"),
    "permissions.urls": ({"erp"}, "wired in erp"),
    "accounting.urls": ({"erp"}, "wired in erp"),
    "accounting.admin": ({"erp"}, "pages of the staff console, wired in erp"),
    "permissions.admin": ({"erp"}, "pages of the staff console, wired in erp"),
    "messaging.urls": ({"erp"}, "wired in erp"),
    "activity.urls": ({"erp"}, "wired in erp"),
    "messaging.records": ({"erp"}, "erp registers what threads may be about"),
}
NAMES_REFUSED = ("utils", "helpers", "common", "misc", "manager", "handler", "base_utils")
WRITES = {
    "save", "delete", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create",
    "select_for_update", "update", "adelete", "asave", "acreate",
}  # fmt: skip


def in_rooms(*rooms: str) -> list[Module]:
    return [m for m in modules() if m.room in rooms and m.app != "core"]


def label(module: Module) -> str:
    return module.name


def calls(module: Module) -> Iterator[tuple[str, str, int]]:
    """(what it is called on, method, line) of every method call."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func.value), node.func.attr, node.lineno


# --- doors --------------------------------------------------------------------------

DOORS = in_rooms("views", "tasks")


@pytest.mark.parametrize("module", DOORS, ids=label)
def test_doors_touch_no_rows_and_open_no_transactions(module: Module) -> None:
    touched = [(name, line) for name, line in module.attributes() if name in ("objects", "atomic")]
    assert touched == []
    assert [name for name in module.imports() if name.startswith("django.db")] == []


@pytest.mark.parametrize("module", in_rooms("views"), ids=label)
def test_methods_of_views_are_short(module: Module) -> None:
    """Build the arguments, make one call, shape the answer: 15 lines."""
    long = {
        name: size for name, function in module.functions() if (size := body_lines(function)) > 15
    }
    assert long == {}


@pytest.mark.parametrize("module", in_rooms("tasks"), ids=label)
def test_tasks_are_named_after_their_service_and_short(module: Module) -> None:
    for name, function in module.functions():
        assert name.endswith("_task")
        assert body_lines(function) <= 10
        assert function.args.kwarg, "keyword arguments of a newer version are ignored"


@pytest.mark.parametrize("module", in_rooms("admin"), ids=label)
def test_the_console_opens_no_transactions_and_writes_no_rows(module: Module) -> None:
    """It reads through querysets that Django gives it; it writes through services."""
    assert [line for name, line in module.attributes() if name == "atomic"] == []
    written = [(on, how, line) for on, how, line in calls(module) if how in WRITES - {"update"}]
    assert [w for w in written if "objects" in w[0] or "queryset" in w[0]] == []


@pytest.mark.parametrize("module", in_rooms("serializers"), ids=label)
def test_serializers_fetch_and_save_nothing(module: Module) -> None:
    assert [x for x in module.attributes() if x[0] in ("objects", "select_for_update")] == []
    defined = {name.split(".")[-1] for name, _ in module.functions()}
    assert defined.isdisjoint({"save", "create", "update"})
    bases = {ast.unparse(base) for cls in module.classes() for base in cls.bases}
    assert not {base for base in bases if "ModelSerializer" in base}


@pytest.mark.parametrize("module", in_rooms("urls"), ids=label)
def test_urls_are_addresses_only(module: Module) -> None:
    for node in module.tree.body:
        is_helper = isinstance(node, ast.FunctionDef)
        known = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.Expr
        assert is_helper or isinstance(node, known), ast.unparse(node)
    if module.app != "erp":  # which wires the console, the schema and the metrics as well
        assert all(name.startswith(("django.urls", module.app)) for name in module.imports())


# --- inside -------------------------------------------------------------------------


@pytest.mark.parametrize("module", in_rooms("selectors"), ids=label)
def test_selectors_write_and_lock_nothing(module: Module) -> None:
    written = [
        (on, how, line)
        for on, how, line in calls(module)
        if how in WRITES and not (how == "update" and "objects" not in on)
    ]
    assert written == []
    assert [name for name in module.imports() if ".services" in name] == []
    assert [name for name in module.imports() if name.endswith("transactions.command")] == []


@pytest.mark.parametrize("module", in_rooms("services", "selectors", "models", "events"), ids=label)
def test_the_inside_knows_no_http_and_no_queue(module: Module) -> None:
    outside = (
        "rest_framework", "celery", "kombu", "django_filters", "unfold", "django.contrib.admin",
        "core.api", f"{module.app}.serializers", f"{module.app}.views", f"{module.app}.admin",
        f"{module.app}.tasks", f"{module.app}.filters",
    )  # fmt: skip
    assert [name for name in module.imports() if name.startswith(outside)] == []


@pytest.mark.parametrize("module", in_rooms("services"), ids=label)
def test_services_read_no_clock(module: Module) -> None:
    """Time comes with the context."""
    clocks = {("datetime", "now"), ("date", "today"), ("timezone", "now"), ("time", "time")}
    assert [c for c in calls(module) if (c[0].split(".")[-1], c[1]) in clocks] == []


@pytest.mark.parametrize("module", in_rooms("models"), ids=label)
def test_models_override_nothing_and_send_no_signals(module: Module) -> None:
    defined = {name.split(".")[-1] for name, _ in module.functions()}
    assert defined.isdisjoint({"save", "delete", "clean", "full_clean"})
    assert [name for name in module.imports() if "signals" in name] == []


def test_nobody_listens_to_signals_of_models() -> None:
    heard = [
        f"{module.name}: {name}"
        for module in modules()
        for name in module.imports()
        if name.startswith("django.db.models.signals")
    ]
    assert heard == []


@pytest.mark.parametrize("module", in_rooms("events"), ids=label)
def test_events_know_the_outbox_and_nothing_else(module: Module) -> None:
    ours = {name for name in module.imports() if name.startswith(APPS)}
    assert ours == {"core.jobs.outbox.Event"}


# --- between apps -------------------------------------------------------------------


def crossings() -> Iterator[tuple[Module, str]]:
    """Imports from one app into another; core is a platform, whose modules are all open."""
    for module in modules():
        for name in module.imports():
            target = name.split(".")[0]
            if target in APPS and target not in (module.app, "core"):
                yield module, name


def test_apps_call_down_only() -> None:
    up = [
        f"{module.name} -> {name}"
        for module in modules()
        for name in module.imports()
        if (target := name.split(".")[0]) in HOUSE and HOUSE.index(target) < HOUSE.index(module.app)
    ]
    assert up == []


def test_siblings_do_not_know_each_other() -> None:
    known = [
        f"{module.name} -> {name}"
        for module, name in crossings()
        if any({module.app, name.split(".")[0]} <= floor for floor in SIBLINGS)
    ]
    assert known == []


def test_apps_enter_each_other_through_open_rooms_only() -> None:
    trespassers = []
    for module, name in crossings():
        room = name.split(".")[1]
        callers, _ = SEAMS.get(".".join(name.split(".")[:2]), (set(), ""))
        if room not in OPEN_ROOMS and module.app not in callers:
            trespassers.append(f"{module.name} -> {name}")
    assert trespassers == []


def test_a_view_does_not_use_another_apps_view() -> None:
    assert [
        name for module, name in crossings() if module.room == "views" and ".views" in name
    ] == []


def test_foreign_keys_point_down() -> None:
    """Also those that name their model as text, which no import shows."""

    def floor(model: type[Model]) -> int:
        top = model.__module__.split(".")[0]
        return HOUSE.index(top) if top in HOUSE else len(HOUSE)

    up = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, ForeignKey)
        and floor(model) < len(HOUSE)
        and floor(field.related_model) < floor(model)
    ]
    assert up == []


def test_no_attic() -> None:
    """A module is named after a noun of the domain, not after having nowhere else to go."""
    attics = [m.name for m in modules("deploy", *APPS) if m.name.split(".")[-1] in NAMES_REFUSED]
    assert attics == []


def test_every_app_says_what_it_is_in_twelve_lines() -> None:
    for app in (
        "core.tenancy",
        "core.api",
        "core.jobs",
        "core.ops",
        "core.privacy",
        "permissions",
        "activity",
        "messaging",
        "accounting",
    ):
        [module] = [m for m in modules() if m.name == app]
        text = ast.get_docstring(module.tree) or ""
        assert text, app
        assert len(text.splitlines()) <= 12, app


def test_only_transactions_set_the_tenant() -> None:
    """Nobody else decides whose rows are seen."""
    setters = {
        module.name
        for module in modules()
        if re.search(r"SET LOCAL app\.tenant_id", module.path.read_text(encoding="utf-8"))
    }
    assert setters == {"core.tenancy.transactions"}


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
