"""Conversations in the console: who may look into them, what they show, and what is forgotten."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import structlog
from django.urls import reverse

from core.audit.models import AuditLog
from core.errors import Invalid, StaleVersion
from core.ids import uuid7, uuid7_floor
from messaging.models import Message, MessageRevision, Thread
from messaging.selectors.settings import settings_get
from messaging.services.conversations import conversation_close
from messaging.services.messages import message_delete, message_edit
from messaging.services.reactions import reaction_add
from messaging.services.reads import thread_read
from messaging.services.settings import messages_expire, months_before, settings_update
from messaging.tasks import messages_expire_task
from tests.cast import Company, api_of, join, new_user
from tests.console.desk import Desk, read, staff
from tests.messaging.people import Circle, circle
from tests.permissions import rights

THREAD, THREADS = "messaging_thread_change", "messaging_thread_changelist"
SEARCH = "messaging_search_changelist"
CLOSE, OPEN = "messaging_thread_close", "messaging_thread_open"
RETENTION = "messaging_messagingsettings_changelist"


def thread_of(talk: Circle) -> Thread:
    return read(talk.ctx(), lambda: Thread.objects.get(pk=talk.thread_id))


def desk_with(company: Company, *codes: str) -> Desk:
    return staff(company, role=rights.role_of(company, *codes)["code"])


def said(logs: Any) -> list[tuple[str, str]]:
    """What was logged of looking into conversations, and who did."""
    ours = [one for one in logs if one["event"].startswith("conversation.")]
    return [(one["event"], one["user_id"]) for one in ours]


def test_a_thread_shows_what_was_said_and_became_of_it(acme: Company) -> None:
    talk = circle(acme, subject="Roof of the <b>barn</b>")
    first = talk.say("Tiles or slate?")
    edited = talk.say("Slite")
    message_edit(talk.ctx(), message_id=edited, values={"body": "Slate"})
    gone = talk.say("Never mind")
    message_delete(talk.ctx(), message_id=gone)
    reaction_add(talk.ctx(1), message_id=first, emoji="👍")
    thread_read(talk.ctx(1), thread_id=talk.thread_id)
    desk = staff(acme)
    page = desk.get(THREAD, talk.thread_id)
    for text in ("Tiles or slate?", "Slate", "Slite", "Edited", "👍 1", "bob", "is logged"):
        assert text in page
    assert "Deleted" in page
    assert page.index("Slate") < page.index("Tiles or slate?")
    assert "<b>barn</b>" not in page


def test_a_long_thread_is_paged(acme: Company) -> None:
    talk = circle(acme)
    for number in range(51):
        talk.say(f"Number {number:02}.")
    desk = staff(acme)
    page = desk.get(THREAD, talk.thread_id)
    assert "Number 50." in page
    assert "Number 00." not in page
    cursor = desk.client.get(reverse(f"admin:{THREAD}", args=[talk.thread_id])).context
    older = desk.get(THREAD, talk.thread_id, cursor=cursor["pagination"]["next"])
    assert "Number 00." in older
    desk.get(THREAD, talk.thread_id, cursor="nonsense", status=404)


def test_reading_and_searching_are_logged(acme: Company) -> None:
    talk = circle(acme)
    talk.say("A secret plan")
    desk = staff(acme)
    with structlog.testing.capture_logs() as logs:
        desk.get(THREADS)
        assert not said(logs)
        desk.get(THREAD, talk.thread_id)
        assert "A secret plan" in desk.get(SEARCH, q="secret -tiles")
    me = str(desk.user.pk)
    assert said(logs) == [("conversation.inspected", me), ("conversation.searched", me)]
    assert "Nobody said that" in desk.get(SEARCH, q="secret -plan")
    looks = read(talk.ctx(), lambda: list(AuditLog.objects.filter(action="read").order_by("id")))
    assert {look.actor_id for look in looks} == {desk.user.pk}
    assert [look.new for look in looks] == [
        {"conversation": str(talk.thread_id)},
        {"conversations": "secret -tiles"},
        {"conversations": "secret -plan"},
    ]


def test_who_only_talks_looks_into_nothing(acme: Company) -> None:
    talk = circle(acme)
    talk.say("A secret plan")
    for role in ("viewer", "accountant"):
        desk = staff(acme, role=role)
        assert "Conversations" not in desk.get("index")
        for name in (THREADS, SEARCH, RETENTION):
            desk.get(name, status=403)
        desk.get(THREAD, talk.thread_id, status=403)
        desk.post(CLOSE, talk.thread_id, status=403)
        desk.post(RETENTION, body={"kept_months": "1", "version": "1"}, status=403)
    assert not thread_of(talk).is_closed


def test_governing_threads_is_not_reading_messages(acme: Company) -> None:
    talk = circle(acme)
    talk.say("A secret plan")
    desk = desk_with(acme, "messaging.conversations.view")
    assert "A secret plan" not in desk.get(THREAD, talk.thread_id)
    desk.get(SEARCH, status=403, q="secret")
    desk.post(CLOSE, talk.thread_id, status=403)
    assert "Plans" in desk.get(THREADS)


def test_a_stranger_sees_nothing(acme: Company, globex: Company) -> None:
    talk = circle(acme, subject="Roof")
    talk.say("A secret plan")
    desk = staff(globex)
    assert "Roof" not in desk.get(THREADS)
    assert "secret plan" not in desk.get(SEARCH, q="secret")
    desk.get(THREAD, talk.thread_id, status=302)
    desk.post(CLOSE, talk.thread_id)
    assert "There is no such record" in desk.said()
    desk.post(CLOSE, uuid7())
    assert "There is no such record" in desk.said()
    assert not thread_of(talk).is_closed


def test_threads_are_found_and_filtered(acme: Company) -> None:
    circle(acme, subject="Roof")
    circle(acme, subject="Cellar", visibility="external")
    desk = staff(acme)

    def found(**query: str) -> int:
        return int(desk.client.get(reverse(f"admin:{THREADS}"), query).context["cl"].result_count)

    assert found() == 2
    assert found(q="roo") == 1
    assert found(visibility__exact="external") == 1
    assert found(is_closed__exact="1") == 0


def test_a_thread_is_closed_and_opened_by_who_takes_no_part(acme: Company) -> None:
    talk = circle(acme)
    desk = staff(acme)
    assert reverse(f"admin:{CLOSE}", args=[talk.thread_id]) in desk.get(THREAD, talk.thread_id)
    desk.post(CLOSE, talk.thread_id)
    assert thread_of(talk).is_closed
    assert reverse(f"admin:{OPEN}", args=[talk.thread_id]) in desk.get(THREAD, talk.thread_id)
    desk.post(OPEN, talk.thread_id)
    again = thread_of(talk)
    assert (again.is_closed, again.version) == (False, 3)
    assert conversation_close(talk.ctx(), thread_id=talk.thread_id, is_closed=False).version == 3


# --- what is forgotten --------------------------------------------------------------------


def keep(company: Company, months: int | None, **more: Any) -> Any:
    return settings_update(company.ctx(), values={"kept_months": months}, **more)


def test_retention_is_set_by_form_and_by_api(acme: Company) -> None:
    desk = staff(acme)
    assert "Messages are kept<" in desk.get(RETENTION)
    form = {"_tenant": str(acme.tenant_id), "version": "1"}
    desk.post(RETENTION, body=form | {"kept_months": "12"})
    assert "12 months" in desk.get(RETENTION)
    desk.post(RETENTION, body=form | {"kept_months": "24"}, status=200)  # of an older form
    desk.post(RETENTION, body=form | {"kept_months": "0", "version": "2"}, status=200)
    desk.post(RETENTION, body={"kept_months": "6", "version": "2"}, status=403)
    assert settings_get(acme.ctx()).kept_months == 12
    api = api_of(acme, acme.owner)
    assert api.ok("GET", "messaging/settings/") == {"kept_months": 12, "version": 2}
    changed = api.ok("PATCH", "messaging/settings/", {"kept_months": None}, if_match='"2"')
    assert changed == {"kept_months": None, "version": 3}
    assert api.patch("messaging/settings/", {"kept_months": 121}).status_code == 422
    assert api.patch("messaging/settings/", {"kept_months": 1}, if_match='"2"').status_code == 412


def test_the_settings_of_others_stay(acme: Company, globex: Company) -> None:
    keep(acme, 3)
    assert settings_get(globex.ctx()).kept_months is None
    with pytest.raises(StaleVersion):
        keep(acme, 4, expected_version=1)
    for months in (0, 121):
        with pytest.raises(Invalid):
            keep(acme, months)
    assert keep(acme, 3).version == 2  # nothing was changed


@pytest.mark.parametrize(
    ("moment", "months", "expected"),
    [
        ((2026, 3, 31), 1, (2026, 2, 28)),
        ((2024, 3, 31), 1, (2024, 2, 29)),
        ((2026, 1, 15), 1, (2025, 12, 15)),
        ((2026, 5, 5), 24, (2024, 5, 5)),
    ],
)
def test_months_are_those_of_the_calendar(
    moment: tuple[int, int, int], months: int, expected: tuple[int, int, int]
) -> None:
    assert months_before(datetime(*moment, 9, tzinfo=UTC), months) == datetime(
        *expected, 9, tzinfo=UTC
    )


def texts(company: Company) -> set[str]:
    """Everything that a company's messages say, or said."""

    def all_of_them() -> set[str]:
        said = Message.objects.values_list("body", flat=True)
        before = MessageRevision.objects.values_list("body", flat=True)
        return {*said, *before} - {""}

    return read(company.ctx(), all_of_them)


