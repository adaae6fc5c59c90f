from collections.abc import Iterator

import pytest

from tests.cast import Api, Company, api_of, join, new_user
from tests.live.server import Server, running
from tests.messaging.people import Circle, circle


@pytest.fixture(scope="session")
def live(django_db_setup: None) -> Iterator[Server]:
    """One live process for all tests, of each worker."""
    with running() as server:
        yield server


@pytest.fixture
def talk(acme: Company) -> Circle:
    """Alice and a colleague in one thread."""
    return circle(acme, people=[acme.owner, join(acme, new_user("bob"), "accountant")])


@pytest.fixture
def ann(talk: Circle) -> Api:
    return api_of(talk.company, talk.people[0])


@pytest.fixture
def ben(talk: Circle) -> Api:
    return api_of(talk.company, talk.people[1])
