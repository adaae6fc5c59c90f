"""A wire to Redis that can be cut."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

from tests.live.server import free_port


class Wire:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self.port = free_port()
        credentials = parts.netloc.rpartition("@")[0]
        where = f"{credentials}@127.0.0.1:{self.port}" if credentials else f"127.0.0.1:{self.port}"
        self.url = urlunsplit(parts._replace(netloc=where))
        self._sockets: list[socket.socket] = []
        self._server: socket.socket | None = None
        self.mend()

    def mend(self) -> None:
        self._server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=[self._server], daemon=True).start()

    def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._sockets.clear()

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                here, _ = server.accept()
                there = socket.create_connection(self._target)
                self._sockets += [here, there]
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
