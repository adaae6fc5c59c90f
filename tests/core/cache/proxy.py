"""A TCP proxy in front of Redis that fails in every way a network does."""

import socket
import struct
import threading
import time
from contextlib import suppress
from enum import Enum
from types import TracebackType

SLOW_SECONDS = 0.3
CHUNK = 65_536


class Mode(Enum):
    PASS = "pass"
    REFUSE = "refuse"
    #: Nothing arrives; what was sent meanwhile arrives once it is over, as TCP does.
    BLACK_HOLE = "black hole"
    SLOW = "slow"
    #: Connections are taken, and torn down.
    RESET = "reset"


FAILURES = [mode for mode in Mode if mode is not Mode.PASS]


class Proxy:
    """`with Proxy(port) as proxy:` and then `proxy.mode = Mode.RESET`."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._mode = Mode.PASS
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._listening: socket.socket | None = None
        self._ended = False
        self.port = 0
        #: Connections taken, and pieces of data that clients sent.
        self.connections = self.pieces = 0

    def __enter__(self) -> "Proxy":
        self._listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended = True
        self._stop_listening()
        self._tear_down()
        with self._changed:
            self._changed.notify_all()

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        with self._changed:
            self._mode = mode
            self._changed.notify_all()
        if mode is Mode.REFUSE:
            self._stop_listening()
        elif self._listening is None:
            self._listen()
        if mode in (Mode.REFUSE, Mode.RESET):
            self._tear_down()

    # --- sockets ----------------------------------------------------------------------

    def _listen(self) -> None:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen(128)
        self.port = listening.getsockname()[1]
        self._listening = listening
        threading.Thread(target=self._accept, args=[listening], daemon=True).start()

    def _stop_listening(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept()
            listening.close()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            self.connections += 1
            if self._mode is Mode.RESET:
                _reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target_port))
            except OSError:
                _reset(client)
                continue
            self._open |= {client, server}
            for source, sink, is_asking in ((client, server, True), (server, client, False)):
                arguments = (source, sink, is_asking)
                threading.Thread(target=self._pump, args=arguments, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_asking: bool) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if is_asking:
                    self.pieces += 1
                    if self._mode is Mode.SLOW:
                        time.sleep(SLOW_SECONDS)
                self._await_passage()
                sink.sendall(data)
            self._await_passage()
        for end in (source, sink):
            self._open.discard(end)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _await_passage(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._mode is not Mode.BLACK_HOLE)

    def _tear_down(self) -> None:
        for end in list(self._open):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
