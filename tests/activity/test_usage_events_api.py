"""Over HTTP: batches, the token of `sendBeacon`, who may read, and what hostile clients send."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.conf import settings
from django.db import connections

from activity.catalogue import TYPES
from activity.services.rollups import usage_days_roll_up, usage_hours_roll_up
from activity.throttles import UsageThrottle
from core.api.throttles import CallerThrottle
from tests.activity.events import ids_of, now, used, viewed
from tests.api.wire import refusal, refused, send
from tests.cast import Api, Company, api_of, join, new_user
from tests.permissions import rights

PATH = "usage-events/"


def told(api: Api, *events: Any) -> Any:
    return api.ok("POST", PATH, {"events": list(events)})


def beacon(body: Any, content_type: str = "text/plain;charset=UTF-8") -> Any:
    """As `navigator.sendBeacon` sends it: no header of ours, and nobody reads the answer."""
    return send(Api(None), "POST", PATH, orjson.dumps(body), content_type)


# --- a batch ----------------------------------------------------------------------------


def test_a_batch_is_answered_one_by_one(alice: Api) -> None:
    event, late = viewed(), viewed(now() - timedelta(days=8))
    answer = alice.post(PATH, {"events": [event, event, late]})
    assert answer.status_code == 202
    body = answer.data
    assert [body[name] for name in ("accepted", "duplicates", "refused")] == [1, 1, 1]
    assert body["quota"] == "ok"
    assert [row["status"] for row in body["results"]] == ["accepted", "duplicate", "refused"]
    assert [row["id"] for row in body["results"]] == [event["id"], event["id"], late["id"]]
    assert body["results"][2]["reason"] == "too_old"


@pytest.mark.parametrize(
    "body",
    [{}, [], "x", *({"events": given} for given in ([], {}, None, "x", [{}] * 501))],
)
def test_what_is_no_batch_is_refused_whole(alice: Api, body: Any) -> None:
    refusal(alice.post(PATH, body), 422)


def test_five_hundred_are_one_batch(alice: Api, acme: Company) -> None:
    assert told(alice, *(viewed() for _ in range(500)))["accepted"] == 500
    assert len(ids_of(acme)) == 500


def test_a_body_that_is_cut_off_is_no_json(alice: Api) -> None:
    text = orjson.dumps({"events": [viewed()]})[:-3]
    refusal(send(alice, "POST", PATH, text), 400)
    refusal(send(alice, "POST", PATH, text, "text/plain"), 400)
    refusal(send(alice, "POST", PATH, b"a=b", "application/x-www-form-urlencoded"), 415)


def test_who_is_not_logged_in_tells_nothing(nobody: Api) -> None:
    refusal(nobody.post(PATH, {"events": [viewed()]}), 401)


# --- the token of a beacon --------------------------------------------------------------


def token_of(api: Api) -> str:
    return str(api.ok("POST", f"{PATH}tokens/")["token"])


def test_a_beacon_comes_as_text_with_its_token_in_the_body(alice: Api, acme: Company) -> None:
    answer = beacon({"token": token_of(alice), "events": [viewed()]})
    assert answer.status_code == 202
    assert len(ids_of(acme)) == 1
    assert alice.ok("GET", PATH)["data"][0]["user_id"] == str(acme.owner.pk)


def test_text_is_taken_from_a_bearer_as_well(alice: Api) -> None:
    body = orjson.dumps({"events": [viewed()]})
    assert send(alice, "POST", PATH, body, "text/plain").status_code == 202


def test_the_token_is_good_for_nothing_else(alice: Api) -> None:
    token = token_of(alice)
    as_bearer = Api(token)
    for path in ("auth/me/", PATH, f"{PATH}summary/", "invoices/"):
        refusal(as_bearer.get(path), 401)
    refusal(as_bearer.post(f"{PATH}tokens/"), 401)
    refusal(beacon_to(f"{PATH}tokens/", {"token": token}), 401, 415)
    refusal(send(Api(None), "GET", PATH, orjson.dumps({"token": token})), 401)


def beacon_to(path: str, body: Any) -> Any:
    return send(Api(None), "POST", path, orjson.dumps(body))


@pytest.mark.parametrize("change", ["first", "last", "short", "long", "other", "none", "type"])
def test_a_token_that_is_not_ours_opens_nothing(alice: Api, change: str) -> None:
    token: Any = token_of(alice)
    token = {
        "first": ("B" if token[0] == "A" else "A") + token[1:],
        "last": token[:-2] + ("B" if token[-2] == "A" else "A") + token[-1],
        "short": token[:-8],
        "long": token + "AAAA",
        "other": "é" * 80,
        "none": "",
        "type": {"token": token},
    }[change]
    refusal(beacon({"token": token, "events": [viewed()]}), 401)


def test_a_token_ends_after_an_hour(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activity.tokens.LIFE", timedelta(seconds=-1))
    refusal(beacon({"token": token_of(alice), "events": [viewed()]}), 401)


def test_a_token_ends_with_the_login(alice: Api, acme: Company) -> None:
    token = token_of(alice)
    alice.ok("POST", "auth/logout/")
    refusal(beacon({"token": token, "events": [viewed()]}), 401)
    assert ids_of(acme) == []


def test_a_token_ends_with_the_membership(acme: Company) -> None:
    bob = join(acme, new_user("bob"), "viewer")
    token = token_of(api_of(acme, bob))
    rights.update(acme, bob, is_active=False)
    refusal(beacon({"token": token, "events": [viewed()]}), 401)


def test_a_token_of_one_company_writes_into_that_one(
    alice: Api, charlie: Api, acme: Company, globex: Company
) -> None:
    beacon({"token": token_of(charlie), "events": [viewed()]})
    assert (len(ids_of(acme)), len(ids_of(globex))) == (0, 1)


def test_a_token_is_in_no_log(
    alice: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[Any] = []
    monkeypatch.setattr("core.ops.middleware.log.info", lambda *a, **k: said.append((a, k)))
    token = token_of(alice)
    beacon({"token": token, "events": [viewed()]})
    beacon({"token": token + "x", "events": [viewed()]})
    assert said
    out = capsys.readouterr()
    assert token[:20] not in repr(said) + out.out + out.err


# --- limits of its own ------------------------------------------------------------------


def test_events_are_throttled_apart_from_work(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "THROTTLE_USAGE_PER_MINUTE", 2)
    monkeypatch.setattr(UsageThrottle, "_counts", {})
    answers = [alice.post(PATH, {"events": [viewed()]}).status_code for _ in range(3)]
    assert answers == [202, 202, 429]
    assert alice.get("accounts/").status_code == 200
    monkeypatch.setattr(settings, "THROTTLE_USAGE_PER_MINUTE", 100)
    monkeypatch.setattr(settings, "THROTTLE_USER_PER_MINUTE", 0)
    monkeypatch.setattr(CallerThrottle, "_counts", {})
    assert alice.get("accounts/").status_code == 429
    assert alice.post(PATH, {"events": [viewed()]}).status_code == 202


# --- hostile properties -----------------------------------------------------------------

HOSTILE: list[tuple[str, Any, str]] = [
    ("page.viewed", {"page": "a\x00b"}, "invalid_property"),
    ("page.viewed", {"page": "a\nb"}, "invalid_property"),
    ("page.viewed", {"page": "x" * 201}, "invalid_property"),
    ("page.viewed", {"page": "\u202e"}, "invalid_property"),
    ("page.viewed", {"page": {"$ne": 1}}, "invalid_property"),
    ("page.viewed", {"page": None}, "invalid_property"),
    ("page.viewed", {}, "missing_property"),
    ("page.viewed", {"page": "/", "milliseconds": True}, "invalid_property"),
    ("page.viewed", {"page": "/", "milliseconds": -1}, "invalid_property"),
    ("page.viewed", {"page": "/", "milliseconds": 1.5}, "invalid_property"),
    ("page.viewed", {"page": "/", "milliseconds": 10**18}, "invalid_property"),
    ("page.viewed", {"page": "/", "email": "a@b.c"}, "unknown_property"),
    ("page.viewed", {"page": "/", "\x00": 1}, "unknown_property"),
    ("page.viewed", {"page": "/", "x" * 100_000: 1}, "unknown_property"),
    ("page.viewed", [], "malformed"),
    ("page.viewed", None, "malformed"),
    ("page.measured", {"page": "/", "metric": "lcp", "value": "1"}, "invalid_property"),
    ("page.measured", {"page": "/", "metric": "LCP", "value": 1}, "invalid_property"),
    ("page.measured", {"page": "/", "metric": ["lcp"], "value": 1}, "invalid_property"),
    ("record.opened", {"record_type": "x", "record_id": "1; DROP TABLE"}, "invalid_property"),
    ("record.opened", {"record_type": "x", "record_id": 1}, "invalid_property"),
    ("page.deleted", {}, "unknown_type"),
    ("__class__", {}, "unknown_type"),
    ("\x00" * 100_000, {}, "unknown_type"),
    ("", {}, "unknown_type"),
    (7, {}, "unknown_type"),  # type: ignore[list-item]
    (["page.viewed"], {}, "unknown_type"),  # type: ignore[list-item]
]


def test_hostile_events_refuse_themselves_and_nothing_else(alice: Api, acme: Company) -> None:
    events = [viewed() | {"type": kind, "properties": said} for kind, said, _ in HOSTILE]
    answer = told(alice, viewed(), *events, used())
    assert [row["reason"] for row in answer["results"][1:-1]] == [reason for *_, reason in HOSTILE]
    assert answer["accepted"] == len(ids_of(acme)) == 2
    assert max(len(row["message"] or "") for row in answer["results"]) < 200


def test_numbers_that_json_cannot_say_end_the_batch_or_themselves(alice: Api) -> None:
    event = orjson.dumps(viewed() | {"type": "page.measured"}).decode()
    for number in ("NaN", "Infinity", "1e999", "-1e999", "99999999999999999999999", '"\\ud800"'):
        said = f'{{"page": "/", "metric": "lcp", "value": {number}}}'
        text = event.replace('{"page":"/invoices"}', said)
        answer = send(alice, "POST", PATH, f'{{"events": [{text}]}}'.encode())
        if answer.status_code == 202:
            assert orjson.loads(answer.content)["refused"] == 1
        else:
            refused(answer)


def test_whatever_a_type_allows_is_kept_as_it_was_said(alice: Api) -> None:
    said = {"page": "/x?q='); DROP TABLE <b>&\"\\ é 😀", "referrer": "", "milliseconds": 0}
    told(alice, viewed() | {"properties": said})
    assert alice.ok("GET", PATH)["data"][0]["properties"] == said


def test_every_type_is_declared_within_the_column_and_with_a_noun() -> None:
    assert all(len(name) <= 60 and name.count(".") == 1 for name in TYPES)


# --- reading ----------------------------------------------------------------------------


def test_the_list_is_newest_first_and_narrowed_by_what_was_said(alice: Api) -> None:
    first, last = viewed(now() - timedelta(days=3), page="/old"), viewed(page="/new")
    told(alice, last, first, used(now() - timedelta(days=1)))

    def pages(query: str) -> list[str]:
        rows = alice.ok("GET", f"{PATH}?{query}")["data"]
        return [row["properties"].get("page", "-") for row in rows]

    assert pages("") == ["/new", "-", "/old"]
    assert pages("type=page.viewed") == ["/new", "/old"]
    assert pages('properties={"page":"/old"}') == ["/old"]
    assert pages('properties={"page":"/none"}') == []
    assert pages(f"occurred_until={(now() - timedelta(days=2)).date()}") == ["/old"]
    assert pages(f"occurred_from={(now() - timedelta(days=1, hours=12)).date()}")[-1] == "-"
    page = alice.ok("GET", f"{PATH}?limit=2")
    rest = alice.ok("GET", f"{PATH}?limit=2&cursor={page['pagination']['next']}")
    assert [row["id"] for row in rest["data"]] == [first["id"]]
    for bad in ("x", "[]", "1", '{"a":"\\u0000"}', '{"a":"\x00"}', "null"):
        refusal(alice.get(f"{PATH}?properties={bad}"), 422)


def test_the_summary_is_what_was_counted(alice: Api, acme: Company) -> None:
    yesterday = now() - timedelta(days=1)
    told(alice, viewed(yesterday), viewed(yesterday), used())
    empty = alice.ok("GET", f"{PATH}summary/?type=client.failed")
    assert (empty["events"], empty["rows"]) == (0, [])
    usage_hours_roll_up(acme.ctx())
    usage_days_roll_up(acme.ctx())
    found = alice.ok("GET", f"{PATH}summary/")
    assert found["events"] == 3
    assert found["types"] == [
        {"type": "page.viewed", "events": 2},
        {"type": "feature.used", "events": 1},
    ]
    assert [row["events"] for row in found["rows"]] == [2, 1]
    days = f"occurred_from={yesterday.date()}&occurred_until={yesterday.date()}"
    hours = alice.ok("GET", f"{PATH}summary/?by=hour&{days}")
    [row] = hours["rows"]
    assert row["starts_at"] == f"{yesterday:%Y-%m-%dT%H}:00:00Z"
    text = alice.get(f"{PATH}summary/?{days}", accept="text/csv")
    lines = b"".join(text.streaming_content).decode().split("\r\n")
    assert lines[0] == "starts_at,type,events,users"
    assert lines[1].endswith(",page.viewed,2,1")


def test_the_summary_is_remembered_for_a_minute(
    alice: Api, acme: Company, django_assert_num_queries: Any
) -> None:
    alice.ok("GET", f"{PATH}summary/")
    told(alice, viewed())
    usage_hours_roll_up(acme.ctx())
    usage_days_roll_up(acme.ctx())
    with django_assert_num_queries(0):
        assert alice.ok("GET", f"{PATH}summary/")["events"] == 0
    assert alice.ok("GET", f"{PATH}summary/?by=day")["events"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "by=minute",
        "type=page.deleted",
        "occurred_from=2026-02-01&occurred_until=2026-01-01",
        "occurred_from=2020-01-01&occurred_until=2026-01-01",
        "by=hour&occurred_from=2026-01-01&occurred_until=2026-01-09",
        "occurred_from=1900-01-01",
        "occurred_until=1900-01-01&occurred_from=1899-12-31",
    ],
)
def test_a_summary_is_bounded(alice: Api, query: str) -> None:
    refusal(alice.get(f"{PATH}summary/?{query}"), 422)


def test_a_stranger_sees_nothing(alice: Api, charlie: Api, acme: Company) -> None:
    told(alice, viewed())
    usage_hours_roll_up(acme.ctx())
    usage_days_roll_up(acme.ctx())
    assert charlie.ok("GET", PATH)["data"] == []
    assert charlie.ok("GET", f"{PATH}summary/")["events"] == 0
    assert charlie.ok("GET", f"{PATH}quota/")["used"] == 0
    user = f"{PATH}?user_id={acme.owner.pk}"
    assert len(alice.ok("GET", user)["data"]) == 1
    assert charlie.ok("GET", user)["data"] == []


def test_who_may_not_read_may_still_tell(bob: Api) -> None:
    assert told(bob, viewed())["accepted"] == 1
    for path in (PATH, f"{PATH}summary/", f"{PATH}quota/"):
        refusal(bob.get(path), 403)


def test_nothing_of_the_business_is_touched(alice: Api, django_assert_max_num_queries: Any) -> None:
    told(alice, viewed())
    with django_assert_max_num_queries(6) as asked:
        told(alice, viewed(), used())
    written = [q["sql"] for q in asked.captured_queries if "INSERT" in q["sql"]]
    assert len(written) == 1
    assert not [
        table
        for table in connections["default"].introspection.table_names()
        if table.startswith(("accounting_", "messaging_", "jobs_")) and table in written[0]
    ]


def test_half_of_a_character_refuses_its_event_only(alice: Api) -> None:
    """What a client writes that cuts a text in the middle of an emoji."""
    good, bad = viewed(), viewed(page="/cut")
    body = orjson.dumps({"events": [good, bad]}).replace(
        orjson.dumps(bad["properties"]), b'{"page": "\\ud83d"}'
    )
    answer = alice.client.generic(
        "POST",
        "/api/v1/usage-events/",
        body,
        content_type="application/json",
        HTTP_AUTHORIZATION=f"Bearer {alice.token}",
    )
    assert answer.status_code == 202, answer.content
    assert [one["status"] for one in answer.json()["results"]] == ["accepted", "refused"]
