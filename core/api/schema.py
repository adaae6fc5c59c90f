"""OpenAPI 3.1 from the declarations of `reads` and `writes`."""

from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar, Literal

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema_field
from rest_framework import serializers

from core.api.endpoints import Endpoint
from core.api.guards import AUTHENTICATED, PUBLIC
from core.listing import LIMIT_DEFAULT, LIMIT_MAX, PAGE_NUMBER_MAX
from core.tenancy.context import REASON_LENGTH_MAX

JSON = "application/json"
CSV = "text/csv"

#: Status to what it means, for answers that are refusals.
REFUSALS = {
    "400": "The body cannot be parsed: `MALFORMED`.",
    "401": "No valid token: `NOT_AUTHENTICATED`.",
    "403": "The caller's roles do not allow this: `FORBIDDEN`.",
    "404": "Missing, or another tenant's: `NOT_FOUND`.",
    "405": "No such method here: `METHOD_NOT_ALLOWED`.",
    "406": "Only JSON, or CSV where offered: `NOT_ACCEPTABLE`.",
    "409": "`CONFLICT`, `NOT_DRAFT`, `NOT_POSTED` or `IDEMPOTENCY_IN_PROGRESS`.",
    "410": "No longer kept: `GONE`.",
    "412": "If-Match is stale: `STALE_VERSION`.",
    "413": "The body is too large: `TOO_LARGE`.",
    "415": "The body is not JSON: `UNSUPPORTED_MEDIA_TYPE`.",
    "422": "`INVALID`, `UNBALANCED`, `OVER_ALLOCATED` or `IDEMPOTENCY_MISMATCH`.",
    "429": "Too many requests: `RATE_LIMITED`, or `QUOTA_EXCEEDED`.",
    "500": "An unexpected error: `INTERNAL`.",
    "503": "`OPERATION_TIMEOUT`, `QUEUE_FULL` or `SERVICE_UNAVAILABLE`.",
}
CODES = [
    "CONFLICT", "FORBIDDEN", "GONE", "IDEMPOTENCY_IN_PROGRESS", "IDEMPOTENCY_MISMATCH", "INTERNAL",
    "INVALID", "MALFORMED", "METHOD_NOT_ALLOWED", "NOT_ACCEPTABLE", "NOT_AUTHENTICATED",
    "NOT_DRAFT", "NOT_FOUND", "NOT_POSTED", "OPERATION_TIMEOUT", "OVER_ALLOCATED", "QUEUE_FULL",
    "QUOTA_EXCEEDED", "RATE_LIMITED", "SERVICE_UNAVAILABLE", "STALE_VERSION", "TOO_LARGE",
    "UNBALANCED", "UNSUPPORTED_MEDIA_TYPE",
]  # fmt: skip
FIELDS_TEXT = "Only these fields; in CSV those of a row."
NAME: dict[str, Any] = {"type": "string", "minLength": 1}
#: A filter's form field to what may be sent.
FILTERS: dict[str, dict[str, Any]] = {
    "DateField": {"type": "string", "format": "date"},
    "UUIDField": {"type": "string", "format": "uuid"},
    "TruthField": {"type": "boolean"},
    "WholeField": {"type": "integer"},
}
NEEDS_BODY = {"400", "413", "415"}
NEEDS_WRITE = {"409", "412"}

_field_error = {
    "type": "object",
    "required": ["name", "message"],
    "properties": {"name": {"type": "string"}, "message": {"type": "string"}},
}
ERROR_COMPONENT = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "operation", "fields", "request_id"],
            "properties": {
                "code": {"type": "string", "enum": CODES},
                "message": {"type": "string"},
                "operation": {"type": ["string", "null"]},
                "fields": {"type": "array", "items": _field_error},
                "request_id": {"type": "string"},
            },
        }
    },
}


@extend_schema_field({"type": ["string", "integer", "null"]})
class PlaceField(serializers.ReadOnlyField):
    """A cursor, or a number in page mode."""


class Pagination(serializers.Serializer):
    next = PlaceField(help_text="Pass as `cursor`; in page mode the next page's number.")
    previous = PlaceField()
    limit = serializers.IntegerField()
    page = serializers.IntegerField(required=False, help_text="Page mode only.")
    total = serializers.IntegerField(required=False, help_text="Page mode only.")
    pages = serializers.IntegerField(required=False, help_text="Page mode only.")


