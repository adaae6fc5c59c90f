"""These tests start servers of their own: what the suite runs against must not be used instead."""

import os
from collections.abc import Iterator

import pytest

SERVERS = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_BACKUP_URL", "REDIS_URL")


@pytest.fixture(scope="module")
def no_servers_named() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in SERVERS:
            patch.delenv(name, raising=False)
        assert not set(SERVERS) & set(os.environ)
        yield
