"""The same request twice has one effect and one answer, whatever happens in between.

`IDEMPOTENCY_KEYS=200 IDEMPOTENCY_CALLS=50` is the size that is promised; every
day it is smaller.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test import override_settings

from core.api import idempotency
from core.api.models import IdempotencyKey
from core.api.tasks import idempotency_keys_purge_task
from core.tenancy.context import Context
from core.tenancy.transactions import command
from tests.api.books import Books, document, fill, line, open_books, payment
from tests.api.footprint import footprint
from tests.api.wire import refusal, send
from tests.cast import PASSWORD, Api, Company, api_of, join, new_user

KEYS = int(os.environ.get("IDEMPOTENCY_KEYS", "20"))
CALLS = int(os.environ.get("IDEMPOTENCY_CALLS", "10"))
KEY = "6d1d3f2e-order-17"
DAY = timedelta(hours=24)


@pytest.fixture
def books(alice: Api) -> Books:
    return open_books(alice)


def kept(company: Company) -> int:
    """How many answers are kept for the company."""

    @command
    def count(ctx: Context) -> int:
        return IdempotencyKey.objects.count()

    return count(company.ctx())


def age(company: Company, by: timedelta) -> None:
    """Let the company's kept answers be as old as that."""

    @command
    def age_all(ctx: Context) -> None:
        IdempotencyKey.objects.update(created_at=ctx.now - by)

    age_all(company.ctx())


def is_replay(response: Any) -> bool:
    return response.get("Idempotency-Replayed") == "true"


def contacts(api: Api) -> int:
    return api.ok("GET", "contacts/?page=1")["pagination"]["total"]


# --- replays ----------------------------------------------------------------------------


