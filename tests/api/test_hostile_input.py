"""Bytes that nobody in his right mind sends: each is refused cleanly and changes nothing."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import orjson
import pytest

from tests.api.books import Books, document, fill, journal, line, open_books, payment
from tests.api.footprint import footprint
from tests.api.wire import refusal, send
from tests.cast import Api, Company, api_of, new_company, new_user

ABSENT = "01900000-0000-7000-8000-000000000000"
TEN_MEGABYTES = 10 * 1024 * 1024
#: Never right, whatever the field.
WRONG_VALUES: list[Any] = [
    {},
    {"a": {"b": [1]}},
    [],
    [[[]]],
    [None],
    "x\x00y",
    "\x00",
    "9" * 5_000,
    10**18,
    -(10**18),
    1e308,
    -0.1,
    "1e400",
    "NaN",
    "-Infinity",
    "sNaN",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "20260230",
    "\u0662\u0660\u0662\u0666-01-01",
    "²",
    "' OR 1=1 --",
    "\u202e\ufeff\u0000",
    ABSENT,
]


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: Any) -> Iterator[Company]:
    """One company for all refusals: whatever is refused may not change it."""
    with django_db_blocker.unblock():
        yield new_company(new_user("alice"))


@pytest.fixture(scope="module")
def books(company: Company) -> Books:
    return fill(open_books(api_of(company, company.owner)))


@pytest.fixture
def api(books: Books) -> Api:
    return books.api


@pytest.fixture(autouse=True)
def unchanged(company: Company, books: Books) -> Iterator[None]:
    before = footprint(company)
    yield
    assert footprint(company) == before


def bodies(books: Books) -> dict[str, Any]:
    """A body that would be taken, by method and address. None of them is ever sent as it is."""
    tax = books.taxes[0]["id"]
    bill = document(books.supplier, line(tax_id=tax, discount_percent="5", item_code="D1"))
    settled = [{"document_id": books.posted["invoices"], "amount": "1.00"}]
    paid = payment(
        books.customer, allocations=settled, post=True, account_id=books.accounts["bank"]
    )
    entry = journal(books.accounts["bank"], books.accounts["sales"])
    account = {"code": "7000", "name": "Travel", "type": "expense", "parent_id": None}
    rate = {"code": "Z", "name": "Zero", "rate": "0", "account_id": books.accounts["tax"]}
    person = {"name": "Ann", "email": "ann@example.com", "country": "GB", "payment_terms_days": 3}
    formats = {"prefix": "X-{year}-", "digits": 4}
    kinds = ["invoice", "bill", "credit_note", "debit_note", "receipt", "disbursement", "journal"]
    settings = {"payment_terms_days": 10, "number_formats": {kind: dict(formats) for kind in kinds}}
    return {
        "POST accounts/": account,
        "POST taxes/": rate | {"valid_from": "2026-01-01", "valid_until": "2026-12-31"},
        "POST contacts/": person,
        "PATCH settings/": settings,
        "POST journals/": entry,
        f"PATCH journals/{books.drafts['journals']}/": entry,
        "POST bills/": bill,
        "POST invoices/": document(books.customer, line(tax_id=tax)),
        f"PATCH invoices/{books.drafts['invoices']}/": document(books.customer),
        f"POST invoices/{books.posted['invoices']}/credit/": {
            "lines": [{"position": 1, "quantity": "1"}],
            "issued_on": "2026-03-05",
        },
        "POST payments/": paid,
        f"PATCH payments/{books.drafts['payments']}/": {"amount": "6.00", "paid_on": "2026-04-01"},
        "POST allocations/": settled[0] | {"payment_id": books.posted["payments"]},
    }


# --- bodies that are not JSON ---------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b'{"name": "x"',
        b'{"name": "x"}}',
        b'{"name": "x"} trailing',
        b"{'name': 'x'}",
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"payment_terms_days": -Infinity}',
        b'{"name": "\\ud800"}',
        b'{"name": "\\udfff\\ud800"}',
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "\xff\xfe"}',
        b'{"name": "a\x00b"}',
        b'\xef\xbb\xbf{"name": "x"}',
        b'{"name": "x"}'.decode().encode("utf-16"),
        b"\x00" * 100,
        b"name=x&is_customer=on",
        b"<?xml version='1.0'?><name>x</name>",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_not_json_is_malformed(api: Api, body: bytes) -> None:
    error = refusal(send(api, "POST", "contacts/", body), 400)
    assert error["code"] == "MALFORMED"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"true",
        b"1",
        b'"text"',
        b"[[]]",
        b'[{"name": "x"}]',
        b'{"payment_terms_days": 1e400, "name": "x"}',
        b'{"payment_terms_days": ' + b"9" * 5_000 + b', "name": "x"}',
        b'{"name": "' + b"x" * 201 + b'"}',
        b'{"name": "a\\u0000b"}',
        b'{"name": "  "}',
        b"{}",
    ],
)
def test_json_of_the_wrong_shape_is_invalid(api: Api, body: bytes) -> None:
    refusal(send(api, "POST", "contacts/", body), 400, 422)


def test_deep_nesting_is_refused(api: Api) -> None:
    deep = b'{"name": ' + b"[" * 900 + b"]" * 900 + b"}"
    refusal(send(api, "POST", "contacts/", deep), 400, 422)


@pytest.mark.parametrize("path", ["contacts/", "invoices/", "auth/login/"])
def test_ten_megabytes_are_too_large(api: Api, path: str) -> None:
    body = b'{"name": "' + b"x" * TEN_MEGABYTES + b'"}'
    error = refusal(send(api, "POST", path, body), 413)
    assert error["code"] == "TOO_LARGE"


def test_a_key_does_not_get_ten_megabytes_in(api: Api) -> None:
    body = b'{"name": "' + b"x" * TEN_MEGABYTES + b'"}'
    refusal(send(api, "POST", "contacts/", body, HTTP_IDEMPOTENCY_KEY="large"), 413)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "application/jsonp",
        "json",
        "",
        "\x00",
        "application/json\x00",
    ],
)
def test_other_media_types_are_unsupported(api: Api, content_type: str) -> None:
    error = refusal(send(api, "POST", "contacts/", b'{"name": "x"}', content_type), 415)
    assert error["code"] == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize(
    "charset",
    [
        "utf-16",
        "nonsense",
        "base64",
        "zlib",
        "rot13",
        "hex",
        "idna",
        "utf-7",
        "punycode",  # takes minutes for what a body may hold
        "",
        "x" * 999,
    ],
)
def test_a_wrong_charset_is_refused(api: Api, charset: str) -> None:
    content_type = f"application/json; charset={charset}"
    refusal(send(api, "POST", "contacts/", b'{"nam\xe9": 1}', content_type), 400, 415)


# --- fields -----------------------------------------------------------------------------


def test_no_value_in_any_field_breaks_anything(globex_books: Books) -> None:
    """Every field of every body with every value of the list; some are fine in a text."""
    for call, body in bodies(globex_books).items():
        method, path = call.split(" ")
        for place in places(body):
            for value in WRONG_VALUES:
                response = globex_books.api.call(method, path, spoil(body, place, value))
                if response.status_code not in (200, 201):
                    refusal(response, 409, 422)


def test_a_field_of_the_wrong_type_is_named(api: Api, books: Books) -> None:
    """An object where no object belongs is refused, and the refusal says which field it is."""
    for call, body in bodies(books).items():
        method, path = call.split(" ")
        for place in places(body):
            wrong = "text" if isinstance(at(body, place), dict | list) else {"an": "object"}
            error = refusal(api.call(method, path, spoil(body, place, wrong)), 422)
            dotted = ".".join(map(str, place))
            assert error["fields"][0]["name"] == dotted, (call, dotted, error)


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("reports/trial-balance/", "as_of"),
        ("reports/aged-receivables/", "as_of"),
        ("invoices/", "issued_from"),
        ("invoices/", "due_until"),
        ("payments/", "paid_until"),
        ("journals/", "effective_from"),
    ],
)
def test_days_outside_of_the_calendar_are_refused(api: Api, path: str, name: str, day: str) -> None:
    error = refusal(api.get(f"{path}?{name}={day}"), 422)
    assert error["fields"][0]["name"] == name


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "1899-12-31", "2200-01-01"])
def test_documents_of_other_millennia_are_refused(api: Api, books: Books, day: str) -> None:
    body = document(books.customer)
    refusal(api.post("invoices/", body | {"issued_on": day}), 422)
    refusal(api.post("invoices/", body | {"due_on": day}), 422)
    refusal(api.post("payments/", payment(books.customer) | {"paid_on": day}), 422)
    posted = f"invoices/{books.posted['bills']}"
    refusal(api.post(f"{posted}/reverse/", {"effective_on": day}), 404, 422)


@pytest.mark.parametrize("last_day", ["2199-12-31"])
def test_the_last_day_of_the_calendar_has_no_due_day_after_it(
    globex_books: Books, last_day: str
) -> None:
    """30 days of payment terms end in a year that no report can be asked for."""
    body = document(globex_books.customer) | {"issued_on": last_day}
    response = globex_books.api.post("invoices/", body)
    if response.status_code == 201:
        assert globex_books.api.get("invoices/").status_code == 200
    else:
        refusal(response, 422)


@pytest.mark.parametrize(
    "price",
    ["1e400", "1E+30", "-1E-30", "99999999999999", "0.0000001", "NaN", "Infinity", "\u0661", "1_0"],
)
def test_prices_beyond_what_is_kept_are_refused(api: Api, books: Books, price: str) -> None:
    refusal(api.post("invoices/", document(books.customer, line(price))), 422)
    refusal(api.post("payments/", payment(books.customer, price)), 422)


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "-0.00"])
def test_payments_of_nothing_are_refused(api: Api, books: Books, amount: str) -> None:
    refusal(api.post("payments/", payment(books.customer, amount, post=True)), 422)


def test_a_product_beyond_what_is_kept_is_refused(api: Api, books: Books) -> None:
    """Each factor is fine, the product is not; nor is the sum of products that are."""
    huge = line("9999999999999", quantity="9999999999999")
    refusal(api.post("invoices/", document(books.customer, huge)), 422)
    many = [line("9999999999999")] * 30
    refusal(api.post("invoices/", document(books.customer, *many, post=True)), 422)


def test_two_thousand_and_one_lines_are_too_many(api: Api, books: Books) -> None:
    lines = [line()] * 2_001
    error = refusal(api.post("invoices/", document(books.customer, *lines)), 422)
    assert error["fields"][0]["name"] == "lines"
    refusal(api.patch(f"invoices/{books.drafts['invoices']}/", {"lines": lines}), 422)
    posted = {"lines": [{"position": 1}] * 2_001}
    refusal(api.post(f"invoices/{books.posted['invoices']}/credit/", posted), 422)


def test_a_key_given_twice_counts_once(globex_books: Books) -> None:
    """JSON leaves open which one holds; here it is the last, and never both."""
    body = b'{"name": "First", "name": "Second"}'
    response = send(globex_books.api, "POST", "contacts/", body)
    assert (response.status_code, orjson.loads(response.content)["name"]) == (201, "Second")


def test_unknown_fields_of_a_body(globex_books: Books) -> None:
    """They are ignored: `tenant_id`, `id` and `version` are not for clients to choose."""
    chosen = {"id": ABSENT, "tenant_id": ABSENT, "version": 99, "name": "Chosen"}
    made = globex_books.api.ok("POST", "contacts/", chosen)
    assert made["id"] != ABSENT
    assert made["version"] == 1


# --- addresses and parameters -----------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "nothing/",
        "invoices",
        "invoices//",
        "invoices/1/",
        f"invoices/{ABSENT}",
        f"invoices/{ABSENT}/nothing/",
        f"invoices/{ABSENT.replace('-', '')}/",
        f"invoices/{ABSENT}x/",
        "invoices/%00/",
        "invoices/..%2f..%2fadmin/",
        "invoices/%ff%fe/",
        "%F0%9F%92%A9/",
        "x" * 8_000,
        "/api/v1",
        "/api/",
        "/",
        "/api/v2/invoices/",
        "/nothing",
        "/.env",
        "//evil.example/%2f..",
        f"invoices/{ABSENT}/",
        f"taxes/{ABSENT}/",
        "invoices/ffffffff-ffff-ffff-ffff-ffffffffffff/",
        "invoices/00000000-0000-0000-0000-000000000000/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_addresses_are_not_found(api: Api, method: str, path: str) -> None:
    allowed = (404,) if method == "GET" else (404, 405)
    error = refusal(send(api, method, path, b"{}"), *allowed)
    assert error["code"] in ("NOT_FOUND", "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "OPTIONS", "PROPFIND", "X" * 99])
@pytest.mark.parametrize("path", ["invoices/", "auth/me/", "auth/login/", "reports/trial-balance/"])
def test_unknown_methods_are_not_allowed(api: Api, nobody: Api, path: str, method: str) -> None:
    for caller in (api, nobody):
        response = send(caller, method, path, b"{}")
        assert refusal(response, 405)["code"] == "METHOD_NOT_ALLOWED"
        assert response["Allow"]


def test_head_is_get_without_a_body(api: Api, books: Books) -> None:
    address = f"invoices/{books.posted['invoices']}/"
    asked, headed = api.get(address), send(api, "HEAD", address)
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed["ETag"] == asked["ETag"]
    assert send(api, "HEAD", f"invoices/{ABSENT}/").status_code == 404
    assert send(api, "HEAD", "invoices/", HTTP_ACCEPT="text/csv").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "statu=draft",
        "Status=draft",
        "tenant=x",
        "tenant_id=x",
        "status[]=draft",
        "status=nothing",
        "status=%00",
        "number=a%00b",
        "contact_id=",
        "contact_id=1",
        "contact_id=x' OR 1=1 --",
        "issued_from=yesterday",
        "issued_from=2026-13-01",
        "issued_from=20260101",
        "number=" + "x" * 61,
        "reference=" + "x" * 101,
        "ordering=total",
        "ordering=-",
        "ordering=issued_on,id",
        "expand=journal",
        "expand=lines.tax",
        "fields=nothing",
        "fields=id,tenant_id",
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=abc",
        "limit=",
        "limit=1.0",
        "limit=1e2",
        "limit=%C2%B2",
        "limit=%D9%A3",
        "limit=0x10",
        "limit=+5",
        "limit=%205",
        "limit=" + "9" * 5_000,
        "page=0",
        "page=-1",
        "page=abc",
        "page=10001",
        "page=%C2%B2",
        "page=" + "9" * 5_000,
        "page=1&cursor=x",
        "cursor=",
        "cursor=x",
        "cursor=%00",
        "cursor=%F0%9F%92%A9",
        "cursor=" + "A" * 5_000,
        "cursor=AAAAAAAAAAAAAAAA",
        "cursor=AAAAAAAAAAA=",
        "dry_run=true",
        "%00=x",
        "format=csv",
        "a=" * 500,
        "&".join(f"p{n}=1" for n in range(1_100)),
    ],
)
def test_wrong_parameters_of_a_list_are_refused(api: Api, query: str) -> None:
    refusal(send(api, "GET", f"invoices/?{query}"), 400, 422)
    refusal(send(api, "GET", f"invoices/?{query}", HTTP_ACCEPT="text/csv"), 400, 422)


@pytest.mark.parametrize(
    "query", ["dry_run=", "dry_run=maybe", "dry_run=2", "dryrun=true", "fields=id"]
)
def test_wrong_parameters_of_a_transition_are_refused(api: Api, books: Books, query: str) -> None:
    """A misspelt dry run must not be a real one."""
    for noun in ("invoices", "bills", "payments", "journals"):
        refusal(api.post(f"{noun}/{books.drafts[noun]}/post/?{query}"), 422)


def test_a_cursor_of_another_list_or_company_is_refused(
    api: Api, books: Books, globex_books: Books
) -> None:
    cursor = api.ok("GET", "invoices/?limit=1")["pagination"]["next"]
    for path in ("journals/", "payments/", "invoices/?ordering=issued_on&", "accounts/"):
        separator = "" if "?" in path else "?"
        refusal(api.get(f"{path}{separator}cursor={cursor}"), 422)
    refusal(globex_books.api.get(f"invoices/?cursor={cursor}"), 422)
    for index in range(0, len(cursor), 7):
        other = "A" if cursor[index] != "A" else "B"
        refusal(api.get(f"invoices/?cursor={cursor[:index]}{other}{cursor[index + 1 :]}"), 422)


def test_a_foreign_id_in_a_filter_or_body_is_as_unknown_as_a_missing_one(
    api: Api, books: Books, globex_books: Books
) -> None:
    theirs, missing = globex_books.customer, ABSENT
    assert api.ok("GET", f"invoices/?contact_id={theirs}")["data"] == []
    answers = [api.post("invoices/", document(contact)).data for contact in (theirs, missing)]
    for answer in answers:
        del answer["error"]["request_id"]
    assert answers[0] == answers[1]


# --- headers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer  x",
        "bearer x",
        "Basic YWRtaW46YWRtaW4=",
        "Bearer " + "x" * 100_000,
        "Bearer \u00e9\u00ff",
        "Bearer \x00",
        "Bearer \r\nX-Evil: 1",
        "\u00e9",
        "Bearer ' OR 1=1 --",
        "Token x",
        "null",
    ],
)
def test_garbage_for_a_token_is_not_authenticated(nobody: Api, header: str) -> None:
    for method, path in (("GET", "invoices/"), ("POST", "contacts/"), ("GET", f"taxes/{ABSENT}/")):
        response = send(nobody, method, path, b"{}", HTTP_AUTHORIZATION=header)
        assert refusal(response, 401)["code"] == "NOT_AUTHENTICATED"
        assert response["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    "tag",
    ["x", '"x"', "1", '"1', '"²-x"', "W/", '"-1"', '"' + "9" * 5_000 + '"', "\x00", "\u00e9", ","],
)
def test_a_wrong_if_match_is_stale(api: Api, books: Books, tag: str) -> None:
    """Better a refusal too many than somebody else's change undone."""
    for noun in ("invoices", "journals", "payments"):
        address = f"{noun}/{books.drafts[noun]}/"
        stale = '"99-0"' if tag in ("1", '"1') else tag
        refusal(send(api, "PATCH", address, b"{}", HTTP_IF_MATCH=stale), 412)
        refusal(send(api, "DELETE", address, HTTP_IF_MATCH=stale), 412)


