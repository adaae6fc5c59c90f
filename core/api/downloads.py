"""Bytes as an answer: saved by a browser, never shown or kept by it."""

from dataclasses import dataclass
from typing import IO, Any

from django.http import FileResponse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from core.api.rendering import JSON

PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Download:
    """An open file; whoever answers with it closes it."""

    name: str
    media_type: str
    size: int
    stream: IO[bytes]


class AnyAccepted(DefaultContentNegotiation):
    """Whatever a client wants to have, it gets the file, or a refusal in JSON."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], JSON


def download_response(download: Download) -> FileResponse:
    """RFC 6266 names the file; the middleware forbids to guess its type."""
    response = FileResponse(
        download.stream,
        as_attachment=True,
        filename=download.name,
        content_type=download.media_type,
    )
    response.block_size = PIECE_BYTES
    response["Content-Length"] = str(download.size)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
