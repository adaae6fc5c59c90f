"""The database of the tests, and the cast.

Tests commit for real, as the application's role: each opens companies of its
own, and tenant isolation keeps it from seeing what the others left behind. So
every test also tests the walls, and nothing is flushed or mocked.
"""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import Api, Company, api_of, join, new_company, new_user
from tests.database import another_copy, build_template, copy_template

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


def pytest_collection() -> None:
    """What is collected stays until the end: looking for garbage among it took a quarter of it."""
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first: begun last, one of them would keep all but one worker waiting."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_blocker: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
) -> Iterator[None]:
    """A migrated template once, and a copy of it for each worker."""
    from django.db import connections

    with django_db_blocker.unblock():
        build_template(tmp_path_factory.getbasetemp(), worker_id)
        copy_template(worker_id)
        yield
        connections.close_all()


@pytest.fixture(autouse=True)
def database(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test may use the database, for real; `tests/deploy` brings its own."""
    if "tests/deploy" in str(request.path):
        yield
        return
    request.getfixturevalue("django_db_setup")
    blocker = request.getfixturevalue("django_db_blocker")
    with blocker.unblock():
        yield


@pytest.fixture(scope="module")
def own_database(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """For modules whose tests visit every company: those of other tests would take minutes."""
    with django_db_blocker.unblock(), another_copy("own"):
        yield


@pytest.fixture
def acme(database: None) -> Company:
    """Alice's company."""
    return new_company(new_user("alice"))


@pytest.fixture
def globex(database: None) -> Company:
    """Charlie's company."""
    return new_company(new_user("charlie"))


@pytest.fixture
def alice(acme: Company) -> Api:
    return api_of(acme, acme.owner)


@pytest.fixture
def bob(acme: Company) -> Api:
    """Alice's colleague, who may only look."""
    return api_of(acme, join(acme, new_user("bob"), "viewer"))


@pytest.fixture
def charlie(globex: Company) -> Api:
    return api_of(globex, globex.owner)


@pytest.fixture
def nobody() -> Api:
    return Api(None)


@pytest.fixture
def shared() -> Path:
    """The folder of real data beside the project; tests that need it skip without."""
    if not SHARED.is_dir():
        pytest.skip("needs the data folder beside the project")
    return SHARED / "data"