@pytest.mark.parametrize(
    "tag", ["x", "W/", '"', "\x00", "\u00e9", "," * 10_000, '"' + "x" * 50_000]
)
def test_a_wrong_if_none_match_is_no_match(api: Api, books: Books, tag: str) -> None:
    address = f"invoices/{books.posted['invoices']}/"
    assert send(api, "GET", address, HTTP_IF_NONE_MATCH=tag).status_code == 200


@pytest.mark.parametrize(
    "key", ["", "x" * 256, "x" * 100_000, "\u00e9", "\x00", "a\tb", "a\r\nb", "\x7f"]
)
def test_a_wrong_idempotency_key_is_refused(api: Api, key: str) -> None:
    """Before anything is done: a client that sends one believes that it is safe."""
    response = send(api, "POST", "contacts/", b'{"name": "x"}', HTTP_IDEMPOTENCY_KEY=key)
    assert refusal(response, 422)["fields"][0]["name"] == "Idempotency-Key"


@pytest.mark.parametrize(
    "offered",
    [
        "a b",
        "a\nb",
        "a\r\nSet-Cookie: x=1",
        "x" * 65,
        "x" * 10_240,
        "\u00e9",
        "\x00",
        "<b>",
        "",
        "$(id)",
    ],
)
def test_a_wrong_request_id_is_replaced(api: Api, offered: str) -> None:
    response = send(api, "GET", f"invoices/{ABSENT}/", HTTP_X_REQUEST_ID=offered)
    error = refusal(response, 404)
    assert error["request_id"] != offered
    assert len(error["request_id"]) == 36
    assert "Set-Cookie" not in response


