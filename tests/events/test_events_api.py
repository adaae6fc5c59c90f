"""Following a company's events over the API: whole, in order, and no more than one may know."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from psycopg.types.json import Jsonb

from accounting.events import PaymentPosted
from core.events import catalogue
from core.events.catalogue import INTERNAL
from core.ids import uuid7
from core.jobs.positions import tenant_tail
from core.jobs.purge import outbox_purge
from core.json import dumps
from tests.cast import Api, Company, api_of, join, new_user
from tests.core.raw import one, raw
from tests.database import connect
from tests.events.happening import happen, old_id, write
from tests.messaging.talk import say, talk_of

ODD = """
    INSERT INTO jobs_outboxevent
        (id, tenant_id, actor_id, request_id, name, payload, created_at)
    VALUES (%s, %s, %s, 'test', %s, %s, %s)"""
ROWS = """
    SELECT sequence, id, name, created_at, actor_id, payload::text FROM jobs_outboxevent
    WHERE tenant_id = %s ORDER BY sequence"""


def follow(api: Api, query: str = "", after: int = 0) -> list[dict[str, Any]]:
    """Everything, the way a client does it."""
    found: list[dict[str, Any]] = []
    while True:
        answer = api.ok("GET", f"events/?after={after}{query}")
        found += answer["data"]
        after = answer["next"]
        if not answer["is_more"]:
            return found


def test_a_client_follows_everything_in_order_and_comes_back_for_more(
    acme: Company, alice: Api
) -> None:
    ids = happen(acme.ctx(), times=30)
    told = follow(alice, "&limit=7")
    assert [event["sequence"] for event in told] == list(range(1, len(told) + 1))
    paid = [event for event in told if event["type"] == "payment.posted"]
    assert [event["data"] for event in paid] == [{"payment_id": str(id_)} for id_ in ids]
    assert {event["actor_id"] for event in paid} == {str(acme.owner.pk)}
    more = happen(acme.ctx(), times=2)
    again = follow(alice, after=told[-1]["sequence"])
    assert [event["data"]["payment_id"] for event in again] == [str(id_) for id_ in more]
    assert follow(alice, after=again[-1]["sequence"]) == []


def test_an_answer_holds_what_was_committed_before_it_was_asked(acme: Company, alice: Api) -> None:
    """Although no other process runs here that numbers events."""
    for _ in range(3):
        [payment] = happen(acme.ctx())
        assert follow(alice)[-1]["data"] == {"payment_id": str(payment)}


def test_some_kinds_only(acme: Company, alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    [payment] = happen(acme.ctx())
    journal = alice.ok("POST", "contacts/", {"name": "Client"})["id"]
    asked = "&type=payment.posted,reference_data.changed"
    told = follow(alice, asked)
    assert {event["type"] for event in told} == {"payment.posted", "reference_data.changed"}
    assert [e["data"]["record_id"] for e in told if "noun" in e["data"]][-1] == journal
    # Many answers look at a few numbers each, and none is passed over.
    monkeypatch.setattr("core.events.selectors.SCANNED_MAX", 2)
    assert follow(alice, asked) == told
    assert [e["data"]["payment_id"] for e in follow(alice, "&type=payment.posted")] == [
        str(payment)
    ]


def test_an_answer_is_to_the_byte_what_our_json_would_make_of_its_rows(
    acme: Company, alice: Api
) -> None:
    """It is put together by the database, which writes moments and texts in ways of its own."""
    moments = [
        "2026-01-02 03:04:05+00",
        "2026-01-02 03:04:05.6+01",
        "2026-01-02 03:04:05.000007+00",
    ]
    texts = ['"', "\\", "\n", "é\u2028😀", "</script>"]
    with connect("default") as connection:
        for number, said in enumerate(texts):
            connection.execute(
                ODD, [uuid7(), acme.tenant_id, acme.owner.pk if number % 2 else None,
                      ["payment.posted", 'x"\\\n'][number // 3], Jsonb({"said": said, "n": [1.50]}),
                      moments[number % 3]],
            )  # fmt: skip
    alice.ok("GET", "events/")  # they are given their numbers
    with connect("default") as connection:
        rows = connection.execute(ROWS, [acme.tenant_id]).fetchall()
    assert {row[3].microsecond for row in rows} >= {0, 7, 600_000}
    told = [one.name for one in catalogue.event_types()]
    obvious = dumps(
        {"data": [shaped(told, *row) for row in rows], "next": len(rows), "is_more": False}
    )
    assert alice.get("events/?after=0").content == obvious


def shaped(
    told: list[str], sequence: int, id_: UUID, name: str, at: datetime, actor: UUID, payload: str
) -> dict[str, Any]:
    is_told = name in told
    return {
        "sequence": sequence,
        "id": id_,
        "type": name if is_told else INTERNAL,
        "occurred_at": at,
        "actor_id": actor if is_told else None,
        "data": orjson.Fragment(payload) if is_told else {},
    }


def test_who_writes_to_whom_and_who_logs_in_is_not_told(acme: Company, alice: Api) -> None:
    talk = talk_of(acme)
    say(acme, talk)
    told = follow(alice)
    hidden = [event for event in told if event["type"] == INTERNAL]
    with raw() as connection:
        names = one(
            connection,
            "SELECT array_agg(DISTINCT name) FROM jobs_outboxevent WHERE tenant_id = %s",
            acme.tenant_id,
        )
    assert {"message.sent", "thread.changed", "USER_PERMISSIONS_CHANGED"} <= set(names)
    assert hidden
    assert all((event["data"], event["actor_id"]) == ({}, None) for event in hidden)
    text = str(told)
    assert not any(str(secret) in text for secret in (talk.thread, talk.message))
    for name in ("message.sent", "USER_LOGGED_OUT", INTERNAL):
        assert alice.get(f"events/?type={name}").status_code == 422


def test_nobodys_else_and_only_with_the_right(
    acme: Company, alice: Api, bob: Api, charlie: Api
) -> None:
    [payment] = happen(acme.ctx())
    assert str(payment) not in str(follow(charlie))
    assert bob.get("events/").status_code == 403
    accountant = api_of(acme, join(acme, new_user("ann"), "accountant"))
    assert accountant.get("events/").status_code == 403


def test_who_comes_back_from_before_what_is_kept_is_told_so(acme: Company, alice: Api) -> None:
    now = datetime.now(UTC)
    before = follow(alice)[-1]["sequence"]
    with connect("default") as connection:
        write(connection, acme.tenant_id, old_id(now, days=9))
    happen(acme.ctx())
    outbox_purge(now, awaited=())
    answer = alice.get(f"events/?after={before}")
    assert (answer.status_code, answer.data["error"]["code"]) == (410, "GONE")
    assert f"after={before + 1}" in answer.data["error"]["message"]
    assert len(follow(alice, after=before + 1)) == 1


def test_a_number_that_was_never_given_is_refused(acme: Company, alice: Api) -> None:
    """As by a client whose server was restored from an older copy."""
    follow(alice)
    beyond = tenant_tail(acme.tenant_id).position + 1
    answer = alice.get(f"events/?after={beyond}")
    assert answer.status_code == 422
    assert answer.data["error"]["fields"][0]["name"] == "after"
    for value in ("-1", "1.5", "٣", str(2**63), "x"):
        assert alice.get(f"events/?after={value}").status_code == 422, value
    for value in ("0", "201", "-1"):
        assert alice.get(f"events/?limit={value}").status_code == 422, value


def test_the_catalogue_says_what_is_told(alice: Api, bob: Api) -> None:
    types = {one["type"]: one for one in bob.ok("GET", "events/types/")["data"]}
    assert types[PaymentPosted.name]["fields"] == ["payment_id"]
    assert types.keys() == {one.name for one in catalogue.event_types()}
    assert all(one["description"] for one in types.values())
    assert not {"message.sent", "thread.read", "USER_LOGGED_OUT"} & types.keys()