def later(company: Company, **more: int) -> Any:
    """The company's context some days from now, when today's messages are old."""
    return company.ctx(now=datetime.now(UTC) + timedelta(**more))


def talked(company: Company) -> Circle:
    talk = circle(company)
    edited = talk.say("Said first")
    message_edit(talk.ctx(), message_id=edited, values={"body": "Said then"})
    message_delete(talk.ctx(), message_id=talk.say("Taken back"))
    talk.say("Said last")
    return talk


def test_what_is_old_is_forgotten_and_nothing_else(acme: Company, globex: Company) -> None:
    talk, other = talked(acme), talked(globex)
    before = texts(acme)
    assert before == {"Said first", "Said then", "Taken back", "Said last"}
    assert messages_expire(later(acme, days=400), limit=10) == 0  # nobody asked for it
    keep(acme, 2)
    assert messages_expire(later(acme, days=50), limit=10) == 0
    assert texts(acme) == before
    assert messages_expire(later(acme, days=70), limit=10) == 2
    assert texts(acme) == set()
    assert texts(globex) == before
    assert talk.bodies() == ["", "", ""]
    assert talk.unread(1) == 0
    assert other.unread(1) == 2
    assert messages_expire(later(acme, days=70), limit=10) == 0


def test_it_is_done_in_bounded_steps(acme: Company) -> None:
    talk = circle(acme)
    for number in range(5):
        talk.say(f"Number {number}")
    keep(acme, 1)
    then = later(acme, days=40)
    assert [messages_expire(then, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_the_clock_forgets_company_by_company(
    acme: Company, globex: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    talks = [talked(acme), talked(globex)]
    keep(acme, 1)
    companies = [acme.tenant_id, globex.tenant_id]
    monkeypatch.setattr("messaging.tasks.tenant_ids", lambda: companies)
    monkeypatch.setattr("messaging.services.settings.BATCH", 1)
    assert messages_expire_task() == 0

    def of_tomorrow(moment: datetime) -> UUID:
        return uuid7_floor(moment + timedelta(days=60))

    monkeypatch.setattr("messaging.services.settings.uuid7_floor", of_tomorrow)
    assert messages_expire_task() == 2
    assert texts(acme) == set()
    assert talks[1].bodies() == ["Said then", "", "Said last"]


def test_whoever_takes_part_is_named(acme: Company) -> None:
    eve = join(acme, new_user("eve"), "viewer")
    talk = circle(acme, people=[acme.owner, eve])
    page = staff(acme).get(THREAD, talk.thread_id)
    assert eve.email in page
