"""A real SMTP server on the loopback, with the moods of real ones."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Event
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Mood:
    """What it answers, and what it was given. `refusals` are used up one by one."""

    refusals: list[str] = field(default_factory=list)
    hangs: bool = False
    dies_after_data: bool = False
    taken: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    released: Event = field(default_factory=Event)

    async def handle_RCPT(  # noqa: N802  the library's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.hangs:
            await asyncio.get_running_loop().run_in_executor(None, self.released.wait, 20)
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken.append(envelope.content)
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        if self.dies_after_data:
            self.dies_after_data = False
            server.transport.abort()
        return "250 Taken"

    @property
    def mails(self) -> list[EmailMessage]:
        found = [message_from_bytes(one, policy=policy.default) for one in self.taken]
        return [one for one in found if isinstance(one, EmailMessage)]


@contextmanager
def mail_server(settings: Any, **mood: Any) -> Iterator[Mood]:
    """The system's mail server for as long as the block lasts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = Mood(**mood)
    controller = Controller(said, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    try:
        yield said
    finally:
        said.released.set()
        controller.stop()
