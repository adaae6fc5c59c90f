from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from tests.partitions.scratch import scratch_tables


@pytest.fixture(scope="module", autouse=True)
def _alone(own_database: None) -> None:
    """Archives are made company by company."""


@pytest.fixture
def scratch(database: None) -> Iterator[None]:
    with scratch_tables():
        yield


@pytest.fixture
def archive_dir(tmp_path: Path) -> Iterator[Path]:
    with override_settings(PARTITION_ARCHIVE_DIR=str(tmp_path / "archive"), PARTITION_DROP=True):
        yield tmp_path / "archive"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two attempts with hardly a pause, for tests that want to be refused."""
    monkeypatch.setattr("core.partitions.steps.PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("core.partitions.steps.ATTEMPTS_MAX", 2)
