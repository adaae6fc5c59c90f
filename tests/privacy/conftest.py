import pytest


@pytest.fixture(scope="module", autouse=True)
def _alone(own_database: None) -> None:
    """Who was erased is looked for in every row of every table."""
