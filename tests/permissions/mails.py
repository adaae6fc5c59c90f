"""What the application mailed to somebody, and the tokens of the links in it."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core import mail
from django.db import connections

from core.jobs.models import Queue
from core.jobs.runner import run_next
from core.jobs.sweeps import sweep
from core.mail.models import Mail
from core.tenancy.context import Context
from core.tenancy.transactions import query
from tests.cast import Company


def mails_wait() -> None:
    """What a worker does: look for the accounts, and send what waits."""
    sweep()
    while run_next([Queue.HIGH]):
        pass


@contextmanager
def postman() -> Iterator[None]:
    """A worker beside the test, for what waits for its mails itself."""
    told = threading.Event()

    def run() -> None:
        while not told.wait(0.2):
            mails_wait()
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        told.set()
        thread.join()


def mails_to(email: str) -> list[str]:
    """The texts that were sent to `email`, the oldest first."""
    mails_wait()
    return [str(one.body) for one in getattr(mail, "outbox", []) if one.to == [email.lower()]]


def mails_of(company: Company) -> list[Mail]:
    """What the company has written, the newest first."""

    @query
    def look(ctx: Context) -> list[Mail]:
        return list(Mail.objects.all())

    return look(company.ctx())


def link_in(text: str) -> str:
    [found] = re.findall(r"http\S+", text)
    assert found.startswith(f"{settings.PUBLIC_URL}/")
    return str(found)


def token_to(email: str) -> str:
    """The token of the last link sent to `email`."""
    [token] = parse_qs(urlsplit(link_in(mails_to(email)[-1])).query)["token"]
    return token
