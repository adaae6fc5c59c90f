"""Moments come from the database as the driver reads them, only sooner."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import uuid7, uuid_array
from core.tenancy.postgresql.moments import MomentLoader
from tests.core.raw import raw

MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001  bounds of naive ones


def read(sql: str) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        [found] = cursor.fetchone()
    assert isinstance(found, datetime)
    return found


def test_the_connections_use_it() -> None:
    with connection.cursor():
        loader = connection.connection.adapters.get_loader(1184, psycopg.pq.Format.TEXT)
    assert loader is MomentLoader


@settings(deadline=None, database=None)
@given(moment=MOMENTS)
def test_every_moment_comes_back_as_it_went(moment: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, %s::timestamptz", [moment, str(moment)])
        assert cursor.fetchone() == (moment, moment)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/St_Johns", "Africa/Monrovia"])
@pytest.mark.parametrize("style", ["ISO", "German", "Postgres, DMY"])
def test_it_is_the_same_moment_in_utc_whatever_the_session_speaks(zone: str, style: str) -> None:
    moment = datetime(1850, 6, 7, 8, 9, 10, 120_000, tzinfo=UTC)
    settled = f"SET timezone = '{zone}'; SET datestyle = '{style}'"
    with connection.cursor() as cursor:
        cursor.execute("SHOW timezone")
        [usual] = cursor.fetchone()
        cursor.execute(settled)
        try:
            cursor.execute("SELECT '1850-06-07 08:09:10.12+00'::timestamptz")
            [found] = cursor.fetchone()
        except (psycopg.Error, NotImplementedError):
            assert style != "ISO"  # which is all that the driver reads
        else:
            assert (found, found.utcoffset()) == (moment, timedelta(0))
        finally:
            cursor.execute(f"SET timezone = '{usual}'; SET datestyle = 'ISO'")


def test_what_python_cannot_hold_is_refused_and_not_guessed() -> None:
    for text in ("infinity", "10000-01-01 00:00+00", "0044-03-15 00:00+00 BC"):
        with pytest.raises(Exception, match=r"too (large|small)|infinity|BC"):
            read(f"SELECT '{text}'::timestamptz")


def test_ids_as_an_array_are_those_ids() -> None:
    ids = [uuid7() for _ in range(3)]
    with raw() as plain:
        for some in (ids, []):
            [found] = plain.execute("SELECT %s::uuid[]", [uuid_array(some)]).fetchone() or [None]
            assert found == some
