"""A receiver of a customer's: a real HTTP server on loopback, which verifies and misbehaves."""

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from standardwebhooks import Webhook


@dataclass
class Received:
    id: str
    body: dict[str, Any]
    raw: bytes
    headers: dict[str, str]
    answered: int


@dataclass
class Receiver:
    port: int = 0
    #: Asked for the status of each request.
    answer: Callable[[], int] = lambda: 204
    received: list[Received] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    #: Called before anything is answered; the connection's file may be written to.
    before: Callable[[Any], None] = lambda wfile: None
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=erp"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def taken(self) -> list[Received]:
        """Those that were answered with success, in the order in which they came."""
        with self.lock:
            return [one for one in self.received if one.answered < 300]

    def verify(self, *secrets: str) -> None:
        """Every signature, with the library that receivers use."""
        for one in self.received:
            for secret in secrets:
                Webhook(secret).verify(one.raw, one.headers)


def half_of_the_time(seed: int = 7) -> Callable[[], int]:
    dice = random.Random(seed)
    return lambda: dice.choice([204, 200, 500, 503])


def handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            receiver.connections += 1

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.before(self.wfile)
            with receiver.lock:
                status = receiver.answer()
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(
                    Received(headers["webhook-id"], orjson.loads(raw), raw, headers, status)
                )
            self.send_response_only(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", "2")
            self.end_headers()
            if status != 204:
                self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            receiver.received.append(Received("GET", {}, b"", {}, 200))
            self.send_response_only(204)
            self.end_headers()

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """Callers hang up on us; that is what some tests are about."""


@contextmanager
def receiving(**options: Any) -> Iterator[Receiver]:
    receiver = Receiver(**options)
    server = Server(("127.0.0.1", 0), handler(receiver))
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def trickling(chunks: Iterator[bytes], pause: float) -> Iterator[Receiver]:
    """A receiver that answers a little at a time, for ever."""
    receiver = Receiver()
    with socket.create_server(("127.0.0.1", 0)) as server:
        receiver.port = server.getsockname()[1]

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                receiver.connections += 1
                with connection:
                    connection.recv(65536)
                    try:
                        for chunk in chunks:
                            connection.sendall(chunk)
                            time.sleep(pause)
                    except OSError:
                        continue  # the caller had enough, which is what we are here to see

        threading.Thread(target=serve, daemon=True).start()
        yield receiver
