"""The web server while Redis fails in each way: every read answers, postings post, limits hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.valkey import EmbeddedValkey
from tests.accounting.books import Books, open_books
from tests.architecture.test_endpoints import READS, read_of, records_of
from tests.cast import PASSWORD, Api, api_of, new_company, new_user
from tests.core.cache.conftest import url_of
from tests.core.cache.machines import until
from tests.core.cache.processes import Web, web_server
from tests.core.cache.proxy import FAILURES, Mode, Proxy

SPENT = {"refresh_token": "none"}
PAGES = ["/healthz", "/metrics", "/api/schema/", "/admin/login/"]
#: Of one worker; there are two of them.
ANONYMOUS_PER_MINUTE = 150


@pytest.fixture(scope="module")
def lasting_proxy(valkey: EmbeddedValkey) -> Iterator[Proxy]:
    with Proxy(valkey.port) as started:
        yield started


@pytest.fixture(scope="module")
def web(
    django_db_setup: None, lasting_proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    board: Path = tmp_path_factory.mktemp("web") / "board"
    limit = {"THROTTLE_ANONYMOUS_PER_MINUTE": str(ANONYMOUS_PER_MINUTE)}
    with web_server(url_of(lasting_proxy), board, **limit) as started:
        yield started


@pytest.fixture(params=FAILURES, ids=lambda mode: mode.value)
def failing(request: pytest.FixtureRequest, lasting_proxy: Proxy, web: Web) -> Iterator[Mode]:
    """Begins well; the failure comes while connections are open and answers are remembered."""
    lasting_proxy.mode = Mode.PASS
    api = api_of(company := new_company(new_user("alice")), company.owner)
    until(lambda: not any(is_degraded(web, api) for _ in range(10)))
    lasting_proxy.mode = request.param
    yield request.param
    lasting_proxy.mode = Mode.PASS
    until(lambda: not any(is_degraded(web, api) for _ in range(10)))


@pytest.fixture
def books() -> Books:
    return open_books()


def is_degraded(web: Web, api: Api) -> bool:
    return "x-service-status" in web.get("accounts/?limit=2", api.token).headers


def reads_of(books: Books) -> list[str]:
    records = records_of(books)
    return [read_of(books, row, records) for row in READS]


def test_every_read_answers_and_a_posting_posts(books: Books, web: Web, failing: Mode) -> None:
    """Twice, from the moment on in which Redis fails: with the breaker closed, and open."""
    api, paths = api_of(books.company, books.company.owner), reads_of(books)
    assert len(paths) > 30
    for turn in range(2):
        for path in [*paths, *PAGES]:
            answer = web.get(path, api.token)
            assert answer.status == 200, (turn, path, answer.body)
        invoice: dict[str, Any] = {
            "contact_id": books.customer, "issued_on": "2026-03-02",
            "lines": [{"unit_price": "10"}], "post": True,
        }  # fmt: skip
        posted = web.call("POST", "invoices/", api.token, invoice)
        assert posted.status == 201, posted.body
        changed = web.call("POST", "contacts/", api.token, {"name": f"Ada {turn}"})
        assert changed.status == 201, changed.body


def test_a_change_is_seen_by_both_workers_at_once(books: Books, web: Web, failing: Mode) -> None:
    api = api_of(books.company, books.company.owner)
    path = f"accounts/{books.accounts['bank']}/"
    for number in range(5):
        name = f"Bank {number}"
        changed = web.call("PATCH", path, api.token, {"name": name})
        assert changed.status == 200, changed.body
        for _ in range(6):
            listed = web.get("accounts/?limit=200", api.token).data["data"]
            assert name in {account["name"] for account in listed}


def test_callers_are_told_and_told_when_it_is_over(
    books: Books, web: Web, failing: Mode, lasting_proxy: Proxy
) -> None:
    api = api_of(books.company, books.company.owner)
    until(lambda: all(is_degraded(web, api) for _ in range(10)))
    answer = web.get("accounts/?limit=2", api.token)
    assert answer.headers["x-service-status"] == "degraded"
    assert answer.headers["x-service-message"]
    refused = web.get("accounts/", "no such token")
    assert (refused.status, refused.headers["x-service-status"]) == (401, "degraded")
    lasting_proxy.mode = Mode.PASS
    until(lambda: not any(is_degraded(web, api) for _ in range(10)))


def test_five_wrong_passwords_lock_an_account(web: Web, failing: Mode) -> None:
    company = new_company(new_user("alice"))
    email = company.owner.email
    wrong = {"email": email, "password": "wrong horse battery"}
    said = [web.call("POST", "auth/login/", None, wrong).status for _ in range(5)]
    assert said[0] == 401
    assert set(said) <= {401, 429}
    right = web.call("POST", "auth/login/", None, {"email": email, "password": PASSWORD})
    assert right.status == 429
    assert "wrong passwords" in right.data["error"]["message"]
    assert int(right.headers["retry-after"]) > 0


def test_who_is_not_logged_in_is_limited(web: Web, failing: Mode) -> None:
    """Both workers, and a minute that may end meanwhile: more than that is let in by nobody."""
    stranger = Web(web.port, source=f"127.0.1.{1 + FAILURES.index(failing)}")
    most = 2 * 2 * ANONYMOUS_PER_MINUTE + 1
    said: list[int] = []
    while 429 not in said and len(said) < most:
        said.append(stranger.call("POST", "auth/refresh/", None, SPENT).status)
    assert said[-1] == 429, len(said)
    assert set(said) <= {401, 429}


def test_made_up_tokens_are_limited_too(web: Web, lasting_proxy: Proxy) -> None:
    stranger = Web(web.port, source="127.0.1.99")
    most = 2 * 2 * ANONYMOUS_PER_MINUTE + 1
    said: list[int] = []
    while 429 not in said and len(said) < most:
        said.append(stranger.get("accounts/", f"made up {len(said)}").status)
    assert said[-1] == 429
