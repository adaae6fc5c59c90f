"""What was deleted after a month was archived does not come back with the month."""

from datetime import date
from pathlib import Path
from uuid import UUID

from django.utils import timezone

from core.ids import uuid7
from core.partitions import registry
from core.partitions.archives import archive_make
from core.partitions.restore import partitions_restore
from core.partitions.services import partitions_ensure
from core.partitions.steps import step
from messaging.services.settings import settings_update
from permissions.models import User
from tests.cast import Company, join, new_user
from tests.core.raw import one, raw, rows
from tests.partitions.scratch import at, id_at
from tests.partitions.test_messages import begin, write

MESSAGE, EVENT = "messaging_message", "activity_usageevent"
LONG_AGO = date(2004, 5, 1)
WHEN = at(2004, 5, 20)
LATER = at(2026, 11, 1)


def archived_and_dropped(family: str) -> None:
    tables = next(found for found in registry.families() if found.name == family).tables
    for table in tables:
        archive_make(table=table, month=LONG_AGO, moment=LATER)
    for table in tables:
        assert step("SELECT drop_partition(%s, %s::date)", [table, LONG_AGO]) == [True]


def said(company: Company) -> tuple[list[tuple[str, bool]], int]:
    """Each message, whether it is deleted; and how many former texts there are."""
    with raw(company.tenant_id) as connection:
        return (
            rows(connection, f"SELECT body, deleted_at IS NOT NULL FROM {MESSAGE} ORDER BY id"),
            one(connection, "SELECT count(*) FROM messaging_messagerevision"),
        )


def revise(company: Company, message_id: UUID) -> None:
    with raw(company.tenant_id) as connection:
        connection.execute(
            "INSERT INTO messaging_messagerevision "
            "(tenant_id, id, message_id, body, attachments, replaced_at) "
            "VALUES (%s, %s, %s, 'what it said before', '[]', now())",
            [company.tenant_id, uuid7(), message_id],
        )


def test_a_company_gets_no_text_back_that_it_keeps_no_longer(
    archive_dir: Path, acme: Company, globex: Company
) -> None:
    partitions_ensure(table=MESSAGE, moments=[WHEN])
    for company in (acme, globex):
        revise(company, write(company, begin(company), WHEN, "a secret of old"))
    archived_and_dropped("messaging")
    settings_update(acme.ctx(), values={"kept_months": 24})
    for _ in range(2):  # the second time does nothing
        partitions_restore(family="messaging", month=LONG_AGO, moment=LATER)
        assert said(acme) == ([("", True)], 0)
        assert said(globex) == ([("a secret of old", False)], 1)


def test_events_of_whoever_was_erased_stay_nobodys(archive_dir: Path, acme: Company) -> None:
    partitions_ensure(table=EVENT, moments=[WHEN])
    dan, erin = (join(acme, new_user(name), "accountant") for name in ("dan", "erin"))
    with raw(acme.tenant_id) as connection:
        for user in (dan, erin):
            connection.execute(
                f"INSERT INTO {EVENT} (tenant_id, id, type, user_id, properties, received_at, "
                "is_over_quota) VALUES (%s, %s, 'page_viewed', %s, '{}', now(), false)",
                [acme.tenant_id, id_at(WHEN), user.pk],
            )
    archived_and_dropped("activity")
    User.objects.filter(pk=dan.pk).update(erased_at=timezone.now())
    for _ in range(2):
        partitions_restore(family="activity", month=LONG_AGO, moment=LATER)
        with raw(acme.tenant_id) as connection:
            found = rows(connection, f"SELECT user_id FROM {EVENT} ORDER BY user_id")
        assert found == [(erin.pk,), (None,)]
