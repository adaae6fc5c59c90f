"""A Valkey that these tests may hurt, a proxy before it, and machines that use both."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from core.cache.models import PendingBump
from deploy.valkey import EmbeddedValkey
from tests.cast import Company
from tests.core.cache.machines import Machine, machines
from tests.core.cache.proxy import Proxy
from tests.core.cache.values import Value

PASSWORD = "test"
MODES = ("redis", "memory", "disabled")


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    folder = tmp_path_factory.mktemp("valkey")
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(0o711)  # it may run as another user than we do
    server = EmbeddedValkey(folder, PASSWORD, None, durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis(valkey: EmbeddedValkey) -> Iterator[Redis]:
    """Straight to the server, whatever the proxy does."""
    with Redis.from_url(valkey.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def proxy(valkey: EmbeddedValkey) -> Iterator[Proxy]:
    with Proxy(valkey.port) as started:
        yield started


@pytest.fixture
def machine(tmp_path: Path, redis: Redis, database: None) -> Iterator[Callable[..., Machine]]:
    """`machine(url, board="a")`."""
    PendingBump.objects.all().delete()
    with machines(tmp_path) as new:
        yield new


@pytest.fixture
def through(proxy: Proxy) -> str:
    """The URL of Redis behind the proxy."""
    return url_of(proxy)


def url_of(proxy: Proxy) -> str:
    return f"redis://:{PASSWORD}@127.0.0.1:{proxy.port}/0"


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def here(mode: str, machine: Callable[..., Machine], valkey: EmbeddedValkey) -> Machine:
    """A settled machine in each of the three modes."""
    return machine(valkey.url if mode == "redis" else mode).settle()


@pytest.fixture
def value(acme: Company) -> Value:
    return Value(acme)