def test_the_second_answer_is_the_first_byte_for_byte(alice: Api, books: Books) -> None:
    body = document(books.customer, line("10.00"), line("2.50"), post=True)
    first = alice.post("invoices/", body, idempotency_key=KEY)
    again = alice.post("invoices/", body, idempotency_key=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert (is_replay(first), is_replay(again)) == (False, True)
    for header in ("Content-Type", "ETag", "Cache-Control"):
        assert again[header] == first[header]
    assert again["X-Request-ID"] != first["X-Request-ID"]
    assert len(alice.ok("GET", "invoices/")["data"]) == 1


def test_a_replay_survives_what_happened_since(alice: Api, books: Books) -> None:
    """Deleted or changed meanwhile: the answer is about the request, not about today."""
    body = document(books.customer)
    first = alice.post("invoices/", body, idempotency_key=KEY)
    alice.ok("DELETE", f"invoices/{first.data['id']}/")
    assert alice.post("invoices/", body, idempotency_key=KEY).content == first.content
    assert alice.ok("GET", "invoices/")["data"] == []


def test_another_body_is_a_mismatch(acme: Company, alice: Api) -> None:
    alice.ok("POST", "contacts/", {"name": "Ann"}, idempotency_key=KEY)
    before = footprint(acme)
    error = refusal(alice.post("contacts/", {"name": "Bea"}, idempotency_key=KEY), 422)
    assert error["code"] == "IDEMPOTENCY_MISMATCH"
    assert footprint(acme) == before
    assert is_replay(alice.post("contacts/", {"name": "Ann"}, idempotency_key=KEY))


def test_the_same_key_of_somebody_or_for_something_else_is_another(
    acme: Company, alice: Api, charlie: Api, books: Books
) -> None:
    colleague = api_of(acme, join(acme, new_user("bob"), "accountant"))
    theirs = open_books(charlie)
    calls = [
        (alice, "invoices/", document(books.customer)),
        (colleague, "invoices/", document(books.customer)),
        (charlie, "invoices/", document(theirs.customer)),
        (alice, "credit-notes/", document(books.customer)),
    ]
    answers = [api.post(path, body, idempotency_key=KEY) for api, path, body in calls]
    assert [answer.status_code for answer in answers] == [201] * 4
    assert not [answer for answer in answers if is_replay(answer)]
    assert len({answer.data["id"] for answer in answers}) == 4


def test_another_method_or_query_is_another_request(alice: Api, books: Books) -> None:
    draft = alice.ok("POST", "invoices/", document(books.customer))
    address = f"invoices/{draft['id']}/"
    patched = alice.patch(address, {"reference": "A"}, idempotency_key=KEY)
    deleted = alice.delete(address, idempotency_key=KEY)
    assert (patched.status_code, deleted.status_code) == (200, 204)
    assert not is_replay(deleted)


@pytest.mark.parametrize("key", ["x", " ", "~", "k" * 255, "a b-c_d.e:f/g=h+i"])
def test_printable_keys_up_to_255_characters(alice: Api, key: str) -> None:
    first = alice.post("contacts/", {"name": "Ann"}, idempotency_key=key)
    again = alice.post("contacts/", {"name": "Ann"}, idempotency_key=key)
    assert (first.status_code, again.content, is_replay(again)) == (201, first.content, True)


def test_a_delete_is_replayed(alice: Api, books: Books) -> None:
    draft = alice.ok("POST", "invoices/", document(books.customer))
    answers = [alice.delete(f"invoices/{draft['id']}/", idempotency_key=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]
    assert [is_replay(answer) for answer in answers] == [False, True]
    assert answers[1].content == b""


def test_a_change_is_replayed_though_its_etag_is_stale_by_now(alice: Api, books: Books) -> None:
    draft = alice.post("invoices/", document(books.customer))
    change = {"reference": "PO 1"}
    headers = {"if_match": draft["ETag"], "idempotency_key": KEY}
    answers = [alice.patch(f"invoices/{draft.data['id']}/", change, **headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert answers[0]["ETag"] == answers[1]["ETag"]
    assert is_replay(answers[1])


# --- refusals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("contacts/", {"name": ""}, 422),
        ("contacts/", [], 422),
        ("invoices/01900000-0000-7000-8000-000000000000/post/", None, 404),
    ],
)
def test_refusals_that_stay_true_are_replayed(
    alice: Api, path: str, body: Any, status: int
) -> None:
    first = alice.post(path, body, idempotency_key=KEY)
    again = alice.post(path, body, idempotency_key=KEY)
    refusal(first, status)
    assert (again.status_code, again.content) == (status, first.content)
    assert is_replay(again)


def test_a_refusal_after_half_of_the_work_leaves_only_the_refusal(
    acme: Company, alice: Api, books: Books
) -> None:
    """The payment is booked before its allocation turns out to be too large."""
    fill(books)
    settled = [{"document_id": books.posted["invoices"], "amount": "1000.00"}]
    body = payment(books.customer, "1000.00", post=True, allocations=settled)
    before = footprint(acme)
    first = alice.post("payments/", body, idempotency_key=KEY)
    assert refusal(first, 422)["code"] == "OVER_ALLOCATED"
    assert footprint(acme) == before
    again = alice.post("payments/", body, idempotency_key=KEY)
    assert (again.content, is_replay(again)) == (first.content, True)


def test_conflicts_are_never_kept(acme: Company, alice: Api, books: Books) -> None:
    posted = fill(books).posted["invoices"]
    for _ in range(2):
        answer = alice.post(f"invoices/{posted}/post/", idempotency_key=KEY)
        assert refusal(answer, 409)["code"] == "NOT_DRAFT"
        assert not is_replay(answer)
    assert kept(acme) == 0


def test_too_many_requests_are_never_kept(acme: Company, alice: Api) -> None:
    with override_settings(THROTTLE_USER_PER_MINUTE=0):
        refusal(alice.post("contacts/", {"name": "Ann"}, idempotency_key=KEY), 429)
    assert kept(acme) == 0
    assert alice.post("contacts/", {"name": "Ann"}, idempotency_key=KEY).status_code == 201


def test_work_that_broke_is_never_kept(
    acme: Company, alice: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process fails between the effect and its answer: neither is there."""

    def broken(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    before = footprint(acme)
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "_keep", broken)
        error = refusal(alice.post("contacts/", {"name": "Ann"}, idempotency_key=KEY), 500)
    assert "disk" not in error["message"]
    assert footprint(acme) == before
    assert kept(acme) == 0
    again = alice.post("contacts/", {"name": "Ann"}, idempotency_key=KEY)
    assert (again.status_code, is_replay(again)) == (201, False)
    assert contacts(alice) == 1


def test_a_malformed_body_is_not_kept_for_a_sound_one(alice: Api) -> None:
    """Another body is another request, so a client that corrects itself needs a new key."""
    refusal(send(alice, "POST", "contacts/", b"{", HTTP_IDEMPOTENCY_KEY=KEY), 400)
    error = refusal(alice.post("contacts/", {"name": "Ann"}, idempotency_key=KEY), 422)
    assert error["code"] == "IDEMPOTENCY_MISMATCH"


# --- time -------------------------------------------------------------------------------


def test_a_key_works_anew_after_24_hours(acme: Company, alice: Api) -> None:
    first = alice.ok("POST", "contacts/", {"name": "Ann"}, idempotency_key=KEY)
    age(acme, DAY - timedelta(minutes=1))
    assert is_replay(alice.post("contacts/", {"name": "Ann"}, idempotency_key=KEY))
    age(acme, DAY + timedelta(minutes=1))
    anew = alice.post("contacts/", {"name": "Ann"}, idempotency_key=KEY)
    assert (anew.status_code, is_replay(anew)) == (201, False)
    assert anew.data["id"] != first["id"]
    age(acme, DAY + timedelta(minutes=1))
    assert alice.post("contacts/", {"name": "Other"}, idempotency_key=KEY).status_code == 201


def test_expired_answers_are_purged_and_no_others(acme: Company, alice: Api) -> None:
    alice.ok("POST", "contacts/", {"name": "Ann"}, idempotency_key="old")
    age(acme, DAY + timedelta(minutes=1))
    alice.ok("POST", "contacts/", {"name": "Bea"}, idempotency_key="new")
    assert kept(acme) == 2
    assert idempotency_keys_purge_task() >= 1
    assert kept(acme) == 1
    assert is_replay(alice.post("contacts/", {"name": "Bea"}, idempotency_key="new"))


# --- what takes no key ------------------------------------------------------------------


def test_a_dry_run_keeps_nothing(acme: Company, alice: Api, books: Books) -> None:
    draft = alice.ok("POST", "invoices/", document(books.customer))
    address = f"invoices/{draft['id']}/post/"
    rehearsed = alice.post(f"{address}?dry_run=true", idempotency_key=KEY)
    assert (rehearsed.status_code, rehearsed.data["status"]) == (200, "posted")
    refusal(alice.post(f"{address}?dry_run=true", idempotency_key="k" * 256), 422)
    assert kept(acme) == 0
    posted = alice.post(address, idempotency_key=KEY)
    assert (posted.status_code, is_replay(posted)) == (200, False)


def test_a_login_is_never_replayed(acme: Company, nobody: Api) -> None:
    """Tokens are handed out once; a kept answer would hold them in clear."""
    body = {"email": acme.owner.email, "password": PASSWORD}
    answers = [nobody.post("auth/login/", body, idempotency_key=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    tokens = [answer.data["access_token"] for answer in answers]
    assert tokens[0] != tokens[1]
    refreshed = {"refresh_token": answers[0].data["refresh_token"]}
    assert nobody.post("auth/refresh/", refreshed, idempotency_key=KEY).status_code == 200
    refusal(nobody.post("auth/refresh/", refreshed, idempotency_key=KEY), 401)
    assert kept(acme) == 0


def test_a_read_ignores_the_key(acme: Company, alice: Api) -> None:
    answers = [alice.get("contacts/", idempotency_key=KEY) for _ in range(2)]
    assert [is_replay(answer) for answer in answers] == [False, False]
    assert kept(acme) == 0


# --- at once ----------------------------------------------------------------------------


@pytest.fixture
def stopped_in_between(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """Keyed work that is done and not yet committed: (it is there, let it go on)."""
    reached, go_on = threading.Event(), threading.Event()
    keep = idempotency._keep

    def waiting(*arguments: Any) -> None:
        keep(*arguments)
        reached.set()
        assert go_on.wait(20)

    monkeypatch.setattr(idempotency, "_keep", waiting)
    yield reached, go_on
    go_on.set()


def test_a_request_in_progress_is_said_to_be(
    alice: Api, stopped_in_between: tuple[threading.Event, threading.Event]
) -> None:
    reached, go_on = stopped_in_between
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(in_a_thread, lambda: post_contact(alice))
        assert reached.wait(20)
        error_response = alice.post("contacts/", {"name": "Ann"}, idempotency_key=KEY)
        error = refusal(error_response, 409)
        assert error["code"] == "IDEMPOTENCY_IN_PROGRESS"
        assert int(error_response["Retry-After"]) >= 1
        go_on.set()
        answer = first.result(20)
    again = alice.post("contacts/", {"name": "Ann"}, idempotency_key=KEY)
    assert (again.content, is_replay(again)) == (answer.content, True)
    assert contacts(alice) == 1
    assert advisory_locks() == 0


def test_each_of_many_keys_sent_many_times_at_once_has_one_effect(alice: Api, books: Books) -> None:
    barrier = threading.Barrier(CALLS, timeout=60)
    body = document(books.customer, line("10.00"), post=True)

    def client() -> list[tuple[int, bytes]]:
        api, answers = Api(alice.token), []
        for number in range(KEYS):
            barrier.wait()
            answers.append(persistently(api, body, f"key-{number}"))
        return answers

    with ThreadPoolExecutor(CALLS) as pool:
        clients = [pool.submit(in_a_thread, client) for _ in range(CALLS)]
        answers = [client.result() for client in clients]
    for number in range(KEYS):
        assert len({answer[number] for answer in answers}) == 1
        assert answers[0][number][0] == 201
    made = alice.ok("GET", "invoices/?page=1&limit=200")
    assert made["pagination"]["total"] == KEYS
    numbers = {f"INV-2026-{number:05}" for number in range(1, KEYS + 1)}
    assert {row["number"] for row in made["data"]} <= numbers
    assert advisory_locks() == 0


def persistently(api: Api, body: Any, key: str) -> tuple[int, bytes]:
    """What a client does: the same again, for as long as the first is in progress."""
    for _ in range(400):
        response = api.post("invoices/", body, idempotency_key=key)
        if response.status_code != 409:
            return response.status_code, response.content
        assert response.data["error"]["code"] == "IDEMPOTENCY_IN_PROGRESS"
        assert response["Retry-After"] == "1"
        time.sleep(0.02)
    raise AssertionError("still in progress")


def post_contact(alice: Api) -> Any:
    return Api(alice.token).post("contacts/", {"name": "Ann"}, idempotency_key=KEY)


def in_a_thread(work: Callable[[], Any]) -> Any:
    """Threads have database connections of their own, which nobody else closes."""
    try:
        return work()
    finally:
        connections.close_all()


def advisory_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return int(cursor.fetchone()[0])
