"""The schema is valid OpenAPI 3.1, complete, and its UI needs nobody else's server."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import orjson
import pytest
from django.core.management import call_command
from django.test import Client, override_settings
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from schemathesis.specs.openapi.definitions import OPENAPI_31

from tests.api.endpoints import endpoints

#: The codes of docs/api.md and of the contract that exist so far.
CONTRACT_CODES = {
    "MALFORMED",
    "NOT_AUTHENTICATED",
    "FORBIDDEN",
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    "CONFLICT",
    "NOT_DRAFT",
    "IDEMPOTENCY_IN_PROGRESS",
    "STALE_VERSION",
    "TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "INVALID",
    "UNBALANCED",
    "OVER_ALLOCATED",
    "IDEMPOTENCY_MISMATCH",
    "RATE_LIMITED",
    "OPERATION_TIMEOUT",
    "QUEUE_FULL",
    "SERVICE_UNAVAILABLE",
}
ERROR = {"$ref": "#/components/schemas/Error"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    answer = Client().get("/api/schema/", HTTP_ACCEPT="application/json")
    assert answer.status_code == 200
    found: dict[str, Any] = orjson.loads(answer.content)
    return found


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_is_valid_openapi_3_1(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")
    validator = jsonschema_rs.Draft202012Validator(OPENAPI_31)
    assert [error.message for error in validator.iter_errors(schema)] == []


def test_its_components_are_valid_json_schemas(schema: dict[str, Any]) -> None:
    for name, component in schema["components"]["schemas"].items():
        whole = component | {"components": schema["components"]}
        assert jsonschema_rs.meta.is_valid(whole), name
        jsonschema_rs.Draft202012Validator(whole)


def test_it_is_generated_without_a_warning() -> None:
    GENERATOR_STATS.reset()
    SchemaGenerator().get_schema(request=None, public=True)
    assert not list(GENERATOR_STATS._warn_cache) + list(GENERATOR_STATS._error_cache)


def test_every_endpoint_is_in_it_and_nothing_else(schema: dict[str, Any]) -> None:
    documented = {(method, path) for method, path, _ in operations(schema)}
    assert documented == {(one.method, f"/api/v1/{one.path}") for one in endpoints()}


def test_every_operation_says_what_it_is_and_needs(schema: dict[str, Any]) -> None:
    permissions = {(one.method, f"/api/v1/{one.path}"): one.permission for one in endpoints()}
    says = {"public": "Anybody.", "authenticated": "Anybody who is logged in."}
    for method, path, operation in operations(schema):
        permission = permissions[method, path]
        assert operation["summary"], (method, path)
        assert operation["tags"] == [path.split("/")[3]]
        assert says.get(permission, f"Permission `{permission}`.") in operation["description"]
        assert operation.get("security", []) == ([] if permission == "public" else [{"bearer": []}])


def test_operation_ids_are_unique(schema: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(schema)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z_]+", one) for one in ids)


def test_every_code_is_in_it(schema: dict[str, Any]) -> None:
    error = schema["components"]["schemas"]["Error"]["properties"]["error"]["properties"]
    assert set(error["code"]["enum"]) >= CONTRACT_CODES


def test_every_refusal_is_the_one_envelope_with_a_request_id(schema: dict[str, Any]) -> None:
    for method, path, operation in operations(schema):
        for status, answer in operation["responses"].items():
            assert answer["headers"]["X-Request-ID"]["required"], (method, path, status)
            if status >= "400":
                assert answer["content"] == {"application/json": {"schema": ERROR}}
            assert ("Retry-After" in answer["headers"]) == (status in ("429", "503"))


def test_every_reference_leads_somewhere(schema: dict[str, Any]) -> None:
    for reference in references(schema):
        holder: Any = schema
        for name in reference.removeprefix("#/").split("/"):
            holder = holder[name]


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [found for item in value.values() for found in references(item)]


def test_it_comes_as_json_and_as_yaml() -> None:
    for accept, start in (("application/json", b"{"), ("application/yaml", b"openapi: 3.1")):
        answer = Client().get("/api/schema/", HTTP_ACCEPT=accept)
        assert answer["Content-Type"].startswith(accept)
        assert answer.content.startswith(start)
    assert Client().get("/api/schema/?format=json").content.startswith(b"{")


# --- its UI -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page() -> str:
    answer = Client().get("/api/docs/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_ui_names_no_other_host(page: str) -> None:
    assert re.findall(r"""(?:https?:)?//[a-z0-9-]+\.[a-z]{2,}""", page) == []
    # The default is a validator on the internet, which is told the address of our schema.
    assert '"validatorUrl": null' in page


def test_the_ui_comes_from_our_own_static_files(page: str, tmp_path: Path) -> None:
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(addresses) >= 4
    with override_settings(STATIC_ROOT=str(tmp_path)):
        call_command("collectstatic", interactive=False, link=True, verbosity=0)
        client = Client()
        for address in addresses:
            assert urlsplit(address).netloc == ""
            answer = client.get(address)
            assert answer.status_code == 200, address
            assert len(b"".join(answer.streaming_content)) > 500
