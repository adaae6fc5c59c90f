"""One mail as bytes, the same each time, and handing it to the mail server."""

import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.filebased import EmailBackend as FileBackend

#: Of headers. Many programs do not know a Message-ID that begins on a line of its own.
LINE_LENGTH_MAX = 250


class Refused(Exception):
    """For good: asked again, the server would say the same. Holds its code only."""


class Deferred(Exception):
    """Not now: the server is away, busy, or wants us to come back later."""


@dataclass(frozen=True, slots=True)
class Attached:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    message_id: str
    written_at: datetime
    sender: str
    reply_to: str
    recipient: str
    subject: str
    text: str
    attached: Attached | None = None


class SameEachTime(EmailMessage):
    """Its parts are divided by what follows from its Message-ID, not by chance."""

    def message(self) -> Any:  # type: ignore[override]
        made: Any = super().message()
        made.policy = made.policy.clone(max_line_length=LINE_LENGTH_MAX)
        if made.is_multipart():
            key = self.extra_headers["Message-ID"].encode()
            made.set_boundary(f"=_{sha256(key).hexdigest()[:40]}")
        return made


class PrivateFiles(FileBackend):
    """A file for each mail, in a directory that nobody else on the machine can read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        Path(settings.EMAIL_FILE_PATH).mkdir(mode=0o700, parents=True, exist_ok=True)
        super().__init__(*args, **kwargs)


def hand_over(mail: Outgoing) -> None:
    """Give it to the mail server. Raises Refused or Deferred.

    Each step waits EMAIL_TIMEOUT seconds at most. What could not be delivered is told to
    the system's own address, which stands on the envelope.
    """
    connection = get_connection(timeout=settings.EMAIL_TIMEOUT)
    try:
        _message(mail, connection).send()
    except smtplib.SMTPRecipientsRefused as error:
        [(code, said)] = list(error.recipients.values())[:1]
        raise _refusal(code, said) from None
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError) as error:
        # About us and not about the mail, whatever the code.
        raise Deferred(f"{type(error).__name__} {error.smtp_code}") from None
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPNotSupportedError as error:
        raise Refused(type(error).__name__) from None
    except (smtplib.SMTPException, OSError) as error:
        raise Deferred(type(error).__name__) from None


def _message(mail: Outgoing, connection: Any) -> EmailMessage:
    headers: Mapping[str, str] = {
        "From": mail.sender,
        "Message-ID": mail.message_id,
        "Date": format_datetime(mail.written_at),
        "Auto-Submitted": "auto-generated",
    }
    message = SameEachTime(
        mail.subject,
        mail.text,
        from_email=parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        to=[mail.recipient],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers=dict(headers),
        connection=connection,
    )
    if mail.attached is not None:
        message.attach(mail.attached.name, mail.attached.content, mail.attached.media_type)
    return message


def _refusal(code: int, said: bytes | str) -> Exception:
    """Source: RFC 5321 section 4.2.1, RFC 3463 section 2."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    enhanced = first if first.replace(".", "").isdigit() and first.count(".") == 2 else ""
    shown = f"{code} {enhanced}".strip()
    return Refused(shown) if 500 <= code < 600 else Deferred(shown)
