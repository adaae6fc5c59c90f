"""A real server, for what a client inside the process cannot show."""

import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.db import connections

from erp.wsgi import application


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def port(database: None) -> Iterator[int]:
    """Where a plain WSGI server listens on 127.0.0.1."""
    server = make_server("127.0.0.1", 0, application, handler_class=Quiet)  # type: ignore[arg-type]
    thread = threading.Thread(target=serve, args=[server])
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def serve(server: Any) -> None:
    try:
        server.serve_forever(poll_interval=0.05)
    finally:
        connections.close_all()
