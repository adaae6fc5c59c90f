"""The table that stands in for Redis: its functions, its stamp, its walls."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections

from core.tenancy.context import Context
from core.tenancy.transactions import command
from permissions import policy
from permissions.services.roles import grant_add, grant_remove
from tests.cast import Company, new_company, new_user
from tests.core.raw import Connection, one, raw, refused, rows
from tests.permissions import rights

VALUE = '{"codes": ["a.b.c"]}'
HELD = "SELECT permissions_held(%s, %s, %s, %s)::text"


def keep(connection: Connection, key: str, seconds: int = 60, value: str = VALUE) -> None:
    connection.execute("SELECT set_cached_permission(%s, %s::jsonb, %s)", [key, value, seconds])


def kept(connection: Connection, key: str) -> Any:
    return one(connection, "SELECT get_cached_permission(%s)", key)


def test_what_is_set_is_got(acme: Company) -> None:
    with raw(acme.tenant_id) as connection:
        keep(connection, "k")
        assert kept(connection, "k") == {"codes": ["a.b.c"]}
        keep(connection, "k", value="[]")
        assert kept(connection, "k") == []
        assert kept(connection, "other") is None
        assert len(rows(connection, "SELECT 1 FROM permission_cache")) == 1


def test_another_company_sees_nothing_of_it(acme: Company, globex: Company) -> None:
    with raw(acme.tenant_id) as connection:
        keep(connection, "k")
    with raw(globex.tenant_id) as connection:
        assert kept(connection, "k") is None
        assert rows(connection, "SELECT 1 FROM permission_cache") == []
        keep(connection, "k", value='"theirs"')
    with raw(acme.tenant_id) as connection:
        assert kept(connection, "k") == {"codes": ["a.b.c"]}


def test_without_a_company_there_is_nothing_and_nothing_is_kept(acme: Company) -> None:
    with raw(acme.tenant_id) as connection:
        keep(connection, "k")
    with raw() as connection:
        assert kept(connection, "k") is None
    with refused(), raw() as connection:
        keep(connection, "k")


def test_what_has_expired_is_not_got_and_is_cleaned(acme: Company, globex: Company) -> None:
    with raw(globex.tenant_id) as connection:
        keep(connection, "k", seconds=-1)
    with raw(acme.tenant_id) as connection:
        keep(connection, "expired", seconds=0)
        keep(connection, "good")
        assert kept(connection, "expired") is None
        assert one(connection, "SELECT cleanup_expired_permission_cache()") == 1
        assert kept(connection, "good") is not None
        assert one(connection, "SELECT cleanup_expired_permission_cache()") == 0
    with raw(globex.tenant_id) as connection:
        assert one(connection, "SELECT cleanup_expired_permission_cache()") == 1


def test_every_change_of_rights_makes_it_void(acme: Company) -> None:
    role = rights.role_of(acme, rights.VIEW)
    with raw(acme.tenant_id) as connection:
        keep(connection, "k")
    grant_remove(acme.ctx(), grant_id=rights.grant_id(acme, role, rights.VIEW))
    with raw(acme.tenant_id) as connection:
        assert kept(connection, "k") is None
        keep(connection, "k")
        assert kept(connection, "k") is not None


def test_a_change_that_was_rolled_back_leaves_it(acme: Company) -> None:
    role = rights.role_of(acme, rights.VIEW)
    with raw(acme.tenant_id) as connection:
        keep(connection, "k")

    @command
    def undone(ctx: Context) -> None:
        grant_remove(ctx, grant_id=rights.grant_id(acme, role, rights.VIEW))
        raise LookupError

    with pytest.raises(LookupError):
        undone(acme.ctx())
    with raw(acme.tenant_id) as connection:
        assert kept(connection, "k") is not None


def test_what_was_computed_before_a_change_and_stored_after_it_is_never_got(
    acme: Company,
) -> None:
    """The slow reader: he took the stamp, computed, and writes when all is over."""
    role = rights.role_of(acme, rights.VIEW)
    with raw(acme.tenant_id) as connection:
        before = one(connection, "SELECT permission_stamp()")
    grant_remove(acme.ctx(), grant_id=rights.grant_id(acme, role, rights.VIEW))
    late = "SELECT set_cached_permission('k', %s::jsonb, 60, %s)"
    with raw(acme.tenant_id) as connection:
        keep(connection, "k", value='"newer"')
        connection.execute(late, [VALUE, before])
        assert kept(connection, "k") is None
        assert one(connection, "SELECT permission_stamp()") > before


def test_a_change_that_is_not_committed_yet_does_not_mix_with_the_value_before_it(
    acme: Company,
) -> None:
    """A reader beside an open change keeps what is true before it, and it is void after it."""
    bob = rights.member_of(acme, rights.VIEW)
    [grant] = _grants_of(acme, bob)

    @command
    def removed(ctx: Context) -> None:
        grant_remove(ctx, grant_id=grant)
        with another_connection():
            assert rights.VIEW in _held(acme, bob)  # and is kept, under the stamp before

    removed(acme.ctx())
    assert rights.VIEW not in _held(acme, bob)


def test_remembered_rights_are_those_of_the_tables(acme: Company) -> None:
    bob = rights.member_of(acme, rights.VIEW)
    for _ in range(2):
        assert _held(acme, bob) == {rights.VIEW}
    with raw(acme.tenant_id) as connection:
        keys = rows(connection, "SELECT cache_key, cache_value->'codes' FROM permission_cache")
    assert keys == [(f"held:{bob.pk}", [rights.VIEW])]
    role = rights.role_of(acme, rights.POST)
    rights.update(acme, bob, role_ids=[role["id"]])
    assert _held(acme, bob) == {rights.POST}
    rights.update(acme, bob, is_active=False)
    assert _held(acme, bob) == frozenset()


def test_who_may_not_enter_is_not_remembered(acme: Company, globex: Company) -> None:
    stranger = globex.owner
    assert _held(acme, stranger) == frozenset()
    with raw(acme.tenant_id) as connection:
        assert rows(connection, "SELECT 1 FROM permission_cache") == []


def test_rights_of_another_company_are_not_looked_up_in_an_open_transaction(
    acme: Company, globex: Company
) -> None:
    with refused(), raw(globex.tenant_id) as connection:
        connection.execute(HELD, [acme.tenant_id, acme.owner.pk, False, 5])


def test_looking_rights_up_leaves_no_company_behind(acme: Company) -> None:
    with raw() as connection:
        connection.execute(HELD, [acme.tenant_id, acme.owner.pk, True, 5])
        assert one(connection, "SELECT coalesce(current_setting('app.tenant_id', true), '')") == ""
        assert rows(connection, "SELECT 1 FROM permissions_grant") == []
    with raw(acme.tenant_id) as connection:
        connection.execute(HELD, [acme.tenant_id, acme.owner.pk, True, 5])
        assert one(connection, "SELECT current_setting('app.tenant_id')") == str(acme.tenant_id)


def test_a_read_only_transaction_reads_without_keeping(acme: Company) -> None:
    with raw(acme.tenant_id) as connection:
        connection.execute("SET TRANSACTION READ ONLY")
        found = one(connection, HELD, acme.tenant_id, acme.owner.pk, True, 5)
        assert found is not None


def test_first_changes_at_once_raise_the_stamp_for_each() -> None:
    """A company that has no stamp yet, and two who make one."""
    company = new_company(new_user("owner"))
    role = rights.role_of(company, rights.VIEW)
    with raw(company.tenant_id) as connection:
        connection.execute("DELETE FROM permissions_permissionstamp")
        keep(connection, "k")
        assert one(connection, "SELECT permission_stamp()") == 0
    grant_add(company.ctx(), role_id=role["id"], code=rights.POST)
    with raw(company.tenant_id) as connection:
        assert one(connection, "SELECT permission_stamp()") > 0
        assert kept(connection, "k") is None


def _held(company: Company, user: Any) -> frozenset[str]:
    """As it is asked while Redis is away."""
    return policy._codes_read(company.tenant_id, user.pk, remembered=True)


def _grants_of(company: Company, user: Any) -> list[Any]:
    with raw(company.tenant_id) as connection:
        found = rows(
            connection,
            "SELECT g.id FROM permissions_grant g JOIN permissions_roleassignment a"
            " ON a.role_id = g.role_id WHERE a.user_id = %s", user.pk,
        )  # fmt: skip
    return [key for [key] in found]


@contextmanager
def another_connection() -> Iterator[None]:
    """As another process would ask: on a connection outside the open transaction."""
    mine = connections["default"]
    connections["default"] = mine.copy()
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = mine
