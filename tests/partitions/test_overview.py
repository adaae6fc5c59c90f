"""What people and machines are told of partitions: the console's page, gauges, readiness."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from core.partitions.services import partitions_ensure, partitions_maintain
from permissions.models import User
from tests.cast import Company
from tests.console.desk import staff
from tests.partitions.scratch import at, say


def test_only_the_platforms_admins_see_the_page(acme: Company) -> None:
    staff(acme).get("partitions", status=403)
    desk = staff(acme)
    User.objects.filter(pk=desk.user.pk).update(is_platform_admin=True)
    page = desk.get("partitions")
    assert "messaging_message_p" in page
    assert "12 months ahead" in page
    assert '<rect x="0"' in page


def test_the_page_shows_archives_and_what_was_dropped(
    scratch: None, archive_dir: Path, acme: Company
) -> None:
    partitions_ensure(table="scratch_said", moments=[at(2024, 5, 1)])
    say(acme.tenant_id, at(2024, 5, 1))
    partitions_maintain(moment=at(2026, 11, 1))
    desk = staff(acme)
    User.objects.filter(pk=desk.user.pk).update(is_platform_admin=True)
    page = desk.get("partitions")
    assert "Archived and dropped" in page
    assert "scratch_said_p2024_05" in page


def test_gauges_tell_months_size_and_rows_of_each_table() -> None:
    metrics = Client().get("/metrics").content.decode()
    assert 'erp_partitions_months_ahead{table="messaging_message"} 12.0' in metrics
    for gauge in ("count", "bytes", "rows"):
        assert f'erp_partitions_{gauge}{{table="messaging_messageread"}}' in metrics


@pytest.mark.parametrize(("months", "state"), [(12, "ok"), (2, "ok"), (1, "1 months ahead")])
def test_readiness_is_degraded_below_two_months(monkeypatch: Any, months: int, state: str) -> None:
    monkeypatch.setattr("core.ops.watch.months_ahead_least", lambda now: months)
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["partitions"] == state
    assert state == "ok" or answer.json()["status"] == "degraded"
