"""Many requests at once over kept connections: never the tenant of the request before."""

import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

from tests.accounting.books import Books, open_books
from tests.cast import Api, api_of

THREADS = int(os.environ.get("LOAD_THREADS", "8"))
REQUESTS = int(os.environ.get("LOAD_REQUESTS", "60"))

LISTS = ["contacts/", "accounts/", "invoices/?expand=lines", "journals/", "payments/", "settings/"]


def login(books: Books) -> Api:
    return api_of(books.company, books.company.owner)


def ids_in(body: Any) -> set[str]:
    """Every id anywhere in an answer."""
    if isinstance(body, dict):
        own = {v for k, v in body.items() if (k == "id" or k.endswith("_id")) and v}
        return own.union(*(ids_in(value) for value in body.values()))
    if isinstance(body, list):
        return set().union(*(ids_in(item) for item in body))
    return set()


def test_no_request_sees_the_company_of_another_however_they_interleave() -> None:
    companies = [open_books(), open_books()]
    tokens = [login(books).token for books in companies]
    for books in companies:
        books.settle(books.document("9.00").row["id"], "1.00", payment_id=books.payment("5").id)
    theirs = [set[str](), set[str]()]

    def visit(seed: int) -> list[tuple[int, set[str]]]:
        """Requests of one thread, which alternate between the companies on one connection."""
        chance, seen = random.Random(seed), []
        try:
            for number in range(REQUESTS):
                which = (number + seed) % 2
                api = Api(tokens[which])
                if chance.random() < 0.2:
                    answer = api.ok("POST", "contacts/", {"name": f"Contact {seed}-{number}"})
                else:
                    answer = api.ok("GET", chance.choice(LISTS))
                seen.append((which, ids_in(answer)))
        finally:
            connections.close_all()
        return seen

    for thread in in_threads(visit, range(THREADS)):
        for which, found in thread:
            theirs[which] |= found
    assert all(len(found) > 30 for found in theirs)
    assert theirs[0] & theirs[1] == set()


def test_failing_requests_leave_nothing_behind_for_the_next_company() -> None:
    """Refusals, rollbacks and rehearsals in between end their transactions as well."""
    companies = [open_books(), open_books()]
    tokens = [login(books).token for books in companies]
    drafts = [books.document("1.00", post=False).row["id"] for books in companies]

    def visit(seed: int) -> set[str]:
        seen: set[str] = set()
        try:
            for number in range(REQUESTS // 3):
                which = (number + seed) % 2
                ours, others = Api(tokens[which]), Api(tokens[1 - which])
                others.post("journals/", {"effective_on": "2026-01-01", "lines": [], "post": True})
                others.post(f"invoices/{drafts[1 - which]}/post/?dry_run=true")
                others.post(f"invoices/{drafts[which]}/post/")
                listed = ours.ok("GET", "invoices/")["data"]
                seen |= {row["id"] for row in listed} ^ {str(drafts[which])}
        finally:
            connections.close_all()
        return seen

    assert in_threads(visit, range(THREADS // 2)) == [set()] * (THREADS // 2)


def in_threads(work: Callable[[int], Any], seeds: Any) -> list[Any]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, seeds))
