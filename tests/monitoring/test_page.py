"""The console's page of the database: for the platform's admins, in few questions."""

import csv
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.ops.monitoring.sections import SECTIONS
from core.ops.monitoring.selectors import VIEWS
from permissions.models import User
from tests.cast import Company
from tests.console.desk import Desk, staff
from tests.core.raw import Connection, raw
from tests.monitoring.looking import LOOKED, scratch, seen
from tests.monitoring.test_locks import Waiting, grab, session, until


def platform_admin(company: Company) -> Desk:
    desk = staff(company)
    User.objects.filter(pk=desk.user.pk).update(is_platform_admin=True)
    return desk


def shown_slow(company: Company, desk: Desk, slow: str, word: str) -> str:
    """The page once it shows this statement; others on the server may be slower, or forget it."""

    def page_with_it() -> str:
        desk.post("database")  # counted anew: what was slow before takes no place
        with raw(company.tenant_id) as app:
            app.execute(slow)  # type: ignore[arg-type]
        page: str = desk.get("database")
        return page if word in page else ""

    found: str = until(page_with_it)
    return found


@pytest.mark.parametrize("page", ["database", "database_locks"])
def test_only_the_platforms_admins_see_the_pages(acme: Company, page: str) -> None:
    staff(acme).get(page, status=403)
    assert "/login/" in Client().get(reverse(f"admin:{page}")).headers["Location"]
    assert "/admin/database/" not in staff(acme).get("index")
    assert "/admin/database/" in platform_admin(acme).get("index")


def test_a_companys_owner_forgets_no_statements(acme: Company) -> None:
    staff(acme).post("database", status=403)


def test_the_page_shows_statements_tables_and_indexes(monitor: Connection, acme: Company) -> None:
    slow = "SELECT pg_sleep(0.15) AS slow_shown, count(*) FROM accounting_contact"
    with scratch() as owner:
        owner.execute(f"CREATE INDEX looked_name ON {LOOKED} (name)")
        owner.execute(f"CREATE INDEX looked_twin ON {LOOKED} (name)")
        page = shown_slow(acme, platform_admin(acme), slow, "slow_shown")
    assert "accounting_contact" in page
    assert "duplicate of looked_name, unused" in page
    assert "<rect" in page
    assert all(section.title in page for section in SECTIONS)
    assert str(acme.tenant_id) not in page.replace(f'value="{acme.tenant_id}"', "")


def test_the_page_asks_each_view_once(monitor: Connection, acme: Company) -> None:
    desk = platform_admin(acme)
    desk.get("database")
    asked, own = (CaptureQueriesContext(connections[name]) for name in ("monitor", "default"))
    with asked, own:
        desk.get("database")
    assert len(asked) == len(SECTIONS) + 1
    with CaptureQueriesContext(connections["default"]) as cache:
        desk.get("cache")
    assert len(own) == len(cache)  # nothing for itself, only what every page asks


def test_a_waiting_session_is_on_the_live_page(monitor: Connection, acme: Company) -> None:
    desk = platform_admin(acme)
    assert "Nothing yet" in desk.get("database_locks")
    with session(acme, "month end") as holder:
        grab(acme, holder, "x")
        waiting = Waiting(acme, "posting")
        until(lambda: seen(monitor, "v_locks", pid=waiting.pid))
        page = desk.get("database_locks")
    waiting.join(20)
    assert "(posting)" in page
    assert "month end, idle in transaction" in page
    assert 'http-equiv="refresh"' in page


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_is_a_file(monitor: Connection, acme: Company, view: str) -> None:
    desk = platform_admin(acme)
    answer = desk.client.get(reverse("admin:database"), {"csv": view})
    assert answer["Content-Type"] == "text/csv"
    lines = list(csv.DictReader(answer.content.decode().splitlines()))
    if view in ("v_table_access_patterns", "v_index_use", "v_partitions"):
        assert {"messaging_message", "messaging_messageread"} <= {x["table_name"] for x in lines}
    staff(acme).get("database", csv=view, status=403)


def test_a_file_of_anything_else_is_not_found(monitor: Connection, acme: Company) -> None:
    platform_admin(acme).get("database", csv="permissions_user", status=404)


def test_statements_are_counted_anew_by_a_button(monitor: Connection, acme: Company) -> None:
    slow = "SELECT pg_sleep(0.15) AS slow_forgotten, count(*) FROM accounting_payment"
    desk = platform_admin(acme)
    shown_slow(acme, desk, slow, "slow_forgotten")
    desk.post("database")
    assert "counted anew" in desk.said()
    assert "slow_forgotten" not in desk.get("database")


def test_without_a_connection_the_page_says_what_is_missing(
    acme: Company, monkeypatch: Any
) -> None:
    monkeypatch.delitem(settings.DATABASES, "monitor", raising=False)
    desk = platform_admin(acme)
    assert "Monitoring is not connected" in desk.get("database")
    desk.get("database", csv="v_locks", status=503)
    desk.post("database")
    assert "DATABASE_MONITOR_URL is not set" in desk.said()
    assert "erp_database_lock_waits" not in Client().get("/metrics").content.decode()


def test_a_connection_that_fails_spoils_neither_page_nor_metrics(
    monitor: Connection, acme: Company, monkeypatch: Any
) -> None:
    connections["monitor"].close()
    monkeypatch.setitem(connections["monitor"].settings_dict, "PASSWORD", "wrong")
    desk = platform_admin(acme)
    assert "PostgreSQL did not answer" in desk.get("database")
    assert "erp_partitions_bytes" in Client().get("/metrics").content.decode()


def test_without_statements_the_page_says_why(
    monitor: Connection, superuser: Connection, acme: Company
) -> None:
    superuser.execute("DROP EXTENSION pg_stat_statements")
    try:
        page = platform_admin(acme).get("database")
    finally:
        superuser.execute(
            "CREATE EXTENSION pg_stat_statements; GRANT EXECUTE ON FUNCTION "
            "pg_stat_statements_reset(oid, oid, bigint, boolean) TO erp_monitor"
        )
    assert "Statements are not created: this database lacks" in page
    assert "What indexes are good for" in page
