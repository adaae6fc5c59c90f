"""The system does not run as a role that could look past row-level security."""

from collections.abc import Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections

from core.tenancy.checks import application_role_is_confined, role_errors
from core.tenancy.postgresql.base import DatabaseWrapper
from core.tenancy.router import TenancyRouter


@pytest.fixture
def mistaken() -> Iterator[DatabaseWrapper]:
    """A connection that was configured with the owner's URL by mistake."""
    wrapper: DatabaseWrapper = connections["owner"].copy(alias="mistaken")
    wrapper._confined.discard("mistaken")
    yield wrapper
    wrapper.close()


def test_the_application_role_passes_the_check() -> None:
    assert role_errors("default") == []


def test_the_owner_does_not_pass_the_check() -> None:
    [error] = role_errors("owner")
    assert error.id == "tenancy.E001"


def test_the_check_looks_at_every_database_but_the_owners() -> None:
    assert application_role_is_confined(databases=["default", "owner"]) == []


def test_the_check_command_stops_a_deployment(
    mistaken: DatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mistaken, "alias", "default")
    monkeypatch.setattr(mistaken, "_confined", {"default"})
    monkeypatch.setattr(connections._connections, "default", mistaken)
    with pytest.raises(SystemCheckError, match=r"tenancy\.E001"):
        call_command("check", databases=["default"])


def test_a_connection_of_a_role_that_could_bypass_is_refused(mistaken: DatabaseWrapper) -> None:
    with pytest.raises(ImproperlyConfigured, match="could bypass"):
        mistaken.connect()


def test_it_is_refused_the_second_time_too(mistaken: DatabaseWrapper) -> None:
    """The first refusal must not leave an open connection behind."""
    for _ in range(2):
        with pytest.raises(ImproperlyConfigured), mistaken.cursor() as cursor:
            cursor.execute("SELECT 1")


def test_the_owners_alias_migrates_and_no_other() -> None:
    router = TenancyRouter()
    assert router.allow_migrate("owner", "accounting")
    assert not router.allow_migrate("default", "accounting")
