"""Request bodies as Django wants them: of known length, and read to their end."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import LimitedStream

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]

CHUNK_BYTES = 64 * 1024
#: More than this of an unwanted body is not waited for.
DRAINED_BYTES_MAX = 64 * 1024 * 1024


def whole_bodies(application: Application) -> Application:
    """`application`, for clients that stream, and for those that send too much.

    A chunked body has no Content-Length, which Django takes for an empty one.
    And a client that is still sending when its refusal comes sees a broken
    connection; so what nobody read of a large body is read here, and dropped.
    """

    def serve(environ: Environ, start_response: Any) -> Iterable[bytes]:
        if "HTTP_TRANSFER_ENCODING" in environ and environ.get("wsgi.input_terminated"):
            measure(environ)
            return application(environ, start_response)
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > CHUNK_BYTES:
            environ["wsgi.input"] = LimitedStream(environ["wsgi.input"], int(length))
            answer = application(environ, start_response)
            drain(environ["wsgi.input"])
            return answer
        return application(environ, start_response)

    return serve


def measure(environ: Environ) -> None:
    """Read a chunked body, one byte beyond the limit at most, and say how long it is."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1
    body = bytearray()
    while len(body) < limit and (chunk := environ["wsgi.input"].read(limit - len(body))):
        body += chunk
    if len(body) == limit:
        drain(environ["wsgi.input"])
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = BytesIO(body)


def drain(stream: Any) -> None:
    left = DRAINED_BYTES_MAX
    while left > 0 and (chunk := stream.read(CHUNK_BYTES)):
        left -= len(chunk)