def test_a_decent_request_id_is_kept(api: Api) -> None:
    response = send(api, "GET", f"invoices/{ABSENT}/", HTTP_X_REQUEST_ID="client-1.a_B")
    assert refusal(response, 404)["request_id"] == "client-1.a_B"


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/xml",
        "x",
        "\x00",
        "text/*;q=",
        "/",
        "\u00e9",
        "image/png, text/html",
    ],
)
def test_what_nobody_can_give_is_not_acceptable(api: Api, accept: str) -> None:
    response = send(api, "GET", "series/", HTTP_ACCEPT=accept)
    if response.status_code != 200:
        assert refusal(response, 406)["code"] == "NOT_ACCEPTABLE"


def test_passwords_with_nul_and_surrogates(nobody: Api, company: Company) -> None:
    email = company.owner.email
    for body in (
        {"email": email, "password": "a\x00b"},
        {"email": "a\x00@example.com", "password": "x"},
        {"email": email, "password": "x" * 1_001},
        {"email": "x" * 300 + "@example.com", "password": "x"},
        {"email": email, "password": "x", "tenant": "a\x00"},
        {"refresh_token": "a\x00b"},
    ):
        path = "auth/refresh/" if "refresh_token" in body else "auth/login/"
        refusal(nobody.post(path, body), 401, 422)
    lone = b'{"email": "x@example.com", "password": "\\ud83d"}'
    refusal(send(nobody, "POST", "auth/login/", lone), 400)


# --- means ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def globex_books(django_db_setup: None, django_db_blocker: Any) -> Iterator[Books]:
    """Another company, which may change."""
    with django_db_blocker.unblock():
        company = new_company(new_user("charlie"))
        yield fill(open_books(api_of(company, company.owner)))


def at(value: Any, place: tuple[Any, ...]) -> Any:
    for name in place:
        value = value[name]
    return value


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every value inside `value`."""
    inner: Any = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    for name, item in inner:
        yield (*path, name)
        yield from places(item, (*path, name))


def spoil(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    spoilt = deepcopy(body)
    at(spoilt, place[:-1])[place[-1]] = value
    return spoilt
