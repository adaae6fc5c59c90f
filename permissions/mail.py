"""Mails as they leave the system: as text, with a time limit, and the same each time."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.filebased import EmailBackend as FileBackend
from django.template.loader import render_to_string


@dataclass(frozen=True, slots=True)
class Letter:
    """`key` is its effect key: sent twice under one, it is the same mail, byte for byte."""

    key: str
    written_at: datetime
    template: str
    to: str
    subject: str
    values: dict[str, Any]


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


def mail_send(letter: Letter) -> None:
    """Send one text mail now; raises what the mail server says.

    Its Message-ID comes from its key, so that a reader who gets it twice sees one.
    """
    text = render_to_string(f"mail/{letter.template}.txt", letter.values)
    host = urlsplit(settings.PUBLIC_URL).hostname
    headers = {
        "Message-ID": f"<{sha256(letter.key.encode()).hexdigest()[:40]}@{host}>",
        "Date": format_datetime(letter.written_at),
    }
    connection = get_connection(timeout=settings.EMAIL_TIMEOUT)
    EmailMessage(
        letter.subject, text, to=[letter.to], headers=headers, connection=connection
    ).send()
