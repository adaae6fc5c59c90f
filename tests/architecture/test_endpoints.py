"""Every endpoint of the URLconf: declared, listed, closed to strangers, and of a known cost.

`tests/query_counts.json` holds the number of SQL statements of each request (without
BEGIN and COMMIT). After a change that is meant, write it anew and read the diff:

    QUERY_COUNTS=write python -m deploy.test -n 0 tests/architecture/test_endpoints.py
"""

import itertools
import json
import os
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connections, models
from django.test.utils import CaptureQueriesContext

from core.api.guards import AUTHENTICATED, PUBLIC, declared
from core.cache.runtime import runtime
from core.files.links import link_token
from core.ids import uuid7
from core.jobs.positions import place_all
from core.tenancy.fields import TenantManager
from core.webhooks.services.endpoints import ENDPOINTS_MAX
from core.webhooks.services.fanout import deliveries_owe
from permissions.catalog import platform_codes
from permissions.policy import HELD_SQL
from permissions.selectors.actors import SESSION_SQL
from tests.accounting.books import Books, open_books
from tests.activity.events import take, viewed
from tests.architecture.endpoint_table import ROOT, TABLE, Row, addresses, endpoints, table
from tests.cast import Api, api_of
from tests.files.desk import keep
from tests.jobs.desk import enqueue
from tests.messaging.talk import THUMB, Talk, say, talk_of
from tests.paper.desk import failed_mail, mail_to, template_of
from tests.permissions import entry, rights
from tests.webhooks.desk import DEAD, dead_delivery, hook

#: Namespaces that know who calls.
CALLERS = ("session", "user_permissions")
COUNTS = ROOT / "tests" / "query_counts.json"
METHODS = ("get", "post", "put", "patch", "delete")
ENDPOINTS = endpoints()
#: A link is for whoever has it; tests/files tries them.
BY_ID = [row for row in ENDPOINTS if "{id}" in row.path and row.permission != PUBLIC]
#: What anybody of a company may be let read; tests/audit tries the platform's log.
READS = [r for r in ENDPOINTS if r.method == "GET" and r.permission not in platform_codes()]
LISTS = [row for row in READS if row.gives.startswith("200 page of")]

#: From `aa` on, one for each template.
LANGUAGES = map("".join, itertools.product(string.ascii_lowercase, repeat=2))

#: What a list needs to be asked for.
PARAMETERS = {
    "/api/v1/reports/general-ledger/": "?account_id={bank}",
    "/api/v1/permissions/explain/": "?code=accounting.invoices.view",
    "/api/v1/messages/search/": "?q=plan",
    "/api/v1/files/{id}/content/": "?token={token}",
}


def name_of(row: Row) -> str:
    return f"{row.method} {row.path}"


# --- declared and listed ------------------------------------------------------------


def test_every_method_of_every_address_declares_its_permission() -> None:
    for path, view_class, _ in addresses():
        handled = {name.upper() for name in METHODS if hasattr(view_class, name)}
        assert handled == set(declared(view_class)), path


def test_permissions_are_codes_or_one_of_two_words() -> None:
    for row in ENDPOINTS:
        is_code = re.fullmatch(r"[a-z]+\.[a-z-]+\.[a-z]+", row.permission)
        assert is_code or row.permission in (PUBLIC, AUTHENTICATED), row


def test_who_changes_something_needs_more_than_to_view() -> None:
    for row in ENDPOINTS:
        if row.method == "GET":
            assert row.permission.endswith(".view") or row.permission in (AUTHENTICATED, PUBLIC)
        else:
            assert not row.permission.endswith(".view"), row


def test_public_is_only_what_hands_out_tokens_or_takes_those_of_links() -> None:
    public = {row.path for row in ENDPOINTS if row.permission == PUBLIC}
    mailed = {"forgot-password", "reset-password", "accept-invitation"}
    logins = {f"/api/v1/auth/{name}/" for name in {"login", "refresh"} | mailed}
    assert public == logins | {"/api/v1/files/{id}/content/"}


