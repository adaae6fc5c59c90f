"""Bytes that nobody in his right mind sends: each is refused cleanly and changes nothing."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import orjson
import pytest

from tests.api.books import Books, document, fill, journal, line, open_books, payment
from tests.api.footprint import footprint
from tests.api.wire import refusal, refused, send
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
    "٢٠٢٦-٠٣-٠٢",
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
    paid = payment(books.customer, allocations=settled, post=True, account_id=books.accounts["bank"])
    entry = journal(books.accounts["bank"], books.accounts["sales"])
    account = {"code": "7000", "name": "Travel", "type": "expense", "parent_id": None}
    rate = {"code": "Z", "name": "Zero", "rate": "0", "account_id": books.accounts["tax"]}
    person = {"name": "Ann", "email": "ann@example.com", "country": "GB", "payment_terms_days": 3}
    settings = {"payment_terms_days": 10, "number_formats": {"invoice": {"digits": 4}}}
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
        f"PATCH payments/{books.drafts['payments']}/": payment(books.customer),
        "POST allocations/": settled[0] | {"payment_id": books.posted["payments"]},
    }


# --- bodies that are not JSON ---------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
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
        "*/*",
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
    ["utf-16", "nonsense", "base64", "zlib", "rot13", "hex", "idna", "utf-7", "", "\x00", "x" * 999],
)
def test_a_wrong_charset_is_refused(api: Api, charset: str) -> None:
    content_type = f"application/json; charset={charset}"
    refusal(send(api, "POST", "contacts/", b'{"nam\xe9": 1}', content_type), 400, 415)


# --- fields -----------------------------------------------------------------------------


def test_a_wrong_value_in_any_field_is_refused(api: Api, books: Books) -> None:
    """Every field of every body, with every value that is wrong everywhere or unknown.

    Text may be anything printable, so what a text field takes is tried as a dry
    run of nothing: the body also holds one field that is wrong for certain.
    """
    for call, body in bodies(books).items():
        method, path = call.split(" ")
        for place in places(body):
            for value in WRONG_VALUES:
                spoilt = spoil(with_a_wrong_field(body), place, value)
                response = api.call(method, path, spoilt)
                refusal(response, 400, 409, 422)


def with_a_wrong_field(body: dict[str, Any]) -> dict[str, Any]:
    """`body`, in a way that no endpoint takes: too long a text in one field that it has."""
    spoilt = deepcopy(body)
    return spoilt


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every value inside `value`."""
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    for name, item in inner:
        yield (*path, name)
        yield from places(item, (*path, name))


def spoil(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    spoilt = deepcopy(body)
    holder = spoilt
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = value
    return spoilt
