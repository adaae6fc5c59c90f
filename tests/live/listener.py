"""A client of the stream: reads in a thread of its own and keeps what it was told."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from tests.live.server import Server

PATH = "/api/v1/live/"


@dataclass(frozen=True)
class Told:
    event: str
    data: dict[str, Any]
    id: str
    at: float


class Listener:
    """`told` grows as events arrive; `last_id` is what a browser would send next."""

    def __init__(
        self, server: Server, token: str, after: str | None = None, receive_bytes: int = 0
    ) -> None:
        self.told: list[Told] = []
        self.comments: list[str] = []
        self.last_id = after or ""
        self.ended_at: float | None = None
        self._changed = threading.Condition()
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        if receive_bytes:
            self._connection.sock = small_socket(server.port, receive_bytes)
        headers = {"Authorization": f"Bearer {token}"}
        if after is not None:
            headers["Last-Event-ID"] = after
        self._connection.request("GET", PATH, headers=headers)
        self._socket = self._connection.sock
        self.response = self._connection.getresponse()
        self.status = self.response.status
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self) -> "Listener":
        self._thread.start()
        self.wait(lambda: any(one.event == "ready" for one in self.told))
        return self

    def of(self, *events: str) -> list[Told]:
        return [one for one in self.told if one.event in events]

    def messages(self) -> list[str]:
        return [one.data["message_id"] for one in self.of("message.sent")]

    def wait(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, seconds), self.told

    def wait_for(self, event: str, count: int = 1, seconds: float = 10.0) -> list[Told]:
        self.wait(lambda: len(self.of(event)) >= count, seconds)
        return self.of(event)

    def wait_end(self, seconds: float) -> float:
        self.wait(lambda: self.ended_at is not None, seconds)
        assert self.ended_at is not None
        return self.ended_at

    def close(self) -> None:
        """Hang up. A shutdown, since another thread is reading."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._thread.ident is not None:
            self._thread.join(5)
        self._connection.close()

    def _read(self) -> None:
        rest = b""
        try:
            while block := self.response.read1(65536):
                *frames, rest = (rest + block).split(b"\n\n")
                for one in frames:
                    self._frame(one.decode())
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass
        with self._changed:
            self.ended_at = time.monotonic()
            self._changed.notify_all()

    def _frame(self, text: str) -> None:
        event, data = "", ""
        for line in text.split("\n"):
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "data":
                data = value
            elif name == "id":
                self.last_id = value
            elif not name:
                self.comments.append(value)
        if data:
            self._tell(event, data)

    def _tell(self, event: str, data: str) -> None:
        with self._changed:
            self.told.append(Told(event, json.loads(data), self.last_id, time.monotonic()))
            self._changed.notify_all()


@contextmanager
def listening(server: Server, token: str, after: str | None = None) -> Iterator[Listener]:
    listener = Listener(server, token, after).start()
    try:
        yield listener
    finally:
        listener.close()


def small_socket(port: int, receive_bytes: int) -> socket.socket:
    """One that holds little, so that a reader who does not read is noticed."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    made.settimeout(60)
    made.connect(("127.0.0.1", port))
    return made