@cache
def _page_of(row: type[serializers.Serializer]) -> type[serializers.Serializer]:
    """The shape of a list of `row`: one class each, because each is one component."""
    fields = {"data": row(many=True), "pagination": Pagination()}
    return type(f"{row.__name__}Page", (serializers.Serializer,), fields)


class AmountSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """What is taken has limits; sums that are shown may be longer."""

    target_class = "core.api.fields.AmountField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        pattern = r"^-?\d+(\.\d+)?$"
        if direction == "request":
            whole = self.target.max_digits - self.target.decimal_places
            pattern = rf"^-?\d{{1,{whole}}}(\.\d{{1,{self.target.decimal_places}}})?$"
        return {"type": "string", "format": "decimal", "pattern": pattern}


class OnceGenerator(SchemaGenerator):
    """Builds the schema once per process: it takes long, and is the same for everybody."""

    _built: ClassVar[dict[str, Any] | None] = None

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        if OnceGenerator._built is None:
            OnceGenerator._built = super().get_schema(request, public)  # type: ignore[no-untyped-call]
        return OnceGenerator._built


class EndpointSchema(AutoSchema):
    """Everything comes from the `Endpoint` of the view's method."""

    @property
    def endpoint(self) -> Endpoint:
        found: Endpoint = getattr(self.view, self.method.lower()).endpoint
        return found

    def get_operation_id(self) -> str:
        words = self.path.removeprefix("/api/v1/").strip("/").replace("{id}", "one")
        noun = words.replace("/", "_").replace("-", "_").replace("{", "").replace("}", "")
        return f"{noun}_{self.method.lower()}"

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_summary(self) -> str | None:
        return self.endpoint.summary or None

    def get_description(self) -> str:  # type: ignore[override]
        permission = self.endpoint.permission_of(self.view)
        needs = {PUBLIC: "Anybody.", AUTHENTICATED: "Anybody who is logged in."}
        allowed = needs.get(permission, f"Permission `{permission}`.")
        text = getattr(self.view, self.method.lower()).__doc__ or ""
        return f"{text.strip()}\n\n{allowed}".strip()

    def get_auth(self) -> list[dict[str, Any]]:
        return [] if self.endpoint.permission == PUBLIC else [{"bearer": []}]

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def get_request_serializer(self) -> Any:
        return self.endpoint.body

    def get_filter_backends(self) -> list[Any]:
        return []

    def _get_format_parameters(self) -> list[Any]:
        """CSV is asked for with `Accept`, as everything here, not with `?format=`."""
        return []

    def get_response_serializers(self) -> Any:
        endpoint = self.endpoint
        if endpoint.is_file:
            return {(endpoint.status, "application/octet-stream"): OpenApiTypes.BINARY}
        if endpoint.answer is None:
            return {endpoint.status: OpenApiResponse(description="Done.")}
        answer: Any = endpoint.answer
        if endpoint.many:
            answer = _page_of(answer)
        responses = {(endpoint.status, JSON): answer}
        if endpoint.csv:
            responses[(endpoint.status, CSV)] = OpenApiTypes.STR
        if endpoint.is_conditional and self.method == "GET":
            responses[(304, JSON)] = OpenApiResponse(description="Not modified.")
        return responses

    def get_override_parameters(self) -> list[Any]:
        endpoint = self.endpoint
        found = list(_filter_parameters(self, endpoint))
        if endpoint.many:
            found += [
                _query("cursor", NAME, "Where to go on; `next` or `previous` of another page."),
                _query("limit", _whole(LIMIT_MAX), f"Rows a page, {LIMIT_DEFAULT} by default."),
                _query("page", _whole(PAGE_NUMBER_MAX), "Numbered pages instead of cursors."),
            ]
        if endpoint.orderings:
            found.append(_query("ordering", str, "The order.", enum=list(endpoint.orderings)))
        if endpoint.expand:
            found.append(_some_of("expand", endpoint.expand, "What to embed."))
        if endpoint.answer and self.method == "GET":
            names = endpoint.answer_fields + (endpoint.csv_columns if endpoint.csv else [])
            found.append(_some_of("fields", dict.fromkeys(names), FIELDS_TEXT))
        if endpoint.is_conditional:
            found.append(_answered("ETag", endpoint.status, "For If-Match and If-None-Match."))
        if endpoint.transition:
            found.append(_query("dry_run", bool, "Show what would happen; change nothing."))
        return found + _headers(self.method, endpoint)


