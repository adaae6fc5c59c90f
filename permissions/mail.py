"""Mails, sent beside the request that asked for them: an answer waits for no mail server.

What is sent carries a secret, so a failure is logged by its kind only: no address,
no text. Whoever waits for a mail in vain asks for another one.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.filebased import EmailBackend as FileBackend
from django.db import connections, transaction
from django.template.loader import render_to_string

from core.tenancy.router import write_alias

#: Mails that wait in this process. More are dropped: a flood must not fill the memory.
WAITING_MAX = 200

log = structlog.get_logger(__name__)
_senders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="mail")
_waiting: set[Future[None]] = set()
_lock = threading.Lock()


class PrivateFiles(FileBackend):
    """A file for each mail, in a directory that nobody else on the machine can read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        Path(settings.EMAIL_FILE_PATH).mkdir(mode=0o700, parents=True, exist_ok=True)
        super().__init__(*args, **kwargs)


def link(page: str, *, token: str, tenant_slug: str) -> str:
    """The address of one of our pages with a one-time token."""
    return (
        f"{settings.PUBLIC_URL}/admin/{page}/?{urlencode({'tenant': tenant_slug, 'token': token})}"
    )


def mail_send(template: str, *, to: str, subject: str, values: dict[str, Any]) -> None:
    """Send one text mail now; raises what the mail server says."""
    text = render_to_string(f"mail/{template}.txt", values)
    connection = get_connection(timeout=settings.EMAIL_TIMEOUT)
    EmailMessage(subject, text, to=[to], connection=connection).send()


def mail_after_commit(template: str, *, to: str, subject: str, values: dict[str, Any]) -> None:
    """Send it once the open transaction has committed; never, if it does not."""
    work = partial(mail_send, template, to=to, subject=subject, values=values)
    transaction.on_commit(partial(beside, work), using=write_alias(), robust=True)


def beside(work: Callable[[], None]) -> None:
    """Run `work` in the background; what it raises is logged, and harms nobody."""
    with _lock:
        if len(_waiting) >= WAITING_MAX:
            log.error("mail_dropped", waiting=len(_waiting))
            return
        future = _senders.submit(_run, work)
        _waiting.add(future)
    future.add_done_callback(_forget)


def mails_wait(timeout_seconds: float = 15) -> None:
    """Return when everything that was handed over so far is sent. For tests and commands."""
    while True:  # a work may hand over another
        with _lock:
            waiting = {future for future in _waiting if not future.done()}
        if not waiting:
            return
        if wait(waiting, timeout=timeout_seconds).not_done:
            raise TimeoutError


def _run(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001  there is nobody left to tell
        log.error("mail_failed", kind=type(error).__name__)
    finally:
        connections.close_all()  # this thread's, which may not be needed again for days


def _forget(future: "Future[None]") -> None:
    with _lock:
        _waiting.discard(future)
