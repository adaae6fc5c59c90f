"""The stream as its readers see it: a real process, PostgreSQL and Valkey."""

import http.client
import threading
import time
from typing import Any

import pytest

from core.jobs import positions
from messaging.models import Visibility
from messaging.selectors.live import NAMES
from messaging.services.messages import message_delete, message_edit
from messaging.services.participants import Joining, participant_remove, participants_add
from messaging.services.reactions import reaction_add, reaction_remove
from messaging.services.reads import thread_read
from permissions.services.roles import RoleInput, role_create, role_update
from permissions.services.sessions import sessions_revoke_of
from tests.cast import Api, Company, api_of, join, new_user
from tests.live.listener import PATH, Listener, listening
from tests.live.server import Server
from tests.messaging.people import Circle, circle

THUMB = "👍"


def answer(server: Server, token: str | None, path: str = PATH, **headers: str) -> Any:
    """Status, headers and body of a call that is refused."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        given["Authorization"] = f"Bearer {token}"
    connection.request("GET", path, headers=given)
    response = connection.getresponse()
    found = (
        response.status,
        response.headers,
        response.read(2000) if response.status != 200 else b"",
    )
    connection.close()
    return found


# --- what is told -------------------------------------------------------------------


def test_everything_that_happens_in_a_thread_is_told_in_order(
    live: Server, talk: Circle, ben: Api
) -> None:
    with listening(live, ben.token) as stream:
        message = talk.say("Hello")
        message_edit(talk.ctx(), message_id=message, values={"body": "Hello there"})
        thread_read(talk.ctx(1), thread_id=talk.thread_id)
        reaction_add(talk.ctx(1), message_id=message, emoji=THUMB)
        reaction_remove(talk.ctx(1), message_id=message, emoji=THUMB)
        message_delete(talk.ctx(), message_id=message)
        other = join(talk.company, new_user("eve"), "viewer")
        participants_add(talk.ctx(), thread_id=talk.thread_id, joining=[Joining(other.pk)])
        stream.wait_for("thread.changed")
        told = stream.of(*NAMES)
    assert [one.event for one in told] == [
        "message.sent", "message.edited", "thread.read", "reaction.added", "reaction.removed",
        "message.deleted", "thread.changed",
    ]  # fmt: skip
    assert {one.data["thread_id"] for one in told} == {str(talk.thread_id)}
    assert told[0].data["message_id"] == str(message)
    assert told[0].data["actor_id"] == str(talk.people[0].pk)
    assert told[3].data["emoji"] == THUMB
    assert [one.id for one in told] == sorted({one.id for one in told})
    assert "body" not in str(told)


def test_a_message_is_told_within_a_moment_of_its_commit(
    live: Server, talk: Circle, ben: Api
) -> None:
    with listening(live, ben.token) as stream:
        talk.say("to warm up")
        stream.wait_for("message.sent")
        began = time.monotonic()
        talk.say("now")
        told = stream.wait_for("message.sent", 2)[-1]
    assert told.at - began < 0.7, "it was not woken: it polls every second"


def test_a_stream_begins_with_its_place_and_how_to_come_back(
    live: Server, talk: Circle, ben: Api
) -> None:
    with listening(live, ben.token) as stream:
        headers = stream.response.headers
        assert [one.event for one in stream.told] == ["ready"]
        assert positions.understood(stream.last_id) is not None
    assert headers["Content-Type"].startswith("text/event-stream")
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["X-Request-ID"]


def test_charlie_hears_nothing_of_alices_company(
    live: Server, talk: Circle, ben: Api, charlie: Api, globex: Company
) -> None:
    theirs = circle(globex, people=[globex.owner])
    with listening(live, ben.token) as bens, listening(live, charlie.token) as charlies:
        talk.say("between us")
        bens.wait_for("message.sent")
        last = theirs.say("to himself")
        charlies.wait_for("message.sent")
        assert charlies.messages() == [str(last)]
        assert str(last) not in bens.messages()


def test_a_colleague_who_is_not_in_the_thread_hears_nothing(
    live: Server, talk: Circle, ben: Api
) -> None:
    eve = join(talk.company, new_user("eve"), "owner")
    other = circle(talk.company, people=[talk.people[0], eve])
    with listening(live, api_of(talk.company, eve).token) as stream:
        talk.say("without Eve")
        seen = other.say("with Eve")
        stream.wait_for("message.sent")
        assert stream.messages() == [str(seen)]


def test_whoever_leaves_hears_of_that_and_of_nothing_more(
    live: Server, talk: Circle, ann: Api, ben: Api
) -> None:
    with listening(live, ben.token) as bens, listening(live, ann.token) as anns:
        participant_remove(talk.ctx(), thread_id=talk.thread_id, user_id=talk.people[1].pk)
        bens.wait_for("thread.changed")
        talk.say("He is gone")
        anns.wait_for("message.sent")
        time.sleep(0.2)
        assert bens.messages() == []


def test_guests_hear_of_what_is_external_only(live: Server, acme: Company) -> None:
    """The database lets no guest into an internal thread; this asks for both at once."""
    guest = join(acme, new_user("guest"), "viewer")
    outside = circle(
        acme,
        people=[acme.owner],
        visibility=Visibility.EXTERNAL,
        participants=[Joining(guest.pk, "guest")],
    )
    inside = circle(acme, people=[acme.owner])
    with listening(live, api_of(acme, guest).token) as stream:
        inside.say("between us")
        seen = outside.say("to you")
        stream.wait_for("message.sent")
        assert stream.messages() == [str(seen)]


def test_somebody_who_joins_later_hears_nothing_of_older_messages(
    live: Server, talk: Circle
) -> None:
    old = talk.say("before Eve")
    eve = join(talk.company, new_user("eve"), "accountant")
    participants_add(talk.ctx(), thread_id=talk.thread_id, joining=[Joining(eve.pk)])
    with listening(live, api_of(talk.company, eve).token) as stream:
        reaction_add(talk.ctx(1), message_id=old, emoji=THUMB)
        new = talk.say("Hello Eve")
        stream.wait_for("message.sent")
        assert stream.messages() == [str(new)]
        assert stream.of("reaction.added") == []


# --- typing -------------------------------------------------------------------------


def test_typing_is_told_to_the_others_and_kept_nowhere(
    live: Server, talk: Circle, ann: Api, ben: Api
) -> None:
    with listening(live, ben.token) as bens, listening(live, ann.token) as anns:
        before = positions.place_all()
        assert ann.post(f"threads/{talk.thread_id}/typing/").status_code == 204
        told = bens.wait_for("typing")
        assert told[0].data == {
            "thread_id": str(talk.thread_id),
            "user_id": str(talk.people[0].pk),
        }
        assert anns.of("typing") == []
        assert positions.place_all() == before


def test_nobody_types_in_a_thread_of_others(talk: Circle, charlie: Api) -> None:
    eve = api_of(talk.company, join(talk.company, new_user("eve"), "owner"))
    assert eve.post(f"threads/{talk.thread_id}/typing/").status_code == 404
    assert charlie.post(f"threads/{talk.thread_id}/typing/").status_code == 404


# --- who may ------------------------------------------------------------------------


def test_it_is_refused_without_a_valid_token(live: Server) -> None:
    for token in (None, "", "x" * 43):
        status, headers, body = answer(live, token)
        assert status == 401
        assert headers["WWW-Authenticate"] == 'Bearer realm="api"'
        assert b'"NOT_AUTHENTICATED"' in body


def test_it_is_refused_without_the_permission(live: Server, acme: Company) -> None:
    role = role_create(
        acme.ctx(), role=RoleInput("books", "Books", grants=["accounting.accounts.view"])
    )
    keeper = join(acme, new_user("keeper"), role["code"])
    status, _, body = answer(live, api_of(acme, keeper).token)
    assert (status, b'"FORBIDDEN"' in body) == (403, True)


def test_a_permission_that_is_taken_away_ends_the_stream(live: Server, acme: Company) -> None:
    role = role_create(
        acme.ctx(), role=RoleInput("talk", "Talk", grants=["messaging.messages.view"])
    )
    talker = join(acme, new_user("talker"), role["code"])
    with listening(live, api_of(acme, talker).token) as stream:
        role_update(acme.ctx(), role_id=role["id"], values={"is_active": False})
        stream.wait_end(5)
        assert stream.of("closed")[0].data == {"reason": "forbidden"}


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (f"{PATH}?cursor=1", {}, 422),
        ("/api/v1/threads/", {}, 404),
        (PATH, {"Host": "evil.example"}, 400),
    ],
)
def test_what_is_not_a_stream_is_refused(
    live: Server, ben: Api, path: str, headers: dict[str, str], status: int
) -> None:
    found, _, body = answer(live, ben.token, path, **headers)
    assert found == status
    assert b'"error"' in body


def test_a_revoked_login_hears_nothing_more_and_its_stream_ends(
    live: Server, talk: Circle, ann: Api, ben: Api
) -> None:
    with listening(live, ben.token) as bens, listening(live, ann.token) as anns:
        sessions_revoke_of(talk.ctx(), user_id=talk.people[1].pk)
        began = time.monotonic()
        ended = bens.wait_end(6)
        assert ended - began < 5.0
        assert bens.of("closed")[0].data == {"reason": "revoked"}
        talk.say("without Ben")
        anns.wait_for("message.sent")
        assert bens.messages() == []


def test_one_user_has_ten_streams(live: Server, talk: Circle, ben: Api, ann: Api) -> None:
    streams = [Listener(live, ben.token) for _ in range(10)]
    try:
        assert {one.status for one in streams} == {200}
        status, headers, body = answer(live, ben.token)
        assert (status, headers["Retry-After"]) == (429, "30")
        assert b'"RATE_LIMITED"' in body
        with listening(live, ann.token):
            pass
    finally:
        for one in streams:
            one.close()
    deadline = time.monotonic() + 5
    while (status := answer(live, ben.token)[0]) == 429 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert status == 200, "streams that have ended do not count"


# --- polling ------------------------------------------------------------------------


def test_polling_gives_the_same_as_the_stream(live: Server, talk: Circle, ben: Api) -> None:
    with listening(live, ben.token) as stream:
        after = stream.last_id
        for number in range(5):
            talk.say(str(number))
        thread_read(talk.ctx(1), thread_id=talk.thread_id)
        stream.wait_for("thread.read")
        polled = ben.ok("GET", f"live/poll/?after={after}")
        told = [{"id": x.id, "event": x.event, "data": x.data} for x in stream.of(*NAMES)]
    assert polled["events"] == told
    assert len(told) == 6
    assert (polled["next"] >= told[-1]["id"], polled["is_more"], polled["reset"]) == (
        True, False, False,
    )  # fmt: skip
    assert ben.ok("GET", f"live/poll/?after={polled['next']}")["events"] == []


def test_polling_works_without_any_live_process(talk: Circle, ben: Api, charlie: Api) -> None:
    after = ben.ok("GET", "live/poll/")["next"]
    message = talk.say("Hello")
    [event] = ben.ok("GET", f"live/poll/?after={after}")["events"]
    assert event["data"]["message_id"] == str(message)
    assert charlie.ok("GET", f"live/poll/?after={after}")["events"] == []
    assert ben.get("live/poll/?after=17").status_code == 422


def test_writers_on_both_sides_and_every_event_once(live: Server, talk: Circle, ben: Api) -> None:
    """Several writers at once: nothing is lost, nothing twice, ids only go up."""
    from django.db import connections

    def write(by: int) -> None:
        for number in range(20):
            talk.say(str(number), by=by)
        connections.close_all()

    with listening(live, ben.token) as stream:
        writers = [threading.Thread(target=write, args=[by]) for by in (0, 1, 0)]
        for one in writers:
            one.start()
        for one in writers:
            one.join()
        stream.wait_for("message.sent", 60)
        ids = [one.id for one in stream.of("message.sent")]
        messages = stream.messages()
    assert ids == sorted(set(ids))
    assert messages == sorted(set(messages)), "within a thread, commits are in the order of ids"