def _headers(method: str, endpoint: Endpoint) -> list[OpenApiParameter]:
    header: Literal["header"] = "header"
    if method == "GET":
        offered = OpenApiParameter("If-None-Match", str, header, description="An ETag you hold.")
        return [offered] if endpoint.is_conditional else []
    found = []
    if endpoint.idempotent and endpoint.permission != PUBLIC:
        limits = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
        text = "The same key and body again replays the first answer, for 24 hours."
        found.append(OpenApiParameter("Idempotency-Key", limits, header, description=text))
        text = "`true` when this is an earlier answer to the same key."
        found.append(_answered("Idempotency-Replayed", endpoint.status, text))
    if endpoint.permission != PUBLIC:
        text = f"Why, for the audit log; {REASON_LENGTH_MAX} characters are kept."
        found.append(OpenApiParameter("X-Audit-Reason", str, header, description=text))
    if method == "DELETE" or (method == "PATCH" and endpoint.etag):
        text = "The ETag you read; stale is 412."
        found.append(OpenApiParameter("If-Match", str, header, description=text))
    return found


def _filter_parameters(schema: EndpointSchema, endpoint: Endpoint) -> Any:
    if endpoint.filters is None:
        return
    for name, declared in endpoint.filters.base_filters.items():
        field = declared.field
        limits = dict(FILTERS.get(type(field).__name__, NAME))
        if longest := getattr(field, "max_length", None):
            limits["maxLength"] = longest
        if (largest := getattr(field, "largest", None)) is not None:
            limits |= {"minimum": field.least, "maximum": largest}
        if choices := [str(value) for value, _ in getattr(field, "choices", []) if value != ""]:
            limits["enum"] = choices
        yield OpenApiParameter(
            name, limits, required=bool(declared.extra.get("required")), description=declared.label
        )


def _query(name: str, kind: Any, text: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, "query", description=text, **more)


def _some_of(name: str, choices: Iterable[str], text: str) -> OpenApiParameter:
    """Names separated by commas."""
    names = {"type": "array", "items": {"type": "string", "enum": list(choices)}}
    return OpenApiParameter(name, names, explode=False, style="form", description=text)


def _answered(name: str, status: int, text: str) -> OpenApiParameter:
    """A header of the answer."""
    return OpenApiParameter(name, str, "header", description=text, response=[status])


def _whole(largest: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": largest}


def common_answers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing: the bearer scheme, the error envelope and the refusals of each operation."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Error"] = ERROR_COMPONENT
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            _let_fields_be_left_out(operation, components["schemas"])
            for status in _refusals(path, method, operation):
                operation["responses"].setdefault(status, _refusal(status))
            for status, response in operation["responses"].items():
                response.setdefault("headers", {}).update(_headers_of(status))
    return result


def _let_fields_be_left_out(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """With `fields` a row holds some of its fields: a second shape, in which none is required."""
    if not any(one["name"] == "fields" for one in operation.get("parameters", ())):
        return
    answer = operation["responses"]["200"]["content"][JSON]
    shape = schemas[answer["schema"]["$ref"].rsplit("/", 1)[1]]
    holder, key = answer, "schema"
    if "pagination" in shape["properties"]:
        holder, key = shape["properties"]["data"], "items"
    if "anyOf" in holder[key]:
        return
    whole = holder[key]["$ref"]
    name = whole.rsplit("/", 1)[1]
    some = {k: v for k, v in schemas[name].items() if k != "required"}
    schemas[f"{name}Selection"] = some | {"description": "With `fields`: those asked for."}
    holder[key] = {"anyOf": [{"$ref": whole}, {"$ref": f"{whole}Selection"}]}


def _headers_of(status: str) -> dict[str, Any]:
    found = {"X-Request-ID": {"required": True, "schema": {"type": "string"}}}
    if status in ("429", "503"):
        found["Retry-After"] = {"required": True, "schema": {"type": "integer", "minimum": 1}}
    return found


def _refusals(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    left_out = set() if path.endswith("/events/") else {"410"}
    if method == "get":
        left_out |= NEEDS_BODY | NEEDS_WRITE
    if not operation.get("security") and not path.endswith(("login/", "refresh/")):
        left_out |= {"401", "403"}
    return [status for status in REFUSALS if status not in left_out]


def _refusal(status: str) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Error"}
    return {"description": REFUSALS[status], "content": {JSON: {"schema": reference}}}
