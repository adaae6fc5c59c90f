"""One's own logins, a member's, and what ends them: seen, refreshed, spent, revoked."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from core.ids import uuid7
from core.jobs.models import OutboxEvent
from permissions.models import SpentRefreshToken, UserSession
from permissions.services.sessions import session_open
from tests.cast import PASSWORD, Api, Company, api_of, join, new_company, new_user

AT_ONCE = 20


def log_in(email: str, **more: Any) -> dict[str, Any]:
    headers = more.pop("headers", {})
    body = {"email": email, "password": PASSWORD, **more}
    found: dict[str, Any] = Api(None).ok("POST", "auth/login/", body, **headers)
    return found


def refresh(token: str) -> Any:
    return Api(None).post("auth/refresh/", {"refresh_token": token}, x_request_id="same")


def is_in(tokens: dict[str, Any]) -> bool:
    return bool(Api(tokens["access_token"]).get("auth/me/").status_code == 200)


def events(company: Company, name: str) -> list[dict[str, Any]]:
    found = OutboxEvent.objects.filter(tenant_id=company.tenant_id, name=name)
    return list(found.order_by("id").values_list("payload", flat=True))


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """What each call returns; all are made at the same time."""

    def closing(call: Callable[[], Any]) -> Any:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(closing, calls))


# --- where from ---------------------------------------------------------------------


def test_a_login_says_what_it_is_and_where_it_comes_from(acme: Company) -> None:
    agent = {"user_agent": "Books for Phones/3.1"}
    api = Api(log_in(acme.owner.email, headers=agent)["access_token"])
    [row] = api.ok("GET", "auth/sessions/")["data"]
    assert (row["device"], row["address"]) == ("Books for Phones/3.1", "127.0.0.1")
    assert row["is_current"] is True
    assert row["created_at"] == row["last_seen_at"]


@pytest.mark.parametrize("agent", ["x" * 5000, "a\x00b\x07c", "ü" * 300, ""])
def test_a_strange_device_is_cut_to_what_can_be_shown(acme: Company, agent: str) -> None:
    tokens = log_in(acme.owner.email, headers={"user_agent": agent})
    [row] = Api(tokens["access_token"]).ok("GET", "auth/sessions/")["data"]
    assert row["device"] == "".join(c for c in agent if c.isprintable())[:200]


def test_a_client_cannot_say_that_it_is_elsewhere(acme: Company) -> None:
    tokens = log_in(acme.owner.email, headers={"x_forwarded_for": "203.0.113.9"})
    [row] = Api(tokens["access_token"]).ok("GET", "auth/sessions/")["data"]
    assert row["address"] == "127.0.0.1"


def test_behind_a_proxy_of_ours_the_address_is_the_one_it_saw(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rest_framework.settings import api_settings

    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    headers = {"x_forwarded_for": "10.0.0.1, 203.0.113.9"}
    tokens = log_in(acme.owner.email, headers=headers)
    [row] = Api(tokens["access_token"]).ok("GET", "auth/sessions/")["data"]
    assert row["address"] == "203.0.113.9"


# --- refresh ------------------------------------------------------------------------


def test_tokens_live_an_hour_and_a_week(acme: Company) -> None:
    ctx = acme.ctx()
    session = session_open(ctx, user_id=acme.owner.pk).session
    assert (session.access_expires_at - ctx.now).total_seconds() == 3600
    assert (session.refresh_expires_at - ctx.now).days == 7
    assert settings.ACCESS_TOKEN_SECONDS == 3600


def test_a_spent_refresh_token_ends_the_login_for_thief_and_owner(acme: Company) -> None:
    """Whoever comes second tells us that there are two."""
    first = log_in(acme.owner.email)
    other = log_in(acme.owner.email)
    second = refresh(first["refresh_token"]).data
    third = refresh(second["refresh_token"]).data
    assert is_in(third)
    assert refresh(first["refresh_token"]).status_code == 401
    assert not is_in(third)
    assert refresh(third["refresh_token"]).status_code == 401
    assert is_in(other), "another login of the same person has nothing to do with it"
    assert len(events(acme, "USER_LOGGED_OUT")) == 1


def test_every_reason_not_to_refresh_looks_the_same(acme: Company) -> None:
    spent, logged_out = log_in(acme.owner.email), log_in(acme.owner.email)
    fresh = refresh(spent["refresh_token"]).data
    Api(logged_out["access_token"]).ok("POST", "auth/logout/")
    answers = {
        (answer.status_code, answer.content)
        for answer in (
            refresh("never-heard-of"),
            refresh(spent["refresh_token"]),
            refresh(fresh["refresh_token"]),
            refresh(logged_out["refresh_token"]),
            refresh(logged_out["access_token"]),
        )
    }
    assert len(answers) == 1
    [(status, body)] = answers
    assert status == 401
    assert b"NOT_AUTHENTICATED" in body


def test_of_twenty_refreshes_at_once_one_gets_tokens_and_they_are_void(acme: Company) -> None:
    tokens = log_in(acme.owner.email)
    answers = at_once([lambda: refresh(tokens["refresh_token"])] * AT_ONCE)
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.status_code for answer in answers} == {200, 401}
    assert not is_in(won[0].data)
    assert refresh(won[0].data["refresh_token"]).status_code == 401
    assert SpentRefreshToken.objects.filter(session__user=acme.owner).count() == 1


def test_refreshing_and_logging_out_at_once_leaves_nobody_in(acme: Company) -> None:
    for _ in range(5):
        tokens = log_in(acme.owner.email)
        logout = Api(tokens["access_token"])
        answers = at_once(
            [
                lambda tokens=tokens: refresh(tokens["refresh_token"]),
                lambda logout=logout: logout.delete("auth/sessions/"),
            ]
        )
        got = [a.data for a in answers if a.status_code == 200]
        assert answers[1].status_code == 204 or got, "refused only because it came second"
        if answers[1].status_code == 204:
            assert not any(is_in(one) for one in got)


# --- own sessions -------------------------------------------------------------------


def test_my_sessions_are_listed_latest_first_and_none_of_others(
    acme: Company, globex: Company, bob: Api
) -> None:
    join(globex, acme.owner, "viewer")
    here = [api_of(acme, acme.owner) for _ in range(3)]
    api_of(globex, acme.owner)
    page = here[0].ok("GET", "auth/sessions/?limit=2")
    assert [row["is_current"] for row in page["data"]] == [False, False]
    rest = here[0].ok("GET", f"auth/sessions/?cursor={page['pagination']['next']}")
    assert [row["is_current"] for row in rest["data"]] == [True]
    ids = [row["id"] for row in page["data"] + rest["data"]]
    assert ids == sorted(ids, reverse=True)
    assert "token" not in str(page)
    assert bob.get(f"auth/sessions/?cursor={page['pagination']['next']}").status_code == 422


def test_ended_sessions_are_not_listed(acme: Company) -> None:
    api, other = api_of(acme, acme.owner), api_of(acme, acme.owner)
    other.ok("POST", "auth/logout/")
    assert len(api.ok("GET", "auth/sessions/")["data"]) == 1


def test_one_session_is_ended_and_the_others_are_not(acme: Company) -> None:
    api, other, third = (api_of(acme, acme.owner) for _ in range(3))
    rows = other.ok("GET", "auth/sessions/")["data"]
    [mine] = [row["id"] for row in rows if row["is_current"]]
    assert api.delete(f"auth/sessions/{mine}/").status_code == 204
    assert other.get("auth/me/").status_code == 401
    assert third.get("auth/me/").status_code == api.get("auth/me/").status_code == 200
    assert events(acme, "USER_LOGGED_OUT")[-1]["session_id"] == mine
    assert api.delete(f"auth/sessions/{mine}/").status_code == 404


def test_nobody_ends_a_session_that_is_not_his(acme: Company, globex: Company, bob: Api) -> None:
    alice = api_of(acme, acme.owner)
    [theirs] = [row["id"] for row in alice.ok("GET", "auth/sessions/")["data"]]
    join(globex, acme.owner, "viewer")
    for api in (bob, api_of(globex, globex.owner), api_of(globex, acme.owner)):
        foreign = api.delete(f"auth/sessions/{theirs}/", x_request_id="same")
        missing = api.delete(f"auth/sessions/{uuid7()}/", x_request_id="same")
        assert foreign.status_code == 404
        assert foreign.content == missing.content
    assert alice.get("auth/me/").status_code == 200


def test_logging_out_everywhere_means_every_device_and_company(acme: Company, bob: Api) -> None:
    second = new_company(new_user("other"))
    join(second, acme.owner, "viewer")
    here, there, elsewhere = (
        api_of(acme, acme.owner), api_of(acme, acme.owner), api_of(second, acme.owner),
    )  # fmt: skip
    assert here.delete("auth/sessions/?keep_current=true").status_code == 204
    assert here.get("auth/me/").status_code == 200
    assert there.get("auth/me/").status_code == elsewhere.get("auth/me/").status_code == 401
    assert here.delete("auth/sessions/").status_code == 204
    assert here.get("auth/me/").status_code == 401
    assert bob.get("auth/me/").status_code == 200
    assert len(events(acme, "USER_LOGGED_OUT")) == 2
    assert len(events(second, "USER_LOGGED_OUT")) == 1, "each company hears of its own"


def test_what_is_no_flag_ends_nothing(alice: Api) -> None:
    assert alice.delete("auth/sessions/?keep_current=maybe").status_code == 422
    assert alice.delete("auth/sessions/?keep=true").status_code == 422
    assert alice.get("auth/me/").status_code == 200


# --- a member's sessions ------------------------------------------------------------


def test_staff_see_and_end_a_members_sessions_of_their_company_only(
    acme: Company, globex: Company
) -> None:
    alice = api_of(acme, acme.owner)
    user = join(globex, join(acme, new_user("dan"), "viewer"), "viewer")
    here, elsewhere = api_of(acme, user), api_of(globex, user)
    path = f"users/{user.pk}/sessions/"
    assert len(alice.ok("GET", path)["data"]) == 1
    assert alice.delete(path).status_code == 204
    assert here.get("auth/me/").status_code == 401
    assert elsewhere.get("auth/me/").status_code == 200
    assert alice.ok("GET", path)["data"] == []


def test_who_lacks_the_permission_sees_and_ends_nobodys(acme: Company, bob: Api) -> None:
    alice = api_of(acme, acme.owner)
    path = f"users/{acme.owner.pk}/sessions/"
    assert bob.get(path).status_code == bob.delete(path).status_code == 403
    assert alice.get("auth/me/").status_code == 200


def test_a_user_of_another_company_is_no_user(alice: Api, globex: Company) -> None:
    theirs = api_of(globex, globex.owner)
    for method in ("GET", "DELETE"):
        foreign = alice.call(method, f"users/{globex.owner.pk}/sessions/", x_request_id="same")
        missing = alice.call(method, f"users/{uuid7()}/sessions/", x_request_id="same")
        assert foreign.status_code == 404
        assert foreign.content == missing.content
    assert theirs.get("auth/me/").status_code == 200


def test_a_revoked_session_stays_revoked(acme: Company) -> None:
    tokens = session_open(acme.ctx(), user_id=acme.owner.pk)
    Api(tokens.access).ok("DELETE", "auth/sessions/")
    revoked_at = UserSession.objects.get(pk=tokens.session.pk).revoked_at
    assert refresh(tokens.refresh).status_code == 401
    assert UserSession.objects.get(pk=tokens.session.pk).revoked_at == revoked_at
