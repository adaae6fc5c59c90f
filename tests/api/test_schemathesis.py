"""Every operation of the schema, fuzzed: no 5xx, no undocumented status, shape or header.

Half of the generated ids are exchanged for ids of real records, and every third
read that offers CSV asks for it, so that more than refusals is looked at.

Every day that is a few random requests of each operation, and one in four of those that try each
value at its limits, some 13,000 in all; `SCHEMATHESIS_EXAMPLES` asks for so many, and all of these.
"""

import os
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.generation.meta import TestPhase
from schemathesis.hooks import HookContext

from tests.api.books import Books, fill, open_books
from tests.cast import api_of, new_company, new_user
from tests.database import nobody_watching

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "0"))
EXAMPLES_A_DAY = 6
#: One in so many of the requests that try values at their limits, always the same ones.
LIMITS_TRIED = 1 if EXAMPLES else 4
ENDS_THE_LOGIN = "/api/v1/auth/logout/"
ENDS_LOGINS = "/api/v1/auth/sessions/"
#: What no answer may ever hold.
LEAKS = ("Traceback", "psycopg", "SELECT ", "INSERT INTO", "<html", "<!DOCTYPE", "django.")
NOUNS = {
    "parent_id": "accounts",
    "account_id": "accounts",
    "tax_id": "taxes",
    "contact_id": "contacts",
    "document_id": "invoices",
    "payment_id": "payments",
    "credit_id": "credit-notes",
    "role_id": "roles",
    "user_id": "users",
    "user": "users",
}


def load() -> Any:
    config = SchemathesisConfig()
    found = schemathesis.openapi.from_wsgi(
        "/api/schema/?format=json", get_wsgi_application(), config=config
    )
    # Rules that no schema can say (an account that exists, a total above zero) answer 422 or 412.
    found.config.checks.positive_data_acceptance.expected_statuses += ["412", "422"]
    found.config.checks.negative_data_rejection.expected_statuses += ["412"]
    return found


# A request at import: nobody may listen to a database that is not there yet.
with nobody_watching():
    schema = load()


@schema.hook("filter_case")
def is_tried(context: HookContext, case: Case) -> bool:
    if case.meta is None or case.meta.phase.name != TestPhase.COVERAGE:
        return True
    named = f"{case.method} {case.path} {case.meta.phase.data}"
    return zlib.crc32(named.encode()) % LIMITS_TRIED == 0


@pytest.fixture(scope="module")
def books_for(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[Case], Books]]:
    """A company for each noun: what one does to its own must not starve the next."""

    @cache
    def books_of(noun: str) -> Books:
        company = new_company(new_user("alice"))
        return fill(open_books(api_of(company, company.owner)))

    with django_db_blocker.unblock():
        yield lambda case: books_of(case.path.split("/")[3])


@schema.exclude(path=ENDS_THE_LOGIN).exclude(path=ENDS_LOGINS, method="DELETE").parametrize()
@settings(
    max_examples=EXAMPLES or EXAMPLES_A_DAY,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_the_schema_is_true(case: Case, books_for: Callable[[Case], Books]) -> None:
    books = books_for(case)
    use_real_ids(case, books)
    headers = {"Authorization": f"Bearer {books.api.token}"}
    if wants_csv(case):
        headers["Accept"] = "text/csv"
    response = case.call_and_validate(headers=headers)
    assert_nothing_leaks(response)


@schema.include(path=[ENDS_THE_LOGIN, ENDS_LOGINS], method=["POST", "DELETE"]).parametrize()
@settings(max_examples=3, deadline=None, derandomize=True, database=None)
def test_logging_out_as_documented(case: Case) -> None:
    company = new_company(new_user("alice"))
    api = api_of(company, company.owner)
    case.call_and_validate(headers={"Authorization": f"Bearer {api.token}"})


def use_real_ids(case: Case, books: Books) -> None:
    """Exchange every other well-formed id for one that exists."""
    # The owner's own logins are not ended: the next case needs them.
    noun = "" if case.path.endswith("/sessions/") else case.path.split("/")[3]
    parameters = case.path_parameters or {}
    if "id" in parameters:
        parameters["id"] = real_id(parameters["id"], books.ids(noun))
    for holder in (case.query, case.body):
        exchange(holder, books)


def exchange(value: Any, books: Books) -> None:
    if isinstance(value, list):
        for item in value:
            exchange(item, books)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name in NOUNS:
                value[name] = real_id(inner, books.ids(NOUNS[name]))
            else:
                exchange(inner, books)


def real_id(value: Any, known: list[str]) -> Any:
    try:
        number = UUID(value).int
    except (ValueError, TypeError, AttributeError):
        return value
    return known[number // 2 % len(known)] if known and number % 2 else value


def wants_csv(case: Case) -> bool:
    content = case.operation.definition.raw["responses"].get("200", {}).get("content", {})
    return "text/csv" in content and len(repr(case.query)) % 3 == 0


def assert_nothing_leaks(response: Response) -> None:
    text = response.text
    assert not [leak for leak in LEAKS if leak in text], text[:1000]