def test_the_table_of_endpoints_is_up_to_date() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "see tests/architecture/endpoint_table.py"


def test_addresses_are_lower_case_and_end_in_a_slash() -> None:
    for path, _, _ in addresses():
        assert re.fullmatch(r"/api/v1/([a-z-]+/|\{[a-z_]+\}/)+", path), path


# --- closed to strangers ------------------------------------------------------------


@pytest.fixture
def books() -> Books:
    return open_books()


def records_of(books: Books) -> dict[str, str]:
    """One record of each resource that has addresses by id."""
    records: dict[str, Any] = {}
    for noun, kind in (
        ("invoices", "invoice"), ("bills", "bill"), ("credit-notes", "credit_note"),
        ("debit-notes", "debit_note"),
    ):  # fmt: skip
        records[noun] = books.document("10.00", kind=kind, post=False).row["id"]
    records["payments"] = books.payment("5.00", post=False).id
    records["journals"] = books.journal("1.00", "-1.00", post=False).id
    posted = books.document("10.00").row["id"]
    records["allocations"] = books.settle(posted, "5.00", payment_id=books.payment("5.00").id).id
    records["accounts"] = books.accounts["bank"]
    records["taxes"] = books.tax("S", "20")
    records["contacts"] = books.customer
    records["users"] = books.company.owner.pk
    records["memberships"] = rights.membership_of(books.company, books.company.owner).pk
    records["auth"] = entry.session_of(books.company)
    role = rights.role_of(books.company, rights.VIEW)
    records["roles"] = role["id"]
    records["grants"] = rights.grant_id(books.company, role, rights.VIEW)
    talk = talk_of(books.company)
    say(books.company, talk)
    records |= {"threads": talk.thread, "messages": talk.message}
    records["jobs"] = enqueue(books.company)
    records["mails"] = failed_mail(books.company).pk
    records["mail-templates"] = template_of(books.company).pk
    records["files"] = keep(books.company).pk
    owner = api_of(books.company, books.company.owner)
    records["exports"] = owner.ok("POST", "exports/", {"list": "taxes", "format": "csv"})["id"]
    records["webhooks"], _ = dead_delivery(books.company)
    api = api_of(books.company, books.company.owner)
    records |= {noun: api.ok("GET", f"{noun}/")["data"][0]["id"] for noun in ("series", "audit")}
    return {noun: str(record) for noun, record in records.items()}


def noun_of(row: Row) -> str:
    return row.path.removeprefix("/api/v1/").split("/")[0]


def variants(row: Row) -> list[str]:
    return [row.path, row.path + "?dry_run=true"] if "dry_run" in row.takes else [row.path]


def ask(api: Api, row: Row, path: str, record_id: Any) -> Any:
    body = None if row.method in ("GET", "DELETE") else {}
    return api.call(row.method, addressed(path, record_id), body, x_request_id="same")


def addressed(path: str, record_id: Any) -> str:
    """`path` with everything in braces filled in; people and emoji are the same for everybody."""
    path = path.replace("{user_id}", str(UUID(int=1))).replace("{emoji}", THUMB)
    path = path.replace("{delivery_id}", str(DEAD.get(str(record_id), UUID(int=2))))
    return path.replace("{id}", str(record_id))


def read_of(books: Books, row: Row, records: dict[str, str]) -> str:
    """Where the read of this row finds something."""
    token = link_token(books.company.ctx(), file_id=UUID(records["files"]))
    parameters = PARAMETERS.get(row.path, "").format(**books.accounts, token=token)
    return addressed(row.path, records.get(noun_of(row), "")) + parameters


