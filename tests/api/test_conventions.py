"""What every endpoint has in common: pages, fields, ETags, dry runs, CSV, limits."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.test import override_settings

from accounting.services.reference import contact_create
from core.api.csv_stream import csv_lines
from core.api.throttles import CallerThrottle
from core.jobs.models import OutboxEvent
from core.json import dumps
from core.tenancy.context import Context
from core.tenancy.transactions import command
from tests.api.books import Books, document, fill, journal, line, open_books, payment
from tests.api.endpoints import endpoints
from tests.api.footprint import footprint
from tests.api.wire import refusal, send
from tests.cast import Api, Company, api_of, join, new_company, new_user
from tests.jobs.desk import enqueue
from tests.paper.desk import failed_mail
from tests.webhooks.desk import dead_delivery

ABSENT = "01900000-0000-7000-8000-000000000000"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
MONEY = re.compile(r"-?\d+(\.\d+)?")
NOT_TRANSITIONS = {"auth"}
CONTACTS = 450
#: A transaction has 15 s, also on a machine that is busy otherwise.
AT_ONCE = 100


@pytest.fixture
def books(alice: Api) -> Books:
    return open_books(alice)


@pytest.fixture
def filled(books: Books) -> Books:
    return fill(books)


@pytest.fixture(scope="module")
def crowd(django_db_setup: None, django_db_blocker: Any) -> Iterator[Api]:
    """A company with more contacts than two of the largest pages hold."""
    with django_db_blocker.unblock():
        company = new_company(new_user("alice"))
        for start in range(0, CONTACTS, AT_ONCE):
            gather(company.ctx(), range(start, min(start + AT_ONCE, CONTACTS)))
        yield api_of(company, company.owner)


@command
def gather(ctx: Context, numbers: range) -> None:
    for number in numbers:
        # Names repeat, so that only the id makes the order a total one.
        contact_create(ctx, values={"name": f"C{number % 7}", "reference": f"{number}"})


# --- every answer -----------------------------------------------------------------------


def test_money_moments_days_and_ids_have_one_form(filled: Books) -> None:
    found = filled.api.ok("GET", f"invoices/{filled.posted['invoices']}/")
    for name in ("net", "tax", "total", "allocated", "outstanding"):
        assert isinstance(found[name], str)
        assert MONEY.fullmatch(found[name])
    for name in ("created_at", "posted_at"):
        assert MOMENT.fullmatch(found[name])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["issued_on"])
    assert UUID.fullmatch(found["id"])
    assert (found["total"], found["outstanding"]) == ("14.50", "12.50")


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("-0.00", "0.00"), ("0", "0"), ("1E+3", "1000"), ("1E-6", "0.000001"), ("-5.50", "-5.50")],
)
def test_amounts_are_plain_and_zero_has_no_sign(amount: str, shown: str) -> None:
    assert dumps([Decimal(amount)]) == f'["{shown}"]'.encode()
    row = "".join(csv_lines([{"amount": Decimal(amount)}], ["amount"], frozenset()))
    assert row == f"amount\r\n{shown}\r\n"


def test_no_posting_is_of_minus_zero(filled: Books) -> None:
    journals = filled.api.get("journals/?expand=lines").content
    assert b'"0.00"' in journals
    assert b'"-0' not in journals


def test_every_answer_has_a_request_id_and_is_private(filled: Books, nobody: Api) -> None:
    api, invoice = filled.api, filled.posted["invoices"]
    answers = [
        api.get("invoices/"),
        api.get("invoices/", accept="text/csv"),
        api.get(f"invoices/{ABSENT}/"),
        api.post("contacts/", {"name": "Ann"}),
        api.post("contacts/", {}),
        nobody.get("invoices/"),
        nobody.post("auth/login/", {"email": "x@example.com", "password": "x"}),
    ]
    for answer in answers:
        assert UUID.fullmatch(answer["X-Request-ID"])
        assert answer["Cache-Control"] == "private, no-store"
        assert "Set-Cookie" not in answer
        assert answer["X-Content-Type-Options"] == "nosniff"
    assert api.get(f"invoices/{invoice}/")["Cache-Control"] == "private, no-cache"


def test_the_envelope_names_operation_and_fields(filled: Books) -> None:
    books, api = filled, filled.api
    error = refusal(api.post(f"invoices/{books.posted['invoices']}/post/"), 409)
    assert (error["code"], error["operation"]) == ("NOT_DRAFT", "document.post")
    body = document(books.customer, line(), line("ten", quantity="x"))
    error = refusal(api.post("invoices/", body), 422)
    assert error["code"] == "INVALID"
    named = [field["name"] for field in error["fields"]]
    assert named == ["lines.1.quantity", "lines.1.unit_price"]
    entry = journal(books.accounts["bank"], books.accounts["sales"], post=True)
    entry["lines"][1]["credit"] = "6.99"
    error = refusal(api.post("journals/", entry), 422)
    assert error["code"] == "UNBALANCED"
    assert "0.01" in error["message"]


def test_a_refusal_is_json_even_to_who_asked_for_csv(alice: Api) -> None:
    for path, status in (("invoices/?nothing=1", 422), (f"invoices/{ABSENT}/", 406)):
        refusal(alice.get(path, accept="text/csv"), status)
    refusal(alice.post("contacts/", {}, accept="text/csv"), 422)


# --- pages ------------------------------------------------------------------------------


def test_cursors_lead_forth_and_back(crowd: Api) -> None:
    forth, page = [], crowd.ok("GET", "contacts/?limit=200")
    assert page["pagination"]["previous"] is None
    while True:
        forth.append(page["data"])
        if page["pagination"]["next"] is None:
            break
        page = crowd.ok("GET", f"contacts/?limit=200&cursor={page['pagination']['next']}")
    assert [len(rows) for rows in forth] == [200, 200, 50]
    seen = [row["id"] for rows in forth for row in rows]
    assert len(set(seen)) == CONTACTS
    assert [row["name"] for rows in forth for row in rows] == sorted(
        row["name"] for rows in forth for row in rows
    )
    back = []
    while page["pagination"]["previous"]:
        page = crowd.ok("GET", f"contacts/?limit=200&cursor={page['pagination']['previous']}")
        back.insert(0, page["data"])
    assert [row["id"] for rows in back for row in rows] == seen[:400]
    assert len(back) == 2


def test_cursors_do_not_move_when_rows_come_before_them(books: Books) -> None:
    api = books.api
    made = [api.ok("POST", "invoices/", document(books.customer))["id"] for _ in range(4)]
    first = api.ok("GET", "invoices/?limit=2")
    api.ok("POST", "invoices/", document(books.customer) | {"issued_on": "2026-12-01"})
    second = api.ok("GET", f"invoices/?limit=2&cursor={first['pagination']['next']}")
    shown = [row["id"] for page in (first, second) for row in page["data"]]
    assert shown == sorted(made, reverse=True)


def test_numbered_pages_know_the_total(crowd: Api) -> None:
    page = crowd.ok("GET", "contacts/?page=3&limit=200")
    assert page["pagination"] == {
        "next": None,
        "previous": 2,
        "limit": 200,
        "page": 3,
        "total": CONTACTS,
        "pages": 3,
    }
    assert len(page["data"]) == 50
    cursors = crowd.ok("GET", "contacts/")["pagination"]
    assert (set(cursors), cursors["limit"]) == ({"next", "previous", "limit"}, 50)
    assert crowd.ok("GET", "contacts/?page=4&limit=200")["data"] == []


@pytest.mark.parametrize("limit", [1, 200])
def test_the_limits_of_a_page(crowd: Api, limit: int) -> None:
    assert len(crowd.ok("GET", f"contacts/?limit={limit}")["data"]) == limit


def test_an_ordering_holds_across_pages(books: Books) -> None:
    days = ["2026-03-05", "2026-03-01", "2026-03-05", "2026-03-03", "2026-03-01"]
    for day in days:
        books.api.ok("POST", "invoices/", document(books.customer) | {"issued_on": day})
    for ordering, expected in (("issued_on", sorted(days)), ("-issued_on", sorted(days)[::-1])):
        found = [row["issued_on"] for row in walk(books.api, f"invoices/?ordering={ordering}")]
        assert found == expected


def walk(api: Api, path: str, limit: int = 2) -> list[Any]:
    """Every row of a list, page by page."""
    rows, cursor = [], ""
    while True:
        page = api.ok("GET", f"{path}&limit={limit}{cursor}")
        rows += page["data"]
        if page["pagination"]["next"] is None:
            return rows
        cursor = f"&cursor={page['pagination']['next']}"


# --- fields, expand, filters --------------------------------------------------------------


def test_fields_selects(filled: Books) -> None:
    api, address = filled.api, f"invoices/{filled.posted['invoices']}/"
    assert set(api.ok("GET", f"{address}?fields=id,total")) == {"id", "total"}
    rows = api.ok("GET", "invoices/?fields=number, status")["data"]
    assert rows
    assert all(set(row) == {"number", "status"} for row in rows)
    assert set(api.ok("GET", "reports/trial-balance/?fields=totals")) == {"totals"}


def test_expand_embeds_one_level(filled: Books) -> None:
    for noun in ("invoices", "journals"):
        plain = filled.api.ok("GET", f"{noun}/")["data"]
        assert all("lines" not in row for row in plain)
        rows = filled.api.ok("GET", f"{noun}/?expand=lines")["data"]
        assert [row["id"] for row in rows] == [row["id"] for row in plain]
        assert all(len(row["lines"]) >= 2 for row in rows)
        one = filled.api.ok("GET", f"{noun}/{rows[0]['id']}/")
        assert rows[0]["lines"] == one["lines"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [("draft", 1), ("part_paid", 1), ("open", 1), ("posted", 0), ("paid", 0), ("reversed", 0)],
)
def test_filters_by_status(filled: Books, status: str, expected: int) -> None:
    assert len(filled.api.ok("GET", f"invoices/?status={status}")["data"]) == expected


def test_filters_narrow_and_combine(filled: Books) -> None:
    api, customer, day = filled.api, filled.customer, "2026-03-02"
    number = api.ok("GET", f"invoices/{filled.posted['invoices']}/")["number"]
    counts = {
        f"contact_id={customer}": 2,
        f"contact_id={filled.supplier}": 0,
        f"issued_from={day}&issued_until={day}": 2,
        "issued_from=2026-03-03": 0,
        "issued_until=2026-03-01": 0,
        f"number={number}": 1,
        f"number={number}&status=draft": 0,
        f"page=1&contact_id={customer}&limit=1": 1,
    }
    found = {query: len(api.ok("GET", f"invoices/?{query}")["data"]) for query in counts}
    assert found == counts


@pytest.mark.parametrize("value", ["true", "false"])
def test_filters_by_truth(filled: Books, value: str) -> None:
    rows = filled.api.ok("GET", f"contacts/?is_supplier={value}")["data"]
    assert [row["is_supplier"] for row in rows] == [value == "true"]


@pytest.mark.parametrize("value", ["maybe", "2", "tru", "on", "%20", ""])
def test_a_truth_that_is_none_is_refused(filled: Books, value: str) -> None:
    """Taken for "no filter", it would show everything."""
    refusal(filled.api.get(f"contacts/?is_supplier={value}"), 422)


# --- ETags ------------------------------------------------------------------------------

Make = Callable[[Books], tuple[str, dict[str, Any]]]
CHANGEABLE: dict[str, Make] = {
    "invoices": lambda b: (f"invoices/{b.drafts['invoices']}/", {"reference": "PO 7"}),
    "bills": lambda b: (f"bills/{b.drafts['bills']}/", {"lines": [line("99")]}),
    "journals": lambda b: (f"journals/{b.drafts['journals']}/", {"narration": "Changed"}),
    "payments": lambda b: (f"payments/{b.drafts['payments']}/", {"amount": "6.00"}),
    "accounts": lambda b: (f"accounts/{b.accounts['sales']}/", {"name": "Turnover"}),
    "taxes": lambda b: (f"taxes/{b.taxes[0]['id']}/", {"name": "VAT"}),
    "contacts": lambda b: (f"contacts/{b.customer}/", {"name": "Dawson & Daughters"}),
    "settings": lambda b: ("settings/", {"payment_terms_days": 14}),
}


@pytest.mark.parametrize("noun", CHANGEABLE)
def test_an_etag_guards_a_change(filled: Books, noun: str) -> None:
    address, change = CHANGEABLE[noun](filled)
    api = filled.api
    read = api.get(address)
    etag = read["ETag"]
    assert api.get(address, if_none_match=etag).status_code == 304
    assert api.get(address, if_none_match=f'"x", W/{etag}').content == b""
    changed = api.patch(address, change, if_match=etag)
    assert changed.status_code == 200
    assert changed["ETag"] != etag
    name, value = next(iter(change.items()))
    assert changed.data[name] == value or name == "lines"
    assert api.get(address)["ETag"] == changed["ETag"]
    assert api.get(address, if_none_match=etag).status_code == 200
    stale = refusal(api.patch(address, change, if_match=etag), 412)
    assert stale["code"] == "STALE_VERSION"
    assert api.patch(address, change, if_match="*").status_code == 200
    assert api.patch(address, change).status_code == 200


@pytest.mark.parametrize("noun", ["invoices", "journals", "payments"])
def test_a_stale_etag_deletes_nothing(filled: Books, noun: str) -> None:
    address, change = CHANGEABLE[noun](filled)
    stale = filled.api.get(address)["ETag"]
    fresh = filled.api.patch(address, change)["ETag"]
    refusal(filled.api.delete(address, if_match=stale), 412)
    assert filled.api.delete(address, if_match=fresh).status_code == 204
    refusal(filled.api.get(address), 404)


def test_a_304_says_no_more_than_that_it_is_the_same(filled: Books) -> None:
    address = f"invoices/{filled.posted['invoices']}/"
    etag = filled.api.get(address)["ETag"]
    answer = filled.api.get(address, if_none_match=etag)
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)
    assert answer["Cache-Control"] == "private, no-cache"


def test_another_selection_of_fields_is_another_etag(filled: Books) -> None:
    address = f"invoices/{filled.posted['invoices']}/"
    some = filled.api.get(f"{address}?fields=id")["ETag"]
    assert filled.api.get(address, if_none_match=some).status_code == 200
    draft = f"invoices/{filled.drafts['invoices']}/"
    etag = filled.api.get(f"{draft}?fields=id")["ETag"]
    assert filled.api.patch(draft, {"reference": "x"}, if_match=etag).status_code == 200


def test_a_payment_changes_the_invoice_and_its_etag(filled: Books) -> None:
    """Its status is derived from allocations: who holds the old ETag must see the new status."""
    address = f"invoices/{filled.posted['invoices']}/"
    before = filled.api.get(address)["ETag"]
    settled = [{"document_id": filled.posted["invoices"], "amount": "1.00"}]
    body = payment(filled.customer, "1.00", post=True, allocations=settled)
    filled.api.ok("POST", "payments/", body)
    assert filled.api.get(address, if_none_match=before).status_code == 200


# --- dry runs ---------------------------------------------------------------------------


def transitions(company: Company, books: Books) -> list[tuple[str, Any]]:
    """Every transition that can be made in these books."""
    documents = ("invoices", "bills", "credit-notes", "debit-notes")
    found: list[tuple[str, Any]] = [
        (f"{noun}/{books.drafts[noun]}/post/", None)
        for noun in (*documents, "payments", "journals")
    ]
    found += [(f"{noun}/{books.posted[noun]}/credit/", {}) for noun in ("invoices", "bills")]
    found += [(f"{noun}/{books.posted[noun]}/reverse/", {}) for noun in ("journals", "allocations")]
    for noun in (*documents, "payments"):
        body = (payment if noun == "payments" else document)(books.customer, post=True)
        free = books.api.ok("POST", f"{noun}/", body)["id"]
        found.append((f"{noun}/{free}/reverse/", {}))
    stranger = books.api.ok("POST", "contacts/", {"name": "Nobody's customer"})["id"]
    job = enqueue(company)
    found += [(f"jobs/{job}/cancel/", None), (f"jobs/{job}/replay/", None)]
    export = books.api.ok("POST", "exports/", {"list": "taxes", "format": "csv"})
    found.append((f"exports/{export['id']}/cancel/", None))
    found.append((f"mails/{failed_mail(company).pk}/send-again/", None))
    endpoint, _ = dead_delivery(company)
    found += [(f"webhooks/{endpoint}/{verb}/", None) for verb in ("enable", "test", "replay")]
    endpoint, delivery = dead_delivery(company)
    found.append((f"webhooks/{endpoint}/deliveries/{delivery}/replay/", None))
    return [*found, (f"contacts/{stranger}/erase/", {})]


def test_a_dry_run_shows_everything_and_leaves_nothing(acme: Company, filled: Books) -> None:
    calls = transitions(acme, filled)
    covered = {re.sub(r"/[0-9a-f-]{36}/", "/{id}/", path) for path, _ in calls}
    wanted = {one.path for one in endpoints() if one.endpoint.transition}
    assert covered == {re.sub(r"/\{\w+\}/", "/{id}/", path) for path in wanted}
    before, api = footprint(acme), filled.api
    for path, body in calls:
        rehearsed = api.post(f"{path}?dry_run=true", body)
        assert rehearsed.status_code in (200, 201, 204), (path, rehearsed.content)
        assert footprint(acme) == before, path
        real = api.post(path, body)
        assert real.status_code == rehearsed.status_code
        assert volatile_left_out(rehearsed.data) == volatile_left_out(real.data), path
        before = footprint(acme)


def test_a_dry_run_takes_no_number_and_announces_nothing(acme: Company, filled: Books) -> None:
    address = f"invoices/{filled.drafts['invoices']}/post/"
    events = OutboxEvent.objects.filter(tenant_id=acme.tenant_id)
    before = events.count()
    shown = [filled.api.ok("POST", f"{address}?dry_run=1")["number"] for _ in range(3)]
    assert shown == ["INV-2026-00002"] * 3
    assert events.count() == before
    assert filled.api.ok("POST", f"{address}?dry_run=false")["number"] == "INV-2026-00002"


def test_a_dry_run_of_what_cannot_be_is_refused_alike(filled: Books) -> None:
    address = f"invoices/{filled.posted['invoices']}/post/"
    dry, real = filled.api.post(f"{address}?dry_run=true"), filled.api.post(address)
    assert refusal(dry, 409)["code"] == refusal(real, 409)["code"]


def volatile_left_out(value: Any) -> Any:
    """Without what differs from one attempt to the next: new ids and moments."""
    if isinstance(value, dict):
        names = [n for n in value if not n.endswith("_at") and not n.endswith("id")]
        return {name: volatile_left_out(value[name]) for name in names}
    return [volatile_left_out(item) for item in value] if isinstance(value, list) else value


# --- CSV --------------------------------------------------------------------------------


def rows_of(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200, response.content
    assert response.streaming
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="[a-z-]+\.csv"', response["Content-Disposition"])
    text = b"".join(response.streaming_content).decode()
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text)))


def csv_addresses(books: Books) -> dict[str, str]:
    """Address and what to ask it for, of all that offers CSV; one history is like another."""
    needs = {
        "reports/general-ledger/": f"?account_id={books.accounts['bank']}",
        "audit/": f"?row_id={books.customer}",  # looking adds to the rest of it
    }
    offers = [one.path for one in endpoints() if one.endpoint.csv]
    records = [path for path in offers if "{id}" in path]
    history = {"contacts/{id}/history/": f"contacts/{books.customer}/history/"}
    return {path: path + needs.get(path, "") for path in offers if path not in records} | history


def test_csv_holds_what_json_holds(filled: Books) -> None:
    for path, address in csv_addresses(filled).items():
        expected = whole(filled.api, address)
        found = rows_of(filled.api.get(address, accept="text/csv"))
        assert [cells(row) for row in expected] == found, path


def whole(api: Api, address: str) -> list[dict[str, Any]]:
    """The rows of a report, or of every page of a list."""
    answer = api.ok("GET", address)
    following = answer.get("pagination", {}).get("next")
    rows = answer.get("rows") or answer.get("data", [])
    return rows + whole(api, f"{address.split('?')[0]}?cursor={following}") if following else rows


def cells(row: dict[str, Any]) -> dict[str, str]:
    words = {None: "", True: "true", False: "false"}

    def cell(value: Any) -> str:
        if value is None or isinstance(value, bool):
            return words[value]
        return dumps(value).decode() if isinstance(value, dict | list) else str(value)

    return {name: cell(value) for name, value in row.items()}


def test_csv_is_whole_however_many_pages_it_takes(crowd: Api) -> None:
    found = rows_of(crowd.get("contacts/", accept="text/csv"))
    assert len(found) == len({row["id"] for row in found}) == CONTACTS
    assert len(rows_of(crowd.get("contacts/?limit=7", accept="text/csv"))) == CONTACTS
    assert len(rows_of(crowd.get("contacts/?page=3&limit=200", accept="text/csv"))) == 50


def test_csv_respects_fields_and_filters(crowd: Api) -> None:
    answer = crowd.get("contacts/?fields=reference,name&name=C3", accept="text/csv")
    found = rows_of(answer)
    assert {tuple(row) for row in found} == {("name", "reference")}
    assert {row["name"] for row in found} == {"C3"}
    assert len(found) == len(range(3, CONTACTS, 7))


def test_csv_of_a_report_selects_its_columns(filled: Books) -> None:
    answer = filled.api.get("reports/trial-balance/?fields=code,balance", accept="text/csv")
    assert {tuple(row) for row in rows_of(answer)} == {("code", "balance")}
    refusal(filled.api.get("reports/trial-balance/?fields=totals", accept="text/csv"), 422)
    refusal(filled.api.get("invoices/?fields=lines", accept="text/csv"), 422)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_runs_no_cell(alice: Api, start: str) -> None:
    text = f'{start}cmd|" /C calc"!A0,\n"x"'
    contact = alice.ok("POST", "contacts/", {"name": "Ann", "address": f"x{text}"})
    alice.ok("PATCH", f"contacts/{contact['id']}/", {"tax_number": f"{start}1"[:40]})
    [row] = rows_of(alice.get("contacts/", accept="text/csv"))
    assert row["address"] == f"x{text}"
    kept = alice.ok("GET", f"contacts/{contact['id']}/")["tax_number"]
    assert row["tax_number"] == (f"'{kept}" if kept.startswith(start) else kept)


def test_a_negative_amount_in_csv_stays_a_number(filled: Books) -> None:
    found = rows_of(filled.api.get("reports/trial-balance/", accept="text/csv"))
    balances = [Decimal(row["balance"]) for row in found]
    assert sum(balances) == 0
    assert min(balances) < 0


def test_csv_fails_before_its_first_byte(filled: Books) -> None:
    """A 200 that breaks off in the middle looks like a short list."""
    refusal(filled.api.get("invoices/?cursor=x", accept="text/csv"), 422)
    ledger = f"reports/general-ledger/?account_id={ABSENT}"
    refusal(filled.api.get(ledger, accept="text/csv"), 404)


def test_no_csv_where_none_is_offered(filled: Books) -> None:
    for path in ("inbox/", "settings/", "auth/me/", f"invoices/{filled.posted['invoices']}/"):
        error = refusal(filled.api.get(path, accept="text/csv"), 406)
        assert error["code"] == "NOT_ACCEPTABLE"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/*", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/html, application/json;q=0.9, */*;q=0.8", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/csv, */*;q=0.1", "text/csv; charset=utf-8"),
    ],
)
def test_the_form_of_an_answer(alice: Api, accept: str, content_type: str) -> None:
    assert alice.get("contacts/", accept=accept)["Content-Type"] == content_type


# --- throttles --------------------------------------------------------------------------


def test_too_many_requests_of_one_user(acme: Company, alice: Api) -> None:
    """Counted by user, whatever the session; nobody else waits with him."""
    colleague = api_of(acme, join(acme, new_user("bob"), "viewer"))
    with override_settings(THROTTLE_USER_PER_MINUTE=3), one_window():
        assert [alice.get("contacts/").status_code for _ in range(3)] == [200] * 3
        response = alice.get("contacts/")
        assert refusal(response, 429)["code"] == "RATE_LIMITED"
        assert 1 <= int(response["Retry-After"]) <= 60
        refusal(api_of(acme, acme.owner).get("contacts/"), 429)
        assert colleague.get("contacts/").status_code == 200


def test_too_many_requests_of_one_address(nobody: Api, alice: Api) -> None:
    with override_settings(THROTTLE_ANONYMOUS_PER_MINUTE=2), one_window():
        body = {"email": "nobody@example.com", "password": "x"}
        answers = [login(nobody, body, "192.0.2.7") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        assert "Retry-After" in answers[2]
        assert login(nobody, body, "192.0.2.8").status_code == 401
        # A header that anybody can write does not make him somebody else.
        refusal(login(nobody, body, "192.0.2.7", HTTP_X_FORWARDED_FOR="192.0.2.9"), 429)
        assert alice.get("contacts/").status_code == 200


def login(api: Api, body: dict[str, str], address: str, **environment: str) -> Any:
    data = orjson.dumps(body)
    return send(api, "POST", "auth/login/", data, REMOTE_ADDR=address, **environment)


class one_window:  # noqa: N801  reads as a phrase
    """Counts start at zero, and the minute does not end in between."""

    def __enter__(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("core.api.throttles.time.monotonic", lambda: 30.0)
        CallerThrottle._counts.clear()

    def __exit__(self, *_: object) -> None:
        self.patch.undo()
        CallerThrottle._counts.clear()
