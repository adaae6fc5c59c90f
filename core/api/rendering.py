"""JSON through orjson, CSV as a stream, and the choice between the two."""

import codecs
import json
from typing import IO, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from core.json import dumps

JSON = "application/json"
CSV = "text/csv"
#: What a body may be written in. Others are asked for by nobody, and some take minutes to decode.
ENCODINGS = {"utf-8", "ascii", "iso8859-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"}


class JSONRenderer(BaseRenderer):
    media_type = JSON
    format = "json"
    charset = None

    def render(self, data: Any, media_type: str | None = None, context: Any = None) -> bytes:
        return b"" if data is None else dumps(data)


class CSVRenderer(BaseRenderer):
    """Declared so that `Accept: text/csv` is understood; the view streams the rows itself."""

    media_type = CSV
    format = "csv"

    def render(self, data: Any, media_type: str | None = None, context: Any = None) -> bytes:
        raise AssertionError("rows are streamed and refusals are JSON")


class JSONParser(BaseParser):
    media_type = JSON

    def parse(self, stream: IO[bytes], media_type: str | None = None, context: Any = None) -> Any:
        assert context is not None
        encoding = context["encoding"]
        # Not from `stream`, which knows no limit to what it reads.
        body = context["request"]._request.body
        try:
            name = codecs.lookup(encoding).name
            if name not in ENCODINGS:
                raise LookupError(f"nobody writes it in {name}")
            if name != "utf-8":
                body = body.decode(name).encode()
            return self.loads(body)
        except (ValueError, LookupError, RecursionError) as error:
            raise ParseError(f"The body is not JSON: {error}") from error

    def loads(self, body: bytes) -> Any:
        return orjson.loads(body)


class BatchParser(JSONParser):
    """Lets half of a character pass, which a client that cuts texts writes as an escape.

    So that the view refuses the one item that holds it rather than all of them.
    """

    def loads(self, body: bytes) -> Any:
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            return json.loads(body, parse_constant=_refuse)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


class TextBatchParser(BatchParser):
    """JSON that calls itself text: what a browser sends elsewhere without asking first."""

    media_type = "text/plain"


class Negotiation(DefaultContentNegotiation):
    """JSON without further ado for whoever does not insist on something else."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        accept = request.META.get("HTTP_ACCEPT", "*/*")
        if accept in ("*/*", JSON) and renderers[0].media_type == JSON:
            return renderers[0], JSON
        renderer, media_type = super().select_renderer(request, renderers, None)
        return renderer, media_type