def unscoped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be left if every manager forgot its tenant: row-level security."""
    monkeypatch.setattr(TenantManager, "get_queryset", models.Manager.get_queryset)


@pytest.fixture(params=["scoped", "only the database"])
def scoping(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "scoped":
        unscoped(monkeypatch)


def test_a_stranger_gets_the_same_404_for_a_foreign_id_and_for_none(
    books: Books, charlie: Api, scoping: None
) -> None:
    records = records_of(books)
    for row in BY_ID:
        for path in variants(row):
            foreign = ask(charlie, row, path, records[noun_of(row)])
            missing = ask(charlie, row, path, uuid7())
            refusal = 403 if row.permission in platform_codes() else 404
            assert foreign.status_code == missing.status_code == refusal, name_of(row)
            assert foreign.content == missing.content, name_of(row)
            assert {*foreign.headers.items()} == {*missing.headers.items()}, name_of(row)
    owner = api_of(books.company, books.company.owner)
    for row in BY_ID:
        if row.method == "GET":
            assert ask(owner, row, row.path, records[noun_of(row)]).status_code == 200


def test_a_stranger_changed_nothing(books: Books, charlie: Api, scoping: None) -> None:
    owner = api_of(books.company, books.company.owner)
    records = records_of(books)
    reads = [row for row in BY_ID if row.method == "GET"]

    def seen(row: Row) -> bytes:
        """Without links, which are fresh each time."""
        content = ask(owner, row, row.path, records[noun_of(row)]).content
        return re.sub(rb'"link(_expires_at)?":"[^"]*"', b"", content)

    before = [seen(row) for row in reads]
    for row in BY_ID:
        ask(charlie, row, row.path, records[noun_of(row)])
    assert [seen(row) for row in reads] == before


def test_lists_and_reports_of_a_stranger_hold_nothing_foreign(
    books: Books, charlie: Api, scoping: None
) -> None:
    records_of(books)
    owner = api_of(books.company, books.company.owner)
    theirs = set()
    for row in READS:
        if "{id}" not in row.path:
            path = row.path + PARAMETERS.get(row.path, "").format(**books.accounts)
            theirs |= set(UUIDS.findall(owner.get(path).content.decode()))
    assert len(theirs) > 25
    bank = charlie.ok("GET", "accounts/?role=bank")["data"][0]["id"]
    for row in READS:
        if "{id}" not in row.path:
            path = row.path + PARAMETERS.get(row.path, "").format(bank=bank)
            response = charlie.get(path)
            assert response.status_code == 200, name_of(row)
            assert theirs.isdisjoint(UUIDS.findall(response.content.decode())), name_of(row)


UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def test_a_filter_by_a_foreign_id_finds_nothing(books: Books, charlie: Api, scoping: None) -> None:
    records = records_of(books)
    for path in (
        f"invoices/?contact_id={books.customer}",
        f"invoices/?corrects_id={records['invoices']}",
        f"payments/?contact_id={books.customer}",
        f"allocations/?document_id={records['invoices']}",
        f"allocations/?payment_id={records['payments']}",
        f"accounts/?parent_id={books.accounts['bank']}",
    ):
        assert charlie.ok("GET", path)["data"] == [], path
    report = charlie.get(f"reports/general-ledger/?account_id={books.accounts['bank']}")
    assert report.status_code == 404


def test_a_foreign_id_in_a_body_does_not_exist(books: Books, charlie: Api, scoping: None) -> None:
    """The answer is the one to an id that nobody has."""
    records = records_of(books)
    mine = {a["role"]: a["id"] for a in charlie.ok("GET", "accounts/")["data"]}
    contact = charlie.ok("POST", "contacts/", {"name": "Mine"})["id"]
    day, line = "2026-03-02", {"unit_price": "1"}
    invoice = {"contact_id": contact, "issued_on": day}
    payment = {"kind": "receipt", "contact_id": contact, "paid_on": day, "amount": "1"}
    bodies: dict[str, Callable[[Any], Any]] = {
        "invoices/": lambda x: invoice | {"contact_id": x(books.customer), "lines": [line]},
        "bills/": lambda x: invoice
        | {"lines": [line | {"account_id": x(books.accounts["sales"])}]},
        "credit-notes/": lambda x: invoice
        | {"lines": [line | {"tax_id": x(records["taxes"])}], "post": True},
        "payments/": lambda x: payment | {"account_id": x(books.accounts["bank"])},
        "payments/?": lambda x: payment
        | {"post": True, "allocations": [{"document_id": x(records["invoices"]), "amount": "1"}]},
        "allocations/": lambda x: {
            "document_id": x(records["invoices"]),
            "payment_id": x(records["payments"]),
            "amount": "1",
        },
        "journals/": lambda x: {
            "effective_on": day,
            "lines": [
                {"account_id": mine["bank"], "debit": "1"},
                {"account_id": x(books.accounts["sales"]), "credit": "1"},
            ],
        },
        "accounts/": lambda x: {
            "code": "X", "name": "X", "type": "asset", "parent_id": x(books.accounts["bank"]),
        },
        "taxes/": lambda x: {
            "code": "X", "name": "X", "rate": "1", "account_id": x(books.accounts["tax"]),
        },
    }  # fmt: skip
    for path, body in bodies.items():
        foreign = charlie.post(path, body(str), x_request_id="same")
        missing = charlie.post(path, body(lambda _: str(uuid7())), x_request_id="same")
        assert foreign.status_code == missing.status_code == 422, (path, foreign.content)
        assert foreign.content == missing.content, path


# --- what it costs ------------------------------------------------------------------


def statements(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connections["default"]) as captured:
        response = ask()
    assert response.status_code < 300, response.content
    # Who calls is asked every five seconds, whatever the request.
    noise = ("BEGIN", "COMMIT", "ROLLBACK", SESSION_SQL[:40], HELD_SQL[:24])
    return sum(not query["sql"].startswith(noise) for query in captured.captured_queries)


def read_cost(books: Books, api: Api, path: str) -> int:
    """Of an answer that nobody remembers."""
    ordinary = [name for name, policy in settings.CACHE_NAMESPACES.items() if name not in CALLERS]
    runtime().bump([(name, str(books.tenant_id)) for name in ordinary])
    return statements(lambda: api.get(path))


def fill(books: Books, times: int) -> Talk:
    talk = talk_of(books.company)
    for number in range(times):
        say(books.company, talk)
        take(books.company.ctx(), viewed())
        talk_of(books.company, talk.colleague)
        note = {"kind": "credit_note"}
        for kind in ({}, {"kind": "bill"}, note, {"kind": "debit_note"}):
            posted = books.document("10.00", "1.00", **kind)
        invoice = books.document("3.00").row["id"]
        books.settle(invoice, "1.00", payment_id=books.payment("5.00").id)
        books.journal("1.00", "-1.00")
        books.tax(f"T{uuid7()}"[:30], "20")
        rights.member_of(books.company, rights.VIEW)
        entry.session_of(books.company)
        enqueue(books.company)
        api_of(books.company, books.company.owner).ok(
            "POST", "exports/", {"list": "taxes", "format": "csv"}
        )
        if number < ENDPOINTS_MAX // 2:
            hook(books.company)
        mail_to(books.company)
        template_of(books.company, language=next(LANGUAGES))
        assert posted.row["number"], number
    place_all()
    deliveries_owe(books.company.ctx())
    return talk


def list_costs(books: Books, api: Api, records: dict[str, str]) -> dict[str, int]:
    costs = {}
    for row in LISTS:
        path = addressed(row.path, records.get(noun_of(row), ""))
        path += PARAMETERS.get(row.path, "").format(**books.accounts)
        costs[name_of(row)] = read_cost(books, api, path)
        if "`expand`" in row.takes:
            costs[f"{name_of(row)}?expand=lines"] = read_cost(books, api, f"{path}?expand=lines")
    return costs


def test_a_list_costs_the_same_however_many_rows_it_has(books: Books) -> None:
    api = api_of(books.company, books.company.owner)
    records = records_of(books)
    talk = fill(books, 1)
    few = list_costs(books, api, records | talk.ids)
    talk = fill(books, 19)
    assert list_costs(books, api, records | talk.ids) == few


def test_an_answer_that_is_remembered_costs_no_statement(books: Books) -> None:
    api = api_of(books.company, books.company.owner)
    paths = ("accounts/", "taxes/", "settings/", "roles/", "modules/")
    for path in (*paths, f"accounts/{books.accounts['bank']}/"):
        read_cost(books, api, path)
        assert statements(lambda path=path: api.get(path)) == 0, path


def measured(books: Books) -> dict[str, int]:
    """Statements of every read, and of the ways of a document into the books."""
    api = api_of(books.company, books.company.owner)
    talk = fill(books, 3)
    records = records_of(books) | talk.ids
    place_all()  # what other tests announced would be placed by the first request that looks
    costs = list_costs(books, api, records)
    for row in READS:
        if row not in LISTS:
            costs[name_of(row)] = read_cost(books, api, read_of(books, row, records))
    return costs | write_costs(books, api) | talk_costs(api, talk)


def talk_costs(api: Api, talk: Talk) -> dict[str, int]:
    """Statements of what is done most in conversations."""

    def cost(method: str, path: str, body: Any = None) -> int:
        return statements(lambda: api.call(method, path, body))

    thread, message = f"threads/{talk.thread}", f"messages/{talk.message}"
    mentions = [str(talk.colleague.pk)]
    return {
        "message: send": cost("POST", f"{thread}/messages/", {"body": "Hello"}),
        "message: send with a mention": cost(
            "POST", f"{thread}/messages/", {"body": "Hello", "mentions": mentions}
        ),
        "message: edit": cost("PATCH", f"{message}/", {"body": "Better"}),
        "message: react": cost("PUT", f"{message}/reactions/{THUMB}/"),
        "message: delete": cost("DELETE", f"{message}/"),
        "thread: mark as read": cost("POST", f"{thread}/read/", {}),
    }


def write_costs(books: Books, api: Api) -> dict[str, int]:
    def cost(path: str, body: Any = None, **headers: str) -> int:
        return statements(lambda: api.post(path, body, **headers))

    line = {"unit_price": "10", "tax_id": str(books.taxes["S"])}
    invoice = {"contact_id": books.customer, "issued_on": "2026-03-02", "lines": [line] * 3}
    payment = {
        "kind": "receipt", "contact_id": books.customer, "paid_on": "2026-03-02", "amount": "1",
    }  # fmt: skip
    draft = api.ok("POST", "invoices/", invoice)["id"]
    settled = api.ok("POST", "invoices/", invoice | {"post": True})["id"]
    journal = {
        "effective_on": "2026-03-02",
        "lines": [
            {"account_id": books.accounts["bank"], "debit": "1"},
            {"account_id": books.accounts["sales"], "credit": "1"},
        ],
    }
    allocations = {"allocations": [{"document_id": settled, "amount": "1"}], "post": True}
    return {
        "invoice: draft": cost("invoices/", invoice),
        "invoice: create and post": cost("invoices/", invoice | {"post": True}),
        "invoice: create and post, with an Idempotency-Key": cost(
            "invoices/", invoice | {"post": True}, idempotency_key="k"
        ),
        "invoice: replay of a kept answer": cost(
            "invoices/", invoice | {"post": True}, idempotency_key="k"
        ),
        "invoice: post a draft": cost(f"invoices/{draft}/post/"),
        "invoice: credit": cost(f"invoices/{draft}/credit/", {}),
        "payment: create and post": cost("payments/", payment | {"post": True}),
        "payment: create, post and allocate": cost("payments/", payment | allocations),
        "journal: create and post": cost("journals/", journal | {"post": True}),
        "contact: create": cost("contacts/", {"name": "Ada"}),
    }


def test_every_request_costs_the_statements_that_are_written_down(books: Books) -> None:
    found = measured(books)
    if os.environ.get("QUERY_COUNTS") == "write":
        COUNTS.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    assert found == json.loads(Path(COUNTS).read_text(encoding="utf-8"))
